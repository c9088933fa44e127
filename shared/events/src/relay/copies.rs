//! Which lanes are this process's: the copies that live and reach the log share them fairly. One look serves all lanes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use delivery::{Backoff, LANES, is_ours};
use platform::{
    causes::{BoxError, causes},
    pace::Wake,
    shutdown::Shutdown,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout, timeout_at},
};
use tracing::{info, warn};

use super::context::Context;
use crate::outbox::rows::{self, Overview};

/// For so many leases a lane is left to the other copies after it could not be published here.
const AWAY_LEASES: u64 = 8;

/// Lanes of this process, as it last saw it.
pub(super) type Ours = BTreeSet<u8>;

/// A lane found that the log does not take what it should publish.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) lane: u8,
    pub(super) is_better_elsewhere: bool,
}

/// What the lanes found, to be read by [`Copies::run`].
pub(super) type Troubles = mpsc::UnboundedReceiver<Trouble>;

/// What this process tells its lanes, and they tell it.
pub(super) struct Copies {
    relay: Arc<Context>,
    ours: watch::Sender<Ours>,
    lanes: BTreeMap<u8, Wake>,
    trouble: mpsc::UnboundedSender<Trouble>,
    joined: bool,
    /// When the others were last told that this process lives.
    told: Instant,
    failures: u32,
}

impl Copies {
    pub(super) fn new(relay: Arc<Context>) -> (Self, Troubles) {
        let lanes = relay.lanes.clone();
        let (trouble, troubles) = mpsc::unbounded_channel();
        let copies = Self {
            relay,
            ours: watch::Sender::new(Ours::new()),
            lanes,
            trouble,
            joined: false,
            told: Instant::now(),
            failures: 0,
        };
        (copies, troubles)
    }

    pub(super) const fn relay(&self) -> &Arc<Context> {
        &self.relay
    }

    pub(super) fn ours(&self) -> watch::Receiver<Ours> {
        self.ours.subscribe()
    }

    pub(super) fn lanes(&self) -> BTreeMap<u8, Wake> {
        self.lanes.clone()
    }

    pub(super) fn trouble(&self) -> mpsc::UnboundedSender<Trouble> {
        self.trouble.clone()
    }

    /// Looks, and wakes lanes, until the shutdown.
    pub(super) async fn run(mut self, mut troubles: Troubles, shutdown: Shutdown) {
        while !shutdown.is_requested() {
            let looked = self.look().await;
            let wait = self.note(looked);
            tokio::select! {
                () = shutdown.requested() => {}
                Some(trouble) = troubles.recv() => self.doubt(&trouble).await,
                () = self.committed(wait) => {}
            }
        }
        self.part().await;
    }

    /// Waits, and meanwhile wakes the lanes at each commit of this process.
    async fn committed(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while Instant::now() < until && timeout_at(until, self.relay.wake.woken()).await.is_ok() {
            self.ours.borrow().iter().filter_map(|lane| self.lanes.get(lane)).for_each(Wake::wake);
        }
    }

    async fn look(&mut self) -> Result<(), BoxError> {
        if !self.joined {
            self.probe().await?;
        }
        let Context { pool, owner, settings, .. } = &*self.relay;
        if !self.joined || self.told.elapsed() >= self.lease() / 3 {
            rows::join(pool, owner, settings.lease_ms).await?;
            self.joined = true;
            self.told = Instant::now();
        }
        self.apply(&rows::overview(pool).await?);
        Ok(())
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(self.relay.settings.lease_ms)
    }

    /// A lane could not publish: if that is not its own fault, all lanes are better off elsewhere, else this one is.
    async fn doubt(&mut self, trouble: &Trouble) {
        // Who has left looks for the log anyway.
        if !self.joined {
            return;
        }
        match self.probe().await {
            Err(error) => {
                self.note(Err(error));
                self.part().await;
            }
            Ok(()) if trouble.is_better_elsewhere => {
                if let Err(error) = self.part_with(trouble.lane).await {
                    self.note(Err(error));
                }
            }
            Ok(()) => {}
        }
    }

    async fn part_with(&self, lane: u8) -> Result<(), BoxError> {
        let Context { name, pool, owner, settings, .. } = &*self.relay;
        let away_ms = settings.lease_ms.saturating_mul(AWAY_LEASES);
        rows::part_with(pool, lane, owner, away_ms).await?;
        warn!(
            relay = name,
            lane,
            away_ms,
            "Kafka is reached, but an outbox lane cannot be published here: left to other copies"
        );
        Ok(())
    }

    /// Whether the log would take anything from here. Copies fence each other under this name, which nobody publishes by.
    async fn probe(&self) -> Result<(), BoxError> {
        let opened = self.relay.log.open_publisher(&format!("{}-probe", self.relay.name)).await?;
        tokio::task::spawn_blocking(move || drop(opened)).await?;
        Ok(())
    }

    fn apply(&self, seen: &Overview) {
        let owner = &self.relay.owner;
        let ours: Ours = (0..LANES).filter(|lane| is_ours(*lane, owner, &seen.living)).collect();
        let changed = self.ours.send_if_modified(|known| {
            let changed = *known != ours;
            known.clone_from(&ours);
            changed
        });
        for (lane, wake) in &self.lanes {
            if changed || (ours.contains(lane) && seen.waiting.contains(lane)) {
                wake.wake();
            }
        }
    }

    /// The others share this process's lanes from now on.
    async fn part(&mut self) {
        self.ours.send_replace(Ours::new());
        self.lanes.values().for_each(Wake::wake);
        let left = timeout(self.lease(), rows::leave(&self.relay.pool, &self.relay.owner)).await;
        if let Ok(Err(error)) = left {
            warn!(
                error = causes(&error),
                "the copies of the relay were not told that one leaves; they see it soon"
            );
        }
        self.joined = false;
    }

    /// How long to wait. The first of failures in a row is logged, the metric counts them all.
    fn note(&mut self, looked: Result<(), BoxError>) -> Duration {
        let settings = &self.relay.settings;
        let relay = &self.relay.name;
        let Err(error) = looked else {
            if std::mem::take(&mut self.failures) > 0 {
                info!(relay, "the relay sees its lanes again");
            }
            return Duration::from_millis(settings.poll_ms);
        };
        metrics::counter!("outbox_failures_total", "relay" => relay.clone()).increment(1);
        if self.failures == 0 {
            warn!(
                relay,
                error = causes(&*error),
                "this copy of the relay cannot publish for now; trying again"
            );
        }
        self.failures = self.failures.saturating_add(1);
        let ms = Duration::from_millis;
        Backoff::new(ms(settings.first_wait_ms), ms(settings.most_wait_ms)).delay(self.failures)
    }
}
