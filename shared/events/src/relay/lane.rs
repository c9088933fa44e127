//! The loop of one lane: does what [`delivery::Lane`] says and tells it what came of it.

use std::{sync::Arc, time::Duration};

use delivery::{Lane, LaneAction, LaneInput};
use platform::{
    causes::causes,
    pace::Wake,
    planted::{self, Point},
    shutdown::Shutdown,
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tracing::{error, info, warn};

use super::{
    context::Context,
    copies::{Copies, Ours, Trouble},
    resolve::{self, Resolved},
};
use crate::{
    event_log::{LanePublisher, PublishError},
    outbox::rows::{self, LOOKED_AT, OutboxRow},
};

pub(super) struct LaneLoop {
    relay: Arc<Context>,
    number: u8,
    start: Instant,
    last_read: Instant,
    woken: Wake,
    ours: watch::Receiver<Ours>,
    trouble: mpsc::UnboundedSender<Trouble>,
    shutdown: Shutdown,
    publisher: Option<Box<dyn LanePublisher>>,
    rows: Vec<OutboxRow>,
    ids: Vec<u64>,
    failing: bool,
    /// For the mistake to read on behind it.
    #[cfg(feature = "planted_faults")]
    last_seen: u64,
}

/// Publishes one lane until the shutdown.
pub(super) async fn run(mut io: LaneLoop) {
    let mut lane = Lane::new(io.relay.settings.limits());
    lane.assign(io.is_ours());
    let mut action = lane.step(LaneInput::Begin, io.now());
    while action != LaneAction::Stop {
        let input = io.perform(action).await;
        if io.shutdown.is_requested() {
            lane.shut_down();
        }
        lane.assign(io.is_ours());
        let failed = matches!(input, LaneInput::Lost | LaneInput::NotPublished);
        action = lane.step(input, io.now());
        if failed && action == LaneAction::Release && lane.cannot_publish() {
            let (lane, is_better_elsewhere) = (io.number, lane.is_better_elsewhere());
            // It is read until the process ends.
            let _ended = io.trouble.send(Trouble { lane, is_better_elsewhere });
        }
    }
}

impl LaneLoop {
    pub(super) fn new(copies: &Copies, number: u8, woken: Wake, shutdown: Shutdown) -> Self {
        Self {
            relay: Arc::clone(copies.relay()),
            number,
            start: Instant::now(),
            last_read: Instant::now(),
            woken,
            ours: copies.ours(),
            trouble: copies.trouble(),
            shutdown,
            publisher: None,
            rows: Vec::new(),
            ids: Vec::new(),
            failing: false,
            #[cfg(feature = "planted_faults")]
            last_seen: 0,
        }
    }

    fn is_ours(&self) -> bool {
        self.ours.borrow().contains(&self.number)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    async fn perform(&mut self, action: LaneAction) -> LaneInput {
        match action {
            LaneAction::TakeLease => self.take_lease().await,
            LaneAction::RenewLease { low_water } => self.renew_lease(low_water).await,
            LaneAction::Fence => self.fence().await,
            LaneAction::Read { from } => self.read(from).await,
            LaneAction::Publish => self.publish().await,
            LaneAction::Mark => self.mark().await,
            LaneAction::Release => self.release().await,
            LaneAction::Wait { until, wakes } => self.wait(until, wakes).await,
            LaneAction::Stop => LaneInput::Waited,
        }
    }

    async fn take_lease(&mut self) -> LaneInput {
        let asked_at = self.now();
        let Context { pool, owner, settings, .. } = &*self.relay;
        match rows::take_lease(pool, self.number, owner, settings.lease_ms).await {
            Ok(Some(low_water)) => LaneInput::Leased { asked_at, low_water },
            Ok(None) => LaneInput::Refused,
            Err(error) => self.failed("the lease of an outbox lane was not taken", &error),
        }
    }

    async fn renew_lease(&mut self, low_water: u64) -> LaneInput {
        let asked_at = self.now();
        let Context { pool, owner, settings, .. } = &*self.relay;
        match rows::renew_lease(pool, self.number, owner, settings.lease_ms, low_water).await {
            Ok(true) => LaneInput::Leased { asked_at, low_water },
            Ok(false) => LaneInput::Refused,
            Err(error) => self.failed("the lease of an outbox lane was not renewed", &error),
        }
    }

    async fn fence(&mut self) -> LaneInput {
        let name = format!("{}-{}", self.relay.name, self.number);
        match self.relay.log.open_publisher(&name).await {
            Ok(publisher) => {
                self.publisher = Some(publisher);
                LaneInput::Fenced
            }
            Err(error) => {
                self.failed("the publisher of an outbox lane was not opened", &error);
                LaneInput::Lost
            }
        }
    }

    async fn read(&mut self, from: u64) -> LaneInput {
        self.last_read = Instant::now();
        #[cfg(feature = "planted_faults")]
        let from = if planted::makes(planted::Fault::RelayByLastId) { self.last_seen + 1 } else { from };
        match rows::read(&self.relay.pool, self.number, from, self.relay.settings.portion()).await {
            Ok(mut rows) => {
                let looked_at = rows.len();
                rows.retain(|row| row.entries.is_some());
                let more = rows.len() < looked_at || looked_at >= LOOKED_AT;
                self.ids = rows.iter().map(|row| row.outbox_id).collect();
                self.rows = rows;
                #[cfg(feature = "planted_faults")]
                if let Some(last) = self.ids.last() {
                    self.last_seen = *last;
                }
                if !self.rows.is_empty() {
                    planted::crash_at(Point::RelayAfterRead);
                }
                LaneInput::Rows { ids: self.ids.clone(), more }
            }
            Err(error) => self.failed("the outbox was not read", &error),
        }
    }

    async fn publish(&mut self) -> LaneInput {
        let resolved = match resolve::resolve(&self.relay, &std::mem::take(&mut self.rows)).await {
            Ok(resolved) => resolved,
            Err(error) => return self.failed("what outbox entries name was not read", &*error),
        };
        if let Err(error) = self.keep_broken(&resolved).await {
            return self.failed("broken outbox entries were not kept", &error);
        }
        let count = resolved.records.len();
        let Some(publisher) = &self.publisher else { return LaneInput::Lost };
        match publisher.publish(resolved.records).await {
            Ok(()) => {
                planted::crash_at(Point::RelayAfterPublish);
                self.count(count);
                self.recovered();
                LaneInput::Published
            }
            Err(error) => self.not_published(&error),
        }
    }

    /// Before anything is marked: what is passed here stands nowhere else.
    async fn keep_broken(&self, resolved: &Resolved) -> Result<(), sqlx::Error> {
        if resolved.broken.is_empty() {
            return Ok(());
        }
        let new = rows::keep_broken(&self.relay.pool, self.number, &resolved.broken).await?;
        metrics::counter!("outbox_broken_total", "relay" => self.relay.name.clone()).increment(new);
        error!(
            relay = self.relay.name,
            lane = self.number,
            entries = resolved.broken.len(),
            "outbox entries cannot be told and are passed; see the table outbox_broken"
        );
        Ok(())
    }

    fn count(&self, records: usize) {
        let relay = &self.relay.name;
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        metrics::counter!("outbox_published_total", "relay" => relay.clone()).increment(records.into());
        metrics::histogram!("outbox_records_per_transaction", "relay" => relay.clone()).record(records);
    }

    async fn mark(&mut self) -> LaneInput {
        match rows::mark(&self.relay.pool, &self.ids).await {
            Ok(()) => {
                planted::crash_at(Point::RelayAfterMark);
                LaneInput::Marked
            }
            Err(error) => self.failed("published outbox rows were not marked", &error),
        }
    }

    async fn release(&mut self) -> LaneInput {
        if let Some(publisher) = self.publisher.take() {
            // Dropping a producer flushes and joins threads.
            let _ = tokio::task::spawn_blocking(move || drop(publisher)).await;
        }
        let released = rows::release_lease(&self.relay.pool, self.number, &self.relay.owner).await;
        if let Err(error) = released {
            self.failed("the lease of an outbox lane was not given back; it will run out", &error);
        }
        LaneInput::Released
    }

    async fn wait(&mut self, until: Duration, wakes: bool) -> LaneInput {
        let deadline = self.start + until;
        let shutdown = self.shutdown.clone();
        tokio::select! {
            () = shutdown.requested() => {}
            () = tokio::time::sleep_until(deadline) => {}
            () = self.woken_up(), if wakes => {}
        }
        LaneInput::Waited
    }

    async fn woken_up(&mut self) {
        self.woken.woken().await;
        let settings = &self.relay.settings;
        let lingered = Instant::now() + Duration::from_millis(settings.linger_ms);
        let paced = self.last_read + Duration::from_millis(settings.pace_ms);
        tokio::time::sleep_until(lingered.max(paced)).await;
    }

    fn not_published(&mut self, error: &PublishError) -> LaneInput {
        self.failed("events were not published", error);
        match error {
            PublishError::Lost(_) => LaneInput::Lost,
            PublishError::Unavailable(_) => LaneInput::NotPublished,
        }
    }

    /// Logs the first of failures in a row; the metric counts them all.
    fn failed(&mut self, what: &'static str, error: &(dyn std::error::Error + 'static)) -> LaneInput {
        metrics::counter!("outbox_failures_total", "relay" => self.relay.name.clone()).increment(1);
        if !self.failing {
            warn!(relay = self.relay.name, lane = self.number, error = causes(error), "{what}; trying again");
        }
        self.failing = true;
        LaneInput::Failed
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.failing) {
            info!(
                relay = self.relay.name,
                lane = self.number,
                "events of the outbox lane are published again"
            );
        }
    }
}
