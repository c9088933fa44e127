//! What a shard is told, and what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{HotelId, RoomId};

use super::effects::Effects;
use crate::{
    plan::Plan,
    snapshot::{Snapshot, Wanted},
    work::{Claim, Outcome, Work},
};

/// Names one work that somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Names one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct No(pub u64);

/// Which works go first, and how many may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Money and rooms that come back: callbacks, ends of holds, cancellations, an operator's decisions.
    Money,
    /// New bookings.
    Book,
    /// What nobody waits for: numbers, completions, leftovers.
    Upkeep,
}

/// What has come to pass.
#[derive(Debug)]
pub enum Input {
    /// A work has come.
    Arrived(Ticket, Class, Box<Work>),
    /// What was to be loaded.
    Loaded(No, Box<Snapshot>),
    /// The database did not answer.
    NotLoaded(No),
    /// Whether the plan was committed.
    Written(No, Result<(), Miss>),
    /// The snapshot under locks on which the works were decided and committed.
    Second(No, Result<Box<Snapshot>, Miss>),
    /// Which of the claims others hold locked.
    Locked(No, BTreeSet<Claim>),
    /// A room has changed beside the shards.
    Forget(RoomId),
    /// A hotel has changed beside the shards, and with it all its rooms.
    ForgetHotel(HotelId),
    /// A connection to the database was opened anew.
    Reconnected,
    /// The time, in milliseconds of a clock that only goes on.
    Tick(u64),
    /// No more works are taken; those that wait are worked on for as long as a work may wait.
    Close,
}

/// Why a batch was not committed, or may not have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Miss {
    /// A guard missed: the world has moved.
    Stale,
    /// The batch before it missed.
    TakenBack,
    /// Somebody holds a row, and did not let go in time.
    LockTimeout,
    /// The database went away before COMMIT, or took none: nothing was written.
    Lost,
    /// The answer to COMMIT was lost.
    Unknown,
}

/// What shall be done.
#[derive(Debug)]
pub enum Output {
    /// Load this, and answer [`Input::Loaded`] or [`Input::NotLoaded`].
    Load(No, Wanted),
    /// Commit this plan, behind that batch if one is named; answer [`Input::Written`].
    Write(No, Arc<Plan>, Option<No>),
    /// Load this under locks, decide the works as a batch and commit it, all in one transaction; answer [`Input::Second`].
    Lock(No, Wanted, Vec<Work>),
    /// Look which of these others hold locked; answer [`Input::Locked`].
    Look(No, BTreeSet<Claim>),
    /// Tell who waits for it.
    Answer(Ticket, Answer),
    /// A batch was committed: tell whom it concerns. Losing this costs promptness, never correctness.
    Done(No, Effects),
}

/// What becomes of a work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was decided, and what it writes is committed.
    Outcome(Outcome),
    /// As many of its class wait as may.
    Overloaded,
    /// As many with its key wait as may.
    InProgress,
    /// The database does not answer, or the shard is closed. It may have been carried out: its key tells.
    Unavailable,
    /// It cannot be decided: a defect.
    Failed,
}

/// How many works the rules have refused, by the refusal's code and by whether everything it rests on was read once more for it.
pub type Refused = BTreeMap<(&'static str, bool), u64>;

/// What a shard has on its hands, for gauges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Works of the class money that wait.
    pub money: usize,
    /// New bookings that wait.
    pub book: usize,
    /// Works of the class upkeep that wait.
    pub upkeep: usize,
    /// Works that a batch has not decided: they wait for the next.
    pub held: usize,
    /// How long the work that has waited longest has waited, in milliseconds.
    pub oldest_ms: u64,
    /// Batches under way.
    pub in_flight: usize,
    /// Rows and keys that others hold locked.
    pub set_aside: usize,
    /// Rooms remembered: the virtual actors that are active.
    pub rooms: usize,
    /// Nights remembered.
    pub nights: usize,
    /// How often so far a batch was cut in halves, since it missed again and again or a lock in its way could not be named; each
    /// try of the last work of those, and its end, is one, too.
    pub bisected: u64,
    /// Works that have come behind another of their key so far: repeats that wait for one answer.
    pub followed: u64,
}
