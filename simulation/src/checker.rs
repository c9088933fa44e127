//! What must be true at every step of a run, seen from outside: by the database's rows, what was asked and what was answered.

mod alone;
mod breach;
mod levels;
mod lives;
mod memory;
mod order;

use std::collections::BTreeMap;

use booking_core::{
    Booking, Plan, RoomNight, Snapshot, Work,
    shard::{Input, Miss, No},
};
use domain::{BookingId, Instant, Money, RoomId, UserId, booking::BookingStatus};

use self::{alone::Alone, levels::Levels, lives::Lives, memory::Reads, order::Order};
use crate::{database::Database, hotels::Hotels, moment::Moment, process::ShardId};

pub(crate) use self::{
    breach::{Breach, Verdict},
    order::Served,
};

/// What is known of a run.
#[derive(Debug)]
pub(crate) struct Checker {
    levels: Levels,
    lives: Lives,
    alone: Alone,
    reads: Reads,
    order: Order,
}

impl Checker {
    pub(crate) fn new(rows: &Snapshot) -> Self {
        Self {
            levels: Levels::new(rows),
            lives: Lives::default(),
            alone: Alone::new(rows),
            reads: Reads::default(),
            order: Order::default(),
        }
    }

    pub(crate) fn asked_to_read(&mut self, id: ShardId, no: No, step: u64) {
        self.reads.asked(id, no, step);
    }

    /// A batch was read, at that step, when the database's clock showed that.
    pub(crate) fn read(
        &mut self,
        id: ShardId,
        no: No,
        at: (u64, Instant),
        rooms: impl IntoIterator<Item = RoomId>,
    ) {
        self.reads.read(id, no, at, rooms.into_iter().collect());
    }

    pub(crate) fn told(&mut self, id: ShardId, input: &Input, step: u64) {
        if let Input::Written(no, Err(Miss::Unknown)) | Input::Second(no, Err(Miss::Unknown)) = input {
            self.order.unanswered((id, *no));
        }
        self.reads.told(id, input, step);
    }

    /// Nothing is decided on what was in memory before a miss.
    pub(crate) fn wants_to_write(&mut self, id: ShardId, no: No, plan: &Plan) -> Verdict {
        self.reads.wants_to_write(id, no, plan)
    }

    /// The database's clock when the batch was read.
    pub(crate) fn read_at(&self, id: ShardId, no: No) -> Option<Instant> {
        self.reads.read_at(id, no)
    }

    /// The step at which a batch was decided for good: its COMMIT, or its read where there was nothing to write.
    pub(crate) fn decided_at(&self, id: ShardId, no: Option<No>, step: u64) -> u64 {
        no.and_then(|no| self.reads.decided_at(id, no)).unwrap_or(step)
    }

    /// A plan was committed: nothing is sold above its quantity, nights add up, and the world is as if the works had been
    /// carried out one by one.
    pub(crate) fn committed(
        &mut self,
        (id, no, step): (ShardId, No, u64),
        plan: &Plan,
        works: &[(Work, Instant)],
        (rows, hotels): (&Snapshot, &Hotels),
    ) -> Verdict {
        let read = self.reads.read_when(id, no).unwrap_or((step, rows.now));
        self.lives.keep_the_limit(read, plan, works)?;
        self.lives.committed((step, rows.now), plan);
        self.reads.committed(id, no, step);
        self.order.committed(step, (id, no), plan);
        self.levels.committed(step, plan, rows)?;
        self.alone.committed(plan, works, (rows, hotels))
    }

    /// A room has changed beside the shards.
    pub(crate) fn changed(&mut self, step: u64, rows: &Snapshot, room: RoomId) {
        self.levels.changed(step, rows, room);
        self.alone.changed(rows, room);
    }

    pub(crate) fn purged(&mut self, database: &Database, id: BookingId) {
        self.alone.purged(database, id);
    }

    /// Whether fewer than that were to be had at some moment between the steps.
    pub(crate) fn was_short(&self, at: RoomNight, wanted: u32, steps: (u64, u64)) -> bool {
        self.levels.was_short(at, wanted, steps)
    }

    /// Whether the room was off sale at some moment between the steps.
    pub(crate) fn was_off_sale(&self, room: RoomId, steps: (u64, u64)) -> bool {
        self.levels.was_off_sale(room, steps)
    }

    /// Whether these units for so many nights cost that at some moment between the steps.
    pub(crate) fn did_cost(
        &self,
        units: &BTreeMap<RoomId, u32>,
        of: (u32, Money),
        steps: (u64, u64),
    ) -> bool {
        self.levels.did_cost(units, of, steps)
    }

    /// Whether the account had so many open holds at some moment from then on until that step.
    pub(crate) fn had_open(&self, user: UserId, holds: u32, from: Moment, until: u64) -> bool {
        self.lives.had_open(user, holds, from, until)
    }

    /// Whether the booking was that at some moment between the steps.
    pub(crate) fn was(&self, id: BookingId, is: &[BookingStatus], steps: (u64, u64)) -> bool {
        self.lives.was(id, is, steps)
    }

    /// The booking as it is in the world of one by one.
    pub(crate) fn booking_alone(&self, id: BookingId) -> Option<Booking> {
        self.alone.booking(id)
    }

    /// Nobody is overtaken within a night of a room and class.
    pub(crate) fn served(&mut self, served: Served) -> Verdict {
        self.order.served(served)
    }
}
