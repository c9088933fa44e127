//! Whether what is answered is true: bookings that are there, money sent back for a reason; refusals are in [`crate::refusals`].

use booking_core::{
    Created, Outcome, Plan, RefundReason, Refusal, Task, Work,
    plan::Move,
    shard::{Answer, No, Ticket},
    step::Step,
};
use domain::{
    BookingId, Instant, RoomId,
    booking::{BookingRecord, StatusReason},
};

use crate::{
    asked::{Attempt, Whose},
    checker::{Breach, Served, Verdict},
    process::ShardId,
    world::World,
};

const EXISTS: &str = "every answered booking exists exactly once";

impl World<'_> {
    /// A plan was committed.
    pub(crate) fn committed(&mut self, id: ShardId, no: No, plan: &Plan) -> Verdict {
        let at = self.checker.read_at(id, no).unwrap_or(self.database.books.rows.now);
        let works = self.works_of(plan, at);
        let rows = &self.database.books.rows;
        self.checker.committed((id, no, self.step), plan, &works, (rows, self.hotels))
    }

    /// The works that the plan carries out, in its order. Its events name them; who only moves money has none.
    fn works_of(&self, plan: &Plan, at: Instant) -> Vec<(Work, Instant)> {
        let told = plan.events.iter().filter_map(|event| {
            let event_of = |attempt: &&Attempt| match &attempt.work.task {
                Task::Book(_, id) => id.first_event_id() == event.event_id,
                Task::Command(order) => {
                    order.ids.event_id.of_version(event.body.booking.version) == event.event_id
                }
            };
            self.attempts.values().find(event_of).map(|attempt| (attempt.work.clone(), event.at))
        });
        let told: Vec<(Work, Instant)> = told.collect();
        let untold = plan.moves.iter().filter(|step| step.after.is_none());
        let untold = untold.filter_map(|step| self.mover(plan, step, at));
        let untold: Vec<(Work, Instant)> = untold.map(|work| (work, at)).collect();
        told.into_iter().chain(untold).collect()
    }

    /// The work under way that, decided at that moment, moves this booking's money so.
    fn mover(&self, plan: &Plan, step: &Move, at: Instant) -> Option<Work> {
        let rules = &self.hotels.rules;
        let booking = self.checker_booking(step.booking_id)?;
        let moves = |work: &&Work| {
            let Task::Command(order) = &work.task else { return false };
            let mut rows = self.database.books.load(&work.wanted());
            rows.now = at;
            order.booking_id == step.booking_id
                && booking_core::decide(&rows, &booking, &order.command, &order.ids, rules).is_ok_and(
                    |(_, alone)| {
                        alone.moves.first() == Some(step)
                            && alone.payments.iter().all(|write| plan.payments.contains(write))
                            && alone.voids_settled.iter().all(|settled| plan.voids_settled.contains(settled))
                    },
                )
        };
        let under_way = self.attempts.values().filter(|attempt| attempt.arrived.is_some());
        under_way.map(|attempt| &attempt.work).find(moves).cloned()
    }

    pub(crate) fn check_answer(&mut self, ticket: Ticket, answer: &Answer, decided: u64) -> Verdict {
        let Some(attempt) = self.attempts.get(&ticket.0) else { return Ok(()) };
        let (Some(arrived), nth) = (attempt.arrived, attempt.asked) else { return Ok(()) };
        let (came, _) = arrived;
        let outcome = match answer {
            Answer::Outcome(outcome) => outcome,
            Answer::Failed => {
                return Breach::of("everything can be decided", || format!("{:?}", attempt.work));
            }
            Answer::Overloaded | Answer::InProgress | Answer::Unavailable => return Ok(()),
        };
        let steps = (came, self.step);
        match outcome {
            Outcome::Created(Created::New(record) | Created::Repeat(record)) => self.exists(nth, record)?,
            Outcome::Refused(refusal) => self.is_refused_rightly(attempt, refusal, arrived)?,
            Outcome::Decided(decided) => self.is_sent_back_rightly(&decided.step, &decided.after, steps)?,
            Outcome::Unreadable(row) => return Breach::of("every row can be read", || format!("{row:?}")),
            Outcome::Created(Created::RepeatArchived(_)) | Outcome::Kept(_) | Outcome::Again(_) => {}
        }
        let shard = self.shard_of(attempt.who, attempt.work.hotel_id);
        let served = served((shard, attempt), outcome, (came, decided));
        let alone = self.attempts.values().filter(|other| other.asked == nth).count() == 1;
        match served.filter(|_| alone) {
            Some(served) => self.checker.served(served),
            None => Ok(()),
        }
    }

    fn exists(&self, nth: usize, record: &BookingRecord) -> Verdict {
        let id = record.booking_id;
        let there =
            self.database.books.rows.bookings.contains_key(&id) || self.database.archive.contains_key(&id);
        if !there {
            return Breach::of(EXISTS, || format!("{id} was told and is not there"));
        }
        let made = self.made_for(nth);
        if made != [id] {
            return Breach::of(EXISTS, || format!("{id} was told, there are {made:?}"));
        }
        Ok(())
    }

    /// The bookings that the tries of this have made.
    fn made_for(&self, nth: usize) -> Vec<BookingId> {
        let tries = self.attempts.values().filter(|attempt| attempt.asked == nth);
        let ids = tries.filter_map(|attempt| match &attempt.work.task {
            Task::Book(_, id) => Some(*id),
            Task::Command(_) => None,
        });
        let there = |id: &BookingId| {
            self.database.books.rows.bookings.contains_key(id) || self.database.archive.contains_key(id)
        };
        ids.filter(there).collect()
    }

    /// Money that came late goes back only if the rooms were not to be had.
    fn is_sent_back_rightly(&self, step: &Step, after: &BookingRecord, steps: (u64, u64)) -> Verdict {
        let Step::Change(change) = step else { return Ok(()) };
        let late = change.refunds.iter().any(|refund| refund.reason == RefundReason::LatePayment);
        let unpaid = ended_unpaid(after);
        let begun = after.dates.begun_on(after.hotel_today(self.now()));
        let purged = self.database.archive.contains_key(&after.booking_id);
        if !late || !unpaid || begun || purged {
            return Ok(());
        }
        if self.was_taken(after, steps) {
            return Ok(());
        }
        Breach::of("no late payment goes back while its rooms are free", || format!("{after:?}"))
    }

    /// Whether one of the booking's rooms was not to be had at some moment between the steps.
    pub(crate) fn was_taken(&self, booking: &BookingRecord, steps: (u64, u64)) -> bool {
        let taken = |room: RoomId, units: u32| {
            booking.dates.nights().any(|date| self.checker.was_short((room, date), units, steps))
                || self.checker.was_off_sale(room, steps)
        };
        booking.facts.lines.iter().any(|line| taken(line.room_id, line.quantity.into()))
    }

    /// At the end: one booking for each request that was told of one, none for one that never got to a process.
    pub(crate) fn every_answer_stands(&self) -> Verdict {
        for (nth, asked) in self.asked.iter().enumerate() {
            let Whose::Guest(guest) = asked.whose else { continue };
            let Task::Book(..) = asked.work.task else { continue };
            let made = self.made_for(nth);
            let known = self.guests.get(&guest).map(|guest| guest.booking);
            if made.len() > 1 || known.is_some_and(|known| made != [known]) {
                return Breach::of(EXISTS, || {
                    format!("guest {guest} knows of {known:?}, there are {made:?}")
                });
            }
        }
        Ok(())
    }

    pub(crate) fn checker_booking(&self, id: BookingId) -> Option<booking_core::Booking> {
        self.checker.booking_alone(id)
    }
}

/// Whether its hold ended without anybody's wish, so that a late payment brings it back.
pub(crate) const fn ended_unpaid(booking: &BookingRecord) -> bool {
    matches!(booking.status_reason, Some(StatusReason::HoldExpired | StatusReason::PaymentFailed))
}

/// A new booking that was made, or refused because too few units were left.
fn served(
    (shard, attempt): (ShardId, &Attempt),
    outcome: &Outcome,
    (came, decided): (u64, u64),
) -> Option<Served> {
    let Task::Book(request, _) = &attempt.work.task else { return None };
    let (made, short) = match outcome {
        Outcome::Created(Created::New(record)) => (Some(record.booking_id), &[][..]),
        Outcome::Refused(Refusal::SoldOut(short)) => (None, &short[..]),
        Outcome::Created(_)
        | Outcome::Decided(_)
        | Outcome::Kept(_)
        | Outcome::Refused(_)
        | Outcome::Again(_)
        | Outcome::Unreadable(_) => return None,
    };
    let dates = request.stay.dates();
    let of_room = |(room, units)| dates.nights().map(move |date| ((room, date), units));
    let units = request.stay.units().into_iter().flat_map(of_room).collect();
    let missing = short
        .iter()
        .map(|night| ((night.room_id, night.date), night.wanted - night.available.min(night.wanted)));
    let missing = missing.collect();
    Some(Served { shard, came, decided, units, missing, made })
}
