use core::time::Duration;
use std::collections::VecDeque;

use crate::Backoff;

/// Bounds and intervals of a lane.
#[derive(Debug, Clone, Copy)]
pub struct LaneLimits {
    /// How long a lease lasts on the database's clock. It is renewed once half of it has passed.
    pub lease: Duration,
    /// At most so many rows are published in one transaction.
    pub batch: usize,
    /// Without a wake-up the outbox is read this often.
    pub poll: Duration,
    /// All of the lane is read this often, because a row may be committed late, with an id below the low-water mark.
    pub full_scan: Duration,
    /// The low-water mark passes an id only this long after it was published: longer than any writing transaction lives.
    pub settle: Duration,
    /// Waits after failures, and before asking again for a lease that another process holds.
    pub backoff: Backoff,
}

/// What the loop has to do next. Each is answered by one [`LaneInput`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneAction {
    /// Take the lease if nobody holds it: `Leased`, `Refused` or `Failed`.
    TakeLease,
    /// Extend the lease if it is still ours, and keep the low-water mark: `Leased`, `Refused` or `Failed`.
    RenewLease {
        /// Every row of the lane with a smaller id is published.
        low_water: u64,
    },
    /// Open the producer and fence all earlier ones of this lane: `Fenced`, `Lost` or `Failed`.
    Fence,
    /// Read unpublished rows by ascending id: `Rows` or `Failed`.
    Read {
        /// The smallest id of interest.
        from: u64,
        /// At most so many rows.
        limit: usize,
    },
    /// Publish the rows read last in one transaction: `Published`, `Lost` or `Failed`.
    Publish,
    /// Mark the rows read last as published: `Marked` or `Failed`.
    Mark,
    /// Drop the producer, then give the lease back if it is still ours: `Released`, whatever came of it.
    Release,
    /// Wait for the time, for a wake-up if `wakes`, or for the shutdown: `Waited`.
    Wait {
        /// Until this time at the latest.
        until: Duration,
        /// Whether a wake-up ends the wait: not while backing off.
        wakes: bool,
    },
    /// The lane has ended.
    Stop,
}

/// What came of the last [`LaneAction`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneInput {
    /// The loop begins.
    Begin,
    /// The lease is ours.
    Leased {
        /// When it was asked for: the lease lasts at least from then on.
        asked_at: Duration,
        /// The low-water mark kept with the lease.
        low_water: u64,
    },
    /// Another process holds the lease.
    Refused,
    /// Earlier producers of this lane can publish no more.
    Fenced,
    /// Ids of the unpublished rows, ascending.
    Rows(Vec<u64>),
    /// The transaction is committed.
    Published,
    /// The producer is fenced or broken: what was sent may or may not be there.
    Lost,
    /// The rows are marked.
    Marked,
    /// It did not work and had no effect that matters; it may work later.
    Failed,
    /// The wait is over.
    Waited,
    /// The producer is dropped and the lease given back.
    Released,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Producer {
    /// None open.
    None,
    /// Open, but the lease has not been confirmed since: another process may have fenced it already.
    Unconfirmed,
    /// Open, and the lease was ours after it had fenced the others.
    Ready,
}

/// One lane of the outbox: leased, one batch in flight, published, marked. Nothing is skipped, a fenced owner publishes nothing.
///
/// The order is what makes it safe: lease, fence, confirm the lease, only then read what is to be published. A frozen process
/// that wakes up either finds itself fenced by the next owner, or fails to confirm its lease.
#[derive(Debug)]
pub struct Lane {
    limits: LaneLimits,
    lease_until: Option<Duration>,
    producer: Producer,
    batch: Vec<u64>,
    published: bool,
    full: bool,
    next_full_scan: Duration,
    low_water: u64,
    settling: VecDeque<(Duration, u64)>,
    failures: u32,
    stopping: bool,
}

impl Lane {
    /// A lane that nobody has leased as far as is known here.
    pub fn new(limits: LaneLimits) -> Self {
        Self {
            limits,
            lease_until: None,
            producer: Producer::None,
            batch: Vec::new(),
            published: false,
            full: true,
            next_full_scan: Duration::ZERO,
            low_water: 0,
            settling: VecDeque::new(),
            failures: 0,
            stopping: false,
        }
    }

    /// From now on the lane only finishes what is in flight, gives back its lease and stops.
    pub const fn shut_down(&mut self) {
        self.stopping = true;
    }

    /// Whether the lane is held, as far as is known here.
    pub const fn is_leased(&self) -> bool {
        self.lease_until.is_some()
    }

    /// Takes what came of the last action and says what to do next.
    pub fn step(&mut self, input: LaneInput, now: Duration) -> LaneAction {
        match input {
            LaneInput::Begin | LaneInput::Waited => self.decide(now),
            LaneInput::Leased { asked_at, low_water } => self.leased(asked_at, low_water, now),
            LaneInput::Refused => self.refused(now),
            LaneInput::Fenced => self.fenced(now),
            LaneInput::Rows(ids) => self.rows(ids, now),
            LaneInput::Published => self.committed(),
            LaneInput::Lost => self.lost(),
            LaneInput::Marked => self.marked(now),
            LaneInput::Failed => self.back_off(now),
            LaneInput::Released => self.released(now),
        }
    }

    fn decide(&mut self, now: Duration) -> LaneAction {
        if self.stopping {
            return if self.is_leased() { LaneAction::Release } else { LaneAction::Stop };
        }
        if self.published {
            return LaneAction::Mark;
        }
        let Some(until) = self.lease_until else { return LaneAction::TakeLease };
        if until <= now {
            return LaneAction::Release;
        }
        if self.producer == Producer::Unconfirmed || now >= self.renew_at(until) {
            return self.renew(now);
        }
        self.read(now)
    }

    fn leased(&mut self, asked_at: Duration, low_water: u64, now: Duration) -> LaneAction {
        if !self.is_leased() {
            self.full = true;
            self.low_water = low_water;
            self.settling.clear();
        }
        self.failures = 0;
        self.lease_until = Some(asked_at.saturating_add(self.limits.lease));
        if self.producer == Producer::Unconfirmed {
            self.producer = Producer::Ready;
        }
        self.decide(now)
    }

    /// Taking: somebody else publishes this lane. Renewing: it is no longer ours, so nothing of ours may be published.
    fn refused(&mut self, now: Duration) -> LaneAction {
        if self.is_leased() {
            return LaneAction::Release;
        }
        LaneAction::Wait { until: now.saturating_add(self.limits.lease / 2), wakes: false }
    }

    fn fenced(&mut self, now: Duration) -> LaneAction {
        self.producer = Producer::Unconfirmed;
        self.batch.clear();
        self.decide(now)
    }

    fn rows(&mut self, ids: Vec<u64>, now: Duration) -> LaneAction {
        self.failures = 0;
        self.note_scan(ids.len(), now);
        if self.stopping {
            return self.decide(now);
        }
        if ids.is_empty() {
            return self.idle(now);
        }
        self.batch = ids;
        match self.producer {
            Producer::None => LaneAction::Fence,
            Producer::Unconfirmed | Producer::Ready => LaneAction::Publish,
        }
    }

    fn note_scan(&mut self, read: usize, now: Duration) {
        if self.full && read < self.limits.batch {
            self.full = false;
            self.next_full_scan = now.saturating_add(self.limits.full_scan);
        }
    }

    fn committed(&mut self) -> LaneAction {
        self.failures = 0;
        self.published = true;
        LaneAction::Mark
    }

    fn lost(&mut self) -> LaneAction {
        self.failures = self.failures.saturating_add(1);
        LaneAction::Release
    }

    fn marked(&mut self, now: Duration) -> LaneAction {
        if let Some(last) = self.batch.last() {
            self.settling.push_back((now, *last));
        }
        let more = self.batch.len() >= self.limits.batch;
        self.failures = 0;
        self.published = false;
        self.batch.clear();
        if more || self.stopping { self.decide(now) } else { self.idle(now) }
    }

    fn released(&mut self, now: Duration) -> LaneAction {
        self.lease_until = None;
        self.producer = Producer::None;
        if !self.published {
            self.batch.clear();
        }
        if self.failures > 0 && !self.stopping {
            return self.wait_after_failure(now);
        }
        self.decide(now)
    }

    fn back_off(&mut self, now: Duration) -> LaneAction {
        self.failures = self.failures.saturating_add(1);
        if !self.published {
            self.batch.clear();
        }
        if self.stopping { self.decide(now) } else { self.wait_after_failure(now) }
    }

    fn wait_after_failure(&self, now: Duration) -> LaneAction {
        let until = now.saturating_add(self.limits.backoff.delay(self.failures));
        LaneAction::Wait { until, wakes: false }
    }

    fn idle(&self, now: Duration) -> LaneAction {
        let poll = now.saturating_add(self.limits.poll);
        let renew = self.lease_until.map_or(poll, |until| self.renew_at(until));
        LaneAction::Wait { until: poll.min(renew), wakes: true }
    }

    fn read(&mut self, now: Duration) -> LaneAction {
        self.full |= now >= self.next_full_scan;
        let from = if self.full { 0 } else { self.low_water };
        LaneAction::Read { from, limit: self.limits.batch }
    }

    fn renew(&mut self, now: Duration) -> LaneAction {
        while let Some((at, id)) = self.settling.front().copied()
            && at.saturating_add(self.limits.settle) <= now
        {
            self.low_water = self.low_water.max(id.saturating_add(1));
            self.settling.pop_front();
        }
        LaneAction::RenewLease { low_water: self.low_water }
    }

    fn renew_at(&self, until: Duration) -> Duration {
        until.saturating_sub(self.limits.lease / 2)
    }
}
