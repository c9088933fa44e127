//! The loop of a consumer: events in, records to the handler, offsets out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, mpsc::SyncSender},
    time::Duration,
};

use delivery::{Flow, Outcome, Partition, RejectBrake};
use platform::{causes::BoxError, shutdown::Shutdown};
use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};
use tracing::{error, info};

use super::{Consumer, attempt};
use crate::event_log::{LogEvent, Record, Subscribe, Subscription};

type Handled = (Arc<Record>, Outcome);

/// So many records in a row that meet damage weigh as one refusal. A damaged room refuses its nights, which are some hundreds;
/// a thousand are a reader that can read nothing stored.
const DAMAGED_PER_REFUSAL: u32 = 50;

struct Loop {
    consumer: Consumer,
    subscription: Subscription,
    partitions: BTreeMap<u32, Partition<Arc<Record>>>,
    /// Partitions whose end has been told and behind which nothing has come.
    at_end: BTreeSet<u32>,
    /// Partitions whose end was reached with nothing left to do.
    drained: BTreeSet<u32>,
    leaving: Vec<(BTreeSet<u32>, SyncSender<()>)>,
    running: JoinSet<Handled>,
    busy: BTreeSet<u32>,
    /// Busy with a record of an earlier assignment: the log did not wait until it came back, and gave the partition to us again.
    strays: BTreeSet<u32>,
    brake: RejectBrake,
    damage_brake: RejectBrake,
    start: Instant,
}

/// Reads until the shutdown, or parks after too many refusals.
pub(super) async fn run(consumer: Consumer, shutdown: Shutdown) -> Result<(), BoxError> {
    let settings = &consumer.settings;
    let subscribe = Subscribe { group: settings.group.clone(), topic: settings.topic.clone() };
    let subscription = consumer.log.subscribe(subscribe).await?;
    info!(group = settings.group, topic = settings.topic, "the consumer reads");
    let brake = RejectBrake::new(settings.rejects_in_a_row);
    let damage_brake = RejectBrake::new(settings.rejects_in_a_row.saturating_mul(DAMAGED_PER_REFUSAL));
    let mut reading = Loop {
        consumer,
        subscription,
        partitions: BTreeMap::new(),
        at_end: BTreeSet::new(),
        drained: BTreeSet::new(),
        leaving: Vec::new(),
        running: JoinSet::new(),
        busy: BTreeSet::new(),
        strays: BTreeSet::new(),
        brake,
        damage_brake,
        start: Instant::now(),
    };
    let result = reading.read(&shutdown).await;
    reading.finish().await;
    if result.is_ok() && reading.is_braked() {
        reading.stopped();
        shutdown.requested().await;
    }
    result
}

/// Returns at that time; never when there is none.
async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl Loop {
    async fn read(&mut self, shutdown: &Shutdown) -> Result<(), BoxError> {
        while !self.is_braked() {
            self.start_ready();
            let due = self.next_due();
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                Some(handled) = self.running.join_next() => self.finished(handled)?,
                event = self.subscription.events.recv() => match event {
                    Some(event) => self.event(event),
                    None => return Err("the subscription broke".into()),
                },
                () = at(due) => {}
            }
        }
        Ok(())
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Whether the reader is broken, not the records.
    const fn is_braked(&self) -> bool {
        self.brake.is_stopped() || self.damage_brake.is_stopped()
    }

    /// When a record that failed may be tried again.
    fn next_due(&self) -> Option<Instant> {
        self.partitions.values().filter_map(Partition::due).min().map(|due| self.start + due)
    }

    fn event(&mut self, event: LogEvent) {
        match event {
            LogEvent::Assigned(partitions) => self.assigned(&partitions),
            LogEvent::Record(record) => self.arrived(record),
            LogEvent::End(partition) => {
                self.at_end.insert(partition);
                self.note_drained(partition);
            }
            LogEvent::Lag(partition, offsets) => self.lag(partition, offsets),
            LogEvent::Revoked(partitions, done) => self.revoked(&partitions, done),
        }
    }

    fn assigned(&mut self, partitions: &[u32]) {
        for number in partitions {
            self.partitions.insert(*number, Partition::new(self.consumer.settings.limits()));
            self.no_longer_leaving(*number);
            if self.busy.contains(number) {
                self.strays.insert(*number);
            }
        }
    }

    fn arrived(&mut self, record: Record) {
        self.at_end.remove(&record.partition);
        let number = record.partition;
        if let Some(partition) = self.partitions.get_mut(&number) {
            partition.arrived(Arc::new(record));
        }
        self.steer(number);
    }

    fn revoked(&mut self, partitions: &[u32], done: SyncSender<()>) {
        let mut unfinished = BTreeSet::new();
        for number in partitions {
            self.at_end.remove(number);
            self.lag(*number, 0);
            if self.busy.contains(number)
                && let Some(partition) = self.partitions.get_mut(number)
            {
                partition.revoke();
                unfinished.insert(*number);
            } else {
                self.partitions.remove(number);
            }
        }
        self.leaving.push((unfinished, done));
        self.let_go();
    }

    /// Answers the revocations whose records have all come back.
    fn let_go(&mut self) {
        for (unfinished, done) in self.leaving.extract_if(.., |(unfinished, _)| unfinished.is_empty()) {
            drop(unfinished);
            // The log may have stopped waiting: then the record comes again, elsewhere.
            let _ = done.try_send(());
        }
    }

    fn start_ready(&mut self) {
        let now = self.now();
        let numbers: Vec<u32> = self.partitions.keys().copied().collect();
        for number in numbers {
            if self.running.len() >= self.consumer.settings.side_by_side.max(1) {
                return;
            }
            self.start_one(number, now);
        }
    }

    fn start_one(&mut self, number: u32, now: Duration) {
        if self.strays.contains(&number) {
            return;
        }
        let Some(partition) = self.partitions.get_mut(&number) else { return };
        let Some(record) = partition.start(now) else { return };
        let failures = partition.failures();
        self.busy.insert(number);
        self.running.spawn(attempt::handle(self.consumer.clone(), record, failures));
    }

    fn finished(&mut self, handled: Result<Handled, JoinError>) -> Result<(), BoxError> {
        // A panic of the handler is caught further down; this would be one of the kit.
        let (record, outcome) = handled?;
        let number = record.partition;
        self.busy.remove(&number);
        self.count(&record, outcome);
        if self.strays.remove(&number) {
            self.leave(number);
            return Ok(());
        }
        if self.is_braked() && matches!(outcome, Outcome::Rejected | Outcome::SetAside) {
            // Not committed: whoever repairs the reader reads it again.
            return Ok(());
        }
        self.advance(number, outcome);
        self.steer(number);
        self.note_drained(number);
        Ok(())
    }

    fn advance(&mut self, number: u32, outcome: Outcome) {
        let now = self.now();
        let Some(partition) = self.partitions.get_mut(&number) else { return };
        if let Some(record) = partition.finished(outcome, now) {
            self.subscription.control.handled(&record);
        }
        self.leave(number);
    }

    /// A revoked partition whose record has come back is gone.
    fn leave(&mut self, number: u32) {
        if self.leaving.iter().any(|(unfinished, _)| unfinished.contains(&number)) {
            self.partitions.remove(&number);
            self.no_longer_leaving(number);
        }
    }

    fn no_longer_leaving(&mut self, number: u32) {
        for (unfinished, _) in &mut self.leaving {
            unfinished.remove(&number);
        }
        self.let_go();
    }

    fn count(&mut self, record: &Record, outcome: Outcome) {
        let name = match outcome {
            Outcome::Done => {
                self.brake.handled();
                self.damage_brake.handled();
                "done"
            }
            Outcome::Retry => "retry",
            Outcome::Rejected => {
                self.brake.rejected();
                "rejected"
            }
            Outcome::SetAside => {
                self.damage_brake.rejected();
                "set_aside"
            }
        };
        let labels = [
            ("group", self.consumer.settings.group.clone()),
            ("topic", record.topic.clone()),
            ("outcome", name.to_owned()),
        ];
        metrics::counter!("consumer_records_total", &labels).increment(1);
    }

    fn steer(&mut self, number: u32) {
        match self.partitions.get_mut(&number).and_then(Partition::flow) {
            Some(Flow::Pause) => self.subscription.control.pause(number),
            Some(Flow::Resume) => self.subscription.control.resume(number),
            None => {}
        }
    }

    fn note_drained(&mut self, number: u32) {
        let quiet = self.partitions.get(&number).is_some_and(Partition::is_quiet);
        if quiet && self.at_end.contains(&number) {
            self.drained.insert(number);
            self.lag(number, 0);
        }
        let all = (0..self.subscription.partitions).all(|partition| self.drained.contains(&partition));
        if all {
            self.consumer.state.set_caught_up(true);
        }
    }

    /// At the end of a partition nothing is missing, although transaction markers lie behind the last record.
    fn lag(&self, number: u32, offsets: u64) {
        let quiet = self.partitions.get(&number).is_some_and(Partition::is_quiet);
        let offsets = if quiet && self.at_end.contains(&number) { 0 } else { offsets };
        let labels = [
            ("group", self.consumer.settings.group.clone()),
            ("topic", self.consumer.settings.topic.clone()),
            ("partition", number.to_string()),
        ];
        let offsets = u32::try_from(offsets).unwrap_or(u32::MAX);
        metrics::gauge!("consumer_lag_offsets", &labels).set(f64::from(offsets));
    }

    /// Lets what is being handled finish, then commits and leaves. Handlers are bounded by their own timeout.
    async fn finish(&mut self) {
        while let Some(handled) = self.running.join_next().await {
            if self.finished(handled).is_err() {
                break;
            }
        }
        self.subscription.control.close();
        while let Some(event) = self.subscription.events.recv().await {
            if let LogEvent::Revoked(_, done) = event {
                let _ = done.try_send(());
            }
        }
    }

    fn stopped(&self) {
        let settings = &self.consumer.settings;
        let (group, topic, limit) = (&settings.group, &settings.topic, settings.rejects_in_a_row);
        error!(group, topic, limit, "the consumer stopped: too many records in a row were refused");
        metrics::gauge!("consumer_stopped", "group" => group.clone(), "topic" => topic.clone()).set(1.0);
        self.consumer.state.set_stale();
    }
}
