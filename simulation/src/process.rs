//! A process of booking-service: its shards, its ends of holds, its relays, its consumers. All of it is gone when it dies.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use booking_core::{
    Claim, Digest, HoldEnds, Plan, Shard, Snapshot, Wanted, Work,
    hold_ends::HoldBounds,
    shard::{Bounds, No},
};
use delivery::{Backoff, Lane, LaneAction, LaneInput, LaneLimits, Partition, PartitionLimits};
use domain::EventId;

use crate::{database::Told, hotels::Hotels, leases::Held, log::Entry};

/// Names one life of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Who {
    pub(crate) number: usize,
    pub(crate) life: u64,
}

impl Who {
    /// What it is called where leases are kept.
    pub(crate) fn owner(self) -> u64 {
        u64::try_from(self.number).unwrap_or(0) + 2 * self.life
    }
}

/// Names one shard of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ShardId {
    pub(crate) who: Who,
    pub(crate) nth: usize,
}

/// A shard, and what its loop knows.
#[derive(Debug)]
pub(crate) struct ShardLoop {
    pub(crate) machine: Shard,
    /// Whether a tick is on its way.
    pub(crate) ticking: bool,
    /// Whether batches that others wait for were committed.
    pub(crate) committed: BTreeMap<No, bool>,
}

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) who: Who,
    pub(crate) alive: bool,
    pub(crate) frozen_until: u64,
    pub(crate) shards: Vec<ShardLoop>,
    /// The shares of hotels whose holds it ends.
    pub(crate) held: Held,
    pub(crate) holds: HoldEnds,
    /// When the next tick of the ends of holds comes.
    pub(crate) holds_at: Option<u64>,
    /// By lane.
    pub(crate) relays: BTreeMap<u8, Relay>,
    pub(crate) readers: BTreeMap<usize, Reader>,
    /// The keys that it has used, the events that it has handled: where a mistake keeps them in memory.
    pub(crate) keys: BTreeSet<Digest>,
    pub(crate) handled: BTreeSet<EventId>,
}

/// The relay of a lane.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) lane: Lane,
    pub(crate) action: LaneAction,
    /// Counts its steps: an event of an earlier one is void.
    pub(crate) turn: u64,
    pub(crate) epoch: Option<u64>,
    pub(crate) batch: Vec<u64>,
    /// What was read for the batch, and is not yet in the log.
    pub(crate) resolved: Option<Vec<Entry>>,
    pub(crate) last_seen: u64,
}

/// What it reads of a partition.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) partition: Partition<Record>,
    /// The offset to fetch next.
    pub(crate) next: usize,
}

/// A record at its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: usize,
    pub(crate) told: Told,
}

/// A call of its shard at the database, as far as it is.
#[derive(Debug)]
pub(crate) enum Call {
    Read(No, Wanted),
    /// The first part was read; the second is to come.
    ReadOn(No, Wanted, Box<Snapshot>),
    Write(No, Arc<Plan>, Option<No>),
    /// Written as that row of the outbox, since then; its nights and COMMIT come behind that batch.
    Commit(No, Arc<Plan>, Option<No>, (u64, u64)),
    Lock(No, Wanted, Vec<Work>),
    Look(No, BTreeSet<Claim>),
}

impl Process {
    /// With so many shards.
    pub(crate) fn new(who: Who, (hotels, shards): (&Hotels, u8), now: Duration) -> Self {
        Self {
            who,
            alive: true,
            frozen_until: 0,
            shards: (0..shards).map(|_| ShardLoop::new()).collect(),
            held: Held::default(),
            holds: HoldEnds::new(
                hotels.rules.hold.clone(),
                HoldBounds { slots: 3, page: 4, ..HoldBounds::default() },
            ),
            holds_at: None,
            relays: hotels.lanes().into_iter().map(|lane| (lane, Relay::new(now))).collect(),
            readers: BTreeMap::new(),
            keys: BTreeSet::new(),
            handled: BTreeSet::new(),
        }
    }
}

impl ShardLoop {
    fn new() -> Self {
        Self { machine: Shard::new(bounds()), ticking: false, committed: BTreeMap::new() }
    }
}

impl Relay {
    fn new(now: Duration) -> Self {
        let mut lane = Lane::new(limits());
        let action = lane.step(LaneInput::Begin, now);
        let (epoch, batch, resolved) = (None, Vec::new(), None);
        Self { lane, action, turn: 0, epoch, batch, resolved, last_seen: 0 }
    }
}

impl Reader {
    pub(crate) fn from(next: usize) -> Self {
        let backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(400));
        let limits = PartitionLimits { pause_at: 100, resume_at: 50, batch: 3, backoff };
        Self { partition: Partition::new(limits), next }
    }
}

/// Small, so that a few works make full batches and two of them in flight.
fn bounds() -> Bounds {
    Bounds {
        works: 6,
        money_first: 3,
        upkeep: 2,
        second_from: 2,
        scarce: 2,
        age_ms: 5_000,
        followers: 3,
        hotel_ms: 2_000,
        cold_ms: 2_500,
        ..Bounds::default()
    }
}

fn limits() -> LaneLimits {
    let ms = Duration::from_millis;
    LaneLimits {
        lease: ms(2_000),
        poll: ms(1_000),
        ask: ms(1_000),
        full_scan: ms(3_000),
        // Longer than a transaction lives.
        settle: ms(6_000),
        backoff: Backoff::new(ms(50), ms(400)),
    }
}
