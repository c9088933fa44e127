use core::time::Duration;
use std::collections::VecDeque;

use crate::backoff::Backoff;

/// Bounds and intervals of a lane.
#[derive(Debug, Clone, Copy)]
pub struct LaneLimits {
    /// How long a lease lasts on the database's clock. It is renewed once half of it has passed.
    pub lease: Duration,
    /// Without a wake-up the outbox is read this often.
    pub poll: Duration,
    /// A lease that another process holds is asked for this often. Who could not publish stays away for longer.
    pub ask: Duration,
    /// All of the lane is read this often, because a row may be committed late, with an id below the low-water mark.
    pub full_scan: Duration,
    /// The low-water mark passes an id only this long after it was published: longer than any writing transaction lives.
    pub settle: Duration,
    /// Waits after failures.
    pub backoff: Backoff,
}

/// What the loop has to do next. Each is answered by one [`LaneInput`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneAction {
    /// Take the lease if nobody holds it: `Leased`, `Refused` or `Failed`.
    TakeLease,
    /// Extend the lease if nobody else has taken it, and keep the low-water mark: `Leased`, `Refused` or `Failed`.
    RenewLease {
        /// Every row of the lane with a smaller id is published.
        low_water: u64,
    },
    /// Open the producer and fence all earlier ones of this lane: `Fenced` or `Lost`. Until then the lease does not count as kept.
    Fence,
    /// Read unpublished rows by ascending id: `Rows` or `Failed`.
    Read {
        /// The smallest id of interest.
        from: u64,
    },
    /// Publish the rows read last in one transaction: `Published`, `NotPublished`, `Lost`, or `Failed` when it did not come so far.
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
    /// The first unpublished rows, as many as fit one transaction.
    Rows {
        /// Their ids, ascending.
        ids: Vec<u64>,
        /// Whether others wait behind them.
        more: bool,
    },
    /// The transaction is committed.
    Published,
    /// The log took nothing; the producer may try again.
    NotPublished,
    /// The producer is fenced, broken or never opened: what was sent may or may not be there.
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

/// So many publications in a row that the log did not take, and the lane is given up.
const MOST_UNPUBLISHED: u32 = 2;
/// Given up so often in a row, and the lane is better off with another process.
const MOST_GIVEN_UP: u32 = 2;

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
/// that wakes up either finds itself fenced by the next owner, or fails to confirm its lease. Who cannot publish gives the lane
/// up, also when there is nothing to publish: a lease is worth something only to who reaches the log.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing the lane remembers, named where it is kept"
)]
pub struct Lane {
    limits: LaneLimits,
    lease_until: Option<Duration>,
    producer: Producer,
    batch: Vec<u64>,
    /// Whether rows wait behind the batch.
    more: bool,
    published: bool,
    full: bool,
    next_full_scan: Duration,
    low_water: u64,
    settling: VecDeque<(Duration, u64)>,
    /// Failures of the database in a row.
    failures: u32,
    /// Failures of the log in a row: only a publication ends them, whatever the database says in between.
    unpublished: u32,
    /// How often in a row the lane was given up because of that.
    given_up: u32,
    ours: bool,
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
            more: false,
            published: false,
            full: true,
            next_full_scan: Duration::ZERO,
            low_water: 0,
            settling: VecDeque::new(),
            failures: 0,
            unpublished: 0,
            given_up: 0,
            ours: true,
            stopping: false,
        }
    }

    /// From now on the lane only finishes what is in flight, gives back its lease and stops.
    pub const fn shut_down(&mut self) {
        self.stopping = true;
    }

    /// Whether the lane is this process's to publish, as the processes share them. One that is not is given up after what is in
    /// flight.
    pub const fn assign(&mut self, ours: bool) {
        self.ours = ours;
    }

    /// Whether it was given up, or will be, because the log does not take what it should publish.
    pub const fn cannot_publish(&self) -> bool {
        self.unpublished >= MOST_UNPUBLISHED
    }

    /// Whether others should have the lane for a while: it was taken again, and could not be published again.
    pub const fn is_better_elsewhere(&self) -> bool {
        self.given_up >= MOST_GIVEN_UP
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
            LaneInput::Rows { ids, more } => self.rows(ids, more, now),
            LaneInput::Published => self.committed(),
            LaneInput::NotPublished => self.not_published(now),
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
        let Some(until) = self.lease_until else {
            return if self.ours { LaneAction::TakeLease } else { self.rest(now) };
        };
        match self.producer {
            _ if !self.ours => LaneAction::Release,
            Producer::None if until <= now => LaneAction::Release,
            Producer::None => LaneAction::Fence,
            Producer::Ready if now < self.renew_at(until) => self.read(now),
            Producer::Unconfirmed | Producer::Ready => self.renew(now),
        }
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
        LaneAction::Wait { until: now.saturating_add(self.limits.ask), wakes: false }
    }

    fn fenced(&mut self, now: Duration) -> LaneAction {
        self.producer = Producer::Unconfirmed;
        self.batch.clear();
        self.decide(now)
    }

    fn rows(&mut self, ids: Vec<u64>, more: bool, now: Duration) -> LaneAction {
        self.more = more;
        self.note_scan(now);
        if self.stopping {
            return self.decide(now);
        }
        // Rows that were read are no success yet: what they refer to may not be readable.
        if ids.is_empty() {
            self.failures = 0;
            return self.idle(now);
        }
        self.batch = ids;
        LaneAction::Publish
    }

    fn note_scan(&mut self, now: Duration) {
        if self.full && !self.more {
            self.full = false;
            self.next_full_scan = now.saturating_add(self.limits.full_scan);
        }
    }

    fn committed(&mut self) -> LaneAction {
        self.unpublished = 0;
        self.given_up = 0;
        self.published = true;
        LaneAction::Mark
    }

    fn not_published(&mut self, now: Duration) -> LaneAction {
        self.unpublished = self.unpublished.saturating_add(1);
        self.batch.clear();
        if self.stopping {
            return self.decide(now);
        }
        if self.cannot_publish() { self.give_up() } else { self.wait_after_failure(now) }
    }

    fn lost(&mut self) -> LaneAction {
        self.unpublished = self.unpublished.saturating_add(1).max(MOST_UNPUBLISHED);
        self.give_up()
    }

    const fn give_up(&mut self) -> LaneAction {
        self.given_up = self.given_up.saturating_add(1);
        LaneAction::Release
    }

    fn marked(&mut self, now: Duration) -> LaneAction {
        if let Some(last) = self.batch.last() {
            self.settling.push_back((now, *last));
        }
        self.failures = 0;
        self.published = false;
        self.batch.clear();
        if self.more || self.stopping || !self.ours { self.decide(now) } else { self.idle(now) }
    }

    fn released(&mut self, now: Duration) -> LaneAction {
        self.lease_until = None;
        self.producer = Producer::None;
        if !self.published {
            self.batch.clear();
        }
        if self.cannot_publish() && !self.stopping {
            return self.stay_away(now);
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
        let until = now.saturating_add(self.limits.backoff.delay(self.failures.max(self.unpublished)));
        LaneAction::Wait { until, wakes: false }
    }

    /// So long that whoever asks for the lease meanwhile gets it.
    fn stay_away(&self, now: Duration) -> LaneAction {
        let others_ask = self.limits.ask.saturating_mul(2);
        let until = now.saturating_add(self.limits.backoff.delay(self.unpublished).max(others_ask));
        LaneAction::Wait { until, wakes: false }
    }

    /// Until it becomes ours: whoever assigns it wakes it.
    fn rest(&self, now: Duration) -> LaneAction {
        LaneAction::Wait { until: now.saturating_add(self.limits.lease), wakes: true }
    }

    fn idle(&self, now: Duration) -> LaneAction {
        let poll = now.saturating_add(self.limits.poll);
        let renew = self.lease_until.map_or(poll, |until| self.renew_at(until));
        LaneAction::Wait { until: poll.min(renew), wakes: true }
    }

    fn read(&mut self, now: Duration) -> LaneAction {
        self.full |= now >= self.next_full_scan;
        let from = if self.full { 0 } else { self.low_water };
        LaneAction::Read { from }
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
