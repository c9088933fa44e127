//! The loop of a consumer: events in, batches to the handler, offsets out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, mpsc::SyncSender},
    time::Duration,
};

use delivery::{Flow, Partition};
use platform::{causes::BoxError, shutdown::Shutdown};
use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};
use tracing::{error, info};

use super::{
    Consumer,
    attempt::{Attempt, Handled},
    brakes::Brakes,
};
use crate::event_log::{LogEvent, Record, Subscribe, Subscription};

/// Events taken from the subscription at once at most: what has come together is handled together.
const EVENTS: usize = 256;
/// While a partition is full nothing is read, but if nothing was handled for so long, it stands still, and is paused, so that the
/// others go on. Pausing throws away what was fetched ahead, which comes over the wire again (decision 0025): whoever only has much to do
/// would read most of it several times.
const STANDS_STILL: Duration = Duration::from_secs(1);

struct Loop {
    consumer: Consumer,
    subscription: Subscription,
    partitions: BTreeMap<u32, Partition<Record>>,
    /// Partitions whose end has been told and behind which nothing has come.
    at_end: BTreeSet<u32>,
    /// Partitions whose end was reached with nothing left to do.
    drained: BTreeSet<u32>,
    leaving: Vec<(BTreeSet<u32>, SyncSender<()>)>,
    running: JoinSet<Handled>,
    busy: BTreeSet<u32>,
    /// Busy with a batch of an earlier assignment: the log did not wait until it came back, and gave the partition to us again.
    strays: BTreeSet<u32>,
    brakes: Arc<Brakes>,
    /// Since when some partition is full and nothing has been handled.
    full_since: Option<Instant>,
    start: Instant,
}

/// Reads until the shutdown, or parks after too many refusals.
pub(super) async fn run(consumer: Consumer, shutdown: Shutdown) -> Result<(), BoxError> {
    let settings = &consumer.settings;
    let subscribe = Subscribe { group: settings.group.clone(), topic: settings.topic.clone() };
    let subscription = consumer.log.subscribe(subscribe).await?;
    info!(group = settings.group, topic = settings.topic, "the consumer reads");
    let brakes = Arc::new(Brakes::new(settings.rejects_in_a_row));
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
        brakes,
        full_since: None,
        start: Instant::now(),
    };
    let result = reading.read(&shutdown).await;
    reading.finish().await;
    if result.is_ok() && reading.brakes.are_on() {
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
        let mut events = Vec::with_capacity(EVENTS);
        while !self.brakes.are_on() {
            self.start_ready();
            let room = self.room_at();
            let due = self.next_due().into_iter().chain(room).min();
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                Some(handled) = self.running.join_next() => self.finished(handled)?,
                came = self.subscription.events.recv_many(&mut events, EVENTS), if room.is_none() => {
                    if came == 0 {
                        return Err("the subscription broke".into());
                    }
                    events.drain(..).for_each(|event| self.event(event));
                }
                () = at(due) => {}
            }
        }
        Ok(())
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// When records that failed may be tried again. While no more may be handled side by side, that is when one comes back.
    fn next_due(&self) -> Option<Instant> {
        if self.running.len() >= self.consumer.settings.side_by_side.max(1) {
            return None;
        }
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
            partition.arrived(record);
        }
    }

    /// When there is room again at the latest, if a partition is full. One that stands still is paused, and then in nobody's way.
    fn room_at(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let until = *self.full_since.get_or_insert(now) + STANDS_STILL;
        let full = self.partitions.iter().filter(|(_, partition)| partition.is_full());
        let full: Vec<(u32, bool)> =
            full.map(|(number, partition)| (*number, until <= now || partition.failures() > 0)).collect();
        for (number, _) in full.iter().filter(|(_, stands_still)| *stands_still) {
            self.steer(*number);
        }
        let waits = full.iter().any(|(_, stands_still)| !stands_still);
        self.full_since = self.full_since.filter(|_| waits);
        waits.then_some(until)
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

    /// Answers the revocations whose batches have all come back.
    fn let_go(&mut self) {
        for (unfinished, done) in self.leaving.extract_if(.., |(unfinished, _)| unfinished.is_empty()) {
            drop(unfinished);
            // The log may have stopped waiting: then the records come again, elsewhere.
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
        let Some(records) = partition.start(now) else { return };
        let failures = partition.failures();
        let (consumer, brakes) = (self.consumer.clone(), Arc::clone(&self.brakes));
        self.busy.insert(number);
        self.running.spawn(Attempt { consumer, brakes, partition: number, records, failures }.run());
    }

    fn finished(&mut self, handled: Result<Handled, JoinError>) -> Result<(), BoxError> {
        // A panic of the handler is caught further down; this would be one of the kit.
        let handled = handled?;
        let number = handled.partition;
        self.busy.remove(&number);
        if self.strays.remove(&number) {
            self.leave(number);
            return Ok(());
        }
        self.advance(handled);
        let is_full = self.partitions.get(&number).is_some_and(Partition::is_full);
        if !is_full {
            self.steer(number);
        }
        self.note_drained(number);
        Ok(())
    }

    fn advance(&mut self, handled: Handled) {
        let now = self.now();
        let Some(partition) = self.partitions.get_mut(&handled.partition) else { return };
        if let Some(last) = partition.finished(handled.records, &handled.outcomes, now) {
            self.subscription.control.handled(&last);
            self.full_since = None;
        }
        self.leave(handled.partition);
    }

    /// A revoked partition whose batch has come back is gone.
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
        let [group, topic] = self.consumer.labels();
        let labels = [group, topic, ("partition", number.to_string())];
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
        metrics::gauge!("consumer_stopped", &self.consumer.labels()).set(1.0);
        self.consumer.state.set_stale();
    }
}
