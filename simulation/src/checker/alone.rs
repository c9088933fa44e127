//! The same works one by one, each decided alone by the two decisions of the core: the world must be the same.

use std::collections::BTreeMap;

use booking_core::{
    Booking, Payment, Plan, Refusal, Request, Snapshot, Task, Work, books::Books, create, decide,
};
use domain::{BookingId, Instant, RoomId, booking::PaymentStatus};

use super::breach::{Breach, Verdict};
use crate::{database::Database, hotels::Hotels};

/// The world of the same works, one by one.
#[derive(Debug)]
pub(super) struct Alone {
    books: Books,
    archived: BTreeMap<BookingId, std::sync::Arc<domain::booking::BookingRecord>>,
}

const PROMISE: &str = "a batch makes the same world as its works one by one";

fn done(work: &Work, written: Result<(), Option<Refusal>>) -> Verdict {
    written.or_else(|why| Breach::of(PROMISE, || format!("alone it comes to {why:?}: {work:?}")))
}

impl Alone {
    pub(super) fn new(rows: &Snapshot) -> Self {
        Self { books: Books { rows: rows.clone() }, archived: BTreeMap::new() }
    }

    /// These works were committed in one plan, each decided at that moment.
    ///
    /// Who is short of rooms comes after who gives some back: a batch that decides on what it remembers may sell what another
    /// work of it gives back, in whatever order the two came. Both were under way, so there is such an order.
    pub(super) fn committed(
        &mut self,
        plan: &Plan,
        works: &[(Work, Instant)],
        (rows, hotels): (&Snapshot, &Hotels),
    ) -> Verdict {
        let mut short = Vec::new();
        for (work, at) in works {
            match self.carries_out(work, plan, (*at, hotels)) {
                Err(Some(Refusal::SoldOut(_))) => short.push((work, *at)),
                written => done(work, written)?,
            }
        }
        for (work, at) in short {
            done(work, self.carries_out(work, plan, (at, hotels)))?;
        }
        self.compare(plan, rows)
    }

    /// The refusal, or none where it is decided and cannot be written.
    fn carries_out(
        &mut self,
        work: &Work,
        written: &Plan,
        (at, hotels): (Instant, &Hotels),
    ) -> Result<(), Option<Refusal>> {
        self.books.rows.now = at;
        let plan = self.decided(work, written, hotels).map_err(Some)?;
        self.books.commit(&plan).map_err(|_| None)
    }

    /// The booking, active or purged.
    pub(super) fn booking(&self, id: BookingId) -> Option<Booking> {
        let revived = || self.archived.get(&id).and_then(|record| self.books.rows.revive(record));
        self.books.rows.bookings.get(&id).cloned().or_else(revived)
    }

    fn decided(&self, work: &Work, written: &Plan, hotels: &Hotels) -> Result<Plan, Refusal> {
        let mut read = self.books.load(&work.wanted());
        match &work.task {
            Task::Book(request, id) => {
                // Nothing guards the limit of open holds between shards; what a shard reads is another check's to see.
                let any = Request { holds_limit: u32::MAX, ..request.as_ref().clone() };
                create(&read, &any, *id, &hotels.rules).map(|(_, plan)| plan)
            }
            Task::Command(order) => {
                let revived = self.archived.get(&order.booking_id).and_then(|record| read.revive(record));
                let booking = match revived {
                    Some(booking) => booking,
                    None => read.booking(order.booking_id)?.clone(),
                };
                let on = |read: &Snapshot| decide(read, &booking, &order.command, &order.ids, &hotels.rules);
                let (_, alone) = on(&read)?;
                let takes = alone.nights.values().any(|delta| delta.taken > 0);
                if !takes || alone.moves.iter().all(|step| written.moves.contains(step)) {
                    return Ok(alone);
                }
                // Its rooms were not free when they were read, which is another check's to see, and somebody has given back since.
                read.nights.values_mut().flatten().for_each(|night| night.available = 0);
                on(&read).map(|(_, plan)| plan)
            }
        }
    }

    /// A void may be owed in vain. A capture that waits for review is no transition, so a hold that was read before it ends as
    /// if there were none; the provider then answers the void with that capture.
    fn owes_in_vain(&mut self, id: BookingId, rows: &Snapshot) {
        let (Some(written), Some(alone)) = (rows.bookings.get(&id), self.books.rows.bookings.get_mut(&id))
        else {
            return;
        };
        let in_review = |payment: &Payment| payment.status == PaymentStatus::InReview;
        if alone.voids.is_empty() && alone.payments.iter().any(in_review) {
            alone.voids.clone_from(&written.voids);
        }
    }

    fn compare(&mut self, plan: &Plan, rows: &Snapshot) -> Verdict {
        plan.moves.iter().for_each(|step| self.owes_in_vain(step.booking_id, rows));
        let alone = &self.books.rows;
        let moved = plan.moves.iter().map(|step| step.booking_id);
        for id in moved.chain(plan.bookings.iter().map(|new| new.record.booking_id)) {
            let (one, other) = (rows.bookings.get(&id), alone.bookings.get(&id));
            if one != other || rows.purged.get(&id) != alone.purged.get(&id) {
                return Breach::of(PROMISE, || format!("{one:?}\nalone {other:?}"));
            }
        }
        for at in plan.nights.keys() {
            let (one, other) = (rows.night(at.0, at.1), alone.night(at.0, at.1));
            if one != other {
                return Breach::of(PROMISE, || format!("{at:?}: {one:?}, alone {other:?}"));
            }
        }
        for series in plan.numbered.iter().map(|step| step.series) {
            let (one, other) = (rows.series.get(&series), alone.series.get(&series));
            if one != other {
                return Breach::of(PROMISE, || format!("{series:?}: {one:?}, alone {other:?}"));
            }
        }
        Ok(())
    }

    pub(super) fn changed(&mut self, rows: &Snapshot, room: RoomId) {
        self.books.rows.rooms.extend(rows.rooms.get(&room).map(|stock| (room, stock.clone())));
        let nights = rows.nights.iter().filter(|((of, _), _)| *of == room);
        self.books.rows.nights.extend(nights.map(|(at, night)| (*at, *night)));
    }

    pub(super) fn purged(&mut self, database: &Database, id: BookingId) {
        drop(self.books.purge(id));
        self.archived.extend(database.archive.get(&id).map(|record| (id, record.clone())));
    }
}
