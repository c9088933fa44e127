//! What runs on its own: voids and refunds that are owed, papers without a number, stays that are over, the purge.

use booking_core::{
    Booking, Command, ProviderSaid, RefundStatus,
    hold_ends::HoldInput,
    invoice::Series,
    shard::{Class, Effects},
};
use domain::{BookingId, booking::BookingStatus};
use uuid::Uuid;

use crate::{
    asked::Whose,
    hotels::Hotels,
    process::Who,
    provider::Question,
    world::{Event, World},
};

/// How long a try is waited for before the next.
const AGAIN_MS: u64 = 2_000;

enum Due {
    Number(BookingId),
    Complete(BookingId),
    Ask(BookingId, Question),
}

impl World<'_> {
    /// One round of all of them, by one of the processes.
    pub(crate) fn jobs(&mut self) {
        self.after(if self.calm { 400 } else { 1_000 }, Event::Jobs);
        let now_ms = self.now_ms;
        let mut due = Vec::new();
        let purged = self.database.purged();
        let (rows, tried) = (&self.database.books.rows, &mut self.database.tried);
        for booking in rows.bookings.values().chain(&purged) {
            let id = booking.record.booking_id;
            let mut first = |what: Uuid| {
                let again = tried.get(&what).is_none_or(|at| at + AGAIN_MS <= now_ms);
                again.then(|| tried.insert(what, now_ms)).is_some()
            };
            due.extend(
                owed(booking).filter_map(|(what, question)| first(what).then_some(Due::Ask(id, question))),
            );
            let unnumbered = !Series::needed(booking).is_empty();
            due.extend((unnumbered && first(id.uuid())).then_some(Due::Number(id)));
            let over = booking.record.dates.over_on(booking.record.hotel_today(rows.now));
            let over = over && booking.record.status == BookingStatus::Booked;
            due.extend((over && first(id.uuid())).then_some(Due::Complete(id)));
        }
        for due in due {
            self.sees_to(due);
        }
        if let Some(id) = self.database.purge(self.planted) {
            self.checker.purged(&self.database, id);
            self.trace.note(|| format!("        purged {id}"));
        }
    }

    fn sees_to(&mut self, due: Due) {
        let job = |world: &mut Self, id, command| {
            let work = world.order(id, command, None);
            world.wants(work, Class::Upkeep, Whose::Job);
        };
        match due {
            Due::Number(id) => job(self, id, Command::NumberPapers),
            Due::Complete(id) => job(self, id, Command::StayEnded),
            Due::Ask(id, question) => {
                if let Some(who) = self.any_process() {
                    self.sends(Event::Provider(who, id, question));
                }
            }
        }
    }

    /// A batch was committed: its papers get their numbers at once, and its holds are told of.
    pub(crate) fn committed_batch(&mut self, effects: &Effects) {
        self.tells_of(&effects.holds);
        for (hotel, booking) in &effects.unnumbered {
            let number = Hotels::order(*hotel, *booking, Command::NumberPapers, None);
            self.wants(number, Class::Upkeep, Whose::Job);
        }
    }

    /// The provider answers, unless it is away.
    pub(crate) fn provider_is_asked(&mut self, who: Who, booking: BookingId, question: Question) {
        if self.provider.away_until > self.now_ms {
            return;
        }
        match question {
            Question::Status => {
                let said = HoldInput::Said(booking, self.provider.status(booking));
                self.sends(Event::Holds(who, Some(said)));
            }
            Question::Void => {
                let command = match self.provider.void(booking) {
                    Some(capture) => Command::ProviderSaid(ProviderSaid::Paid(capture)),
                    None => Command::VoidConfirmed,
                };
                let work = self.order(booking, command, None);
                self.wants(work, Class::Money, Whose::Job);
            }
            Question::Refund(name, of, amount) => {
                let word = self.provider.refund(booking, name, of, amount);
                let said = self.provider.says();
                self.sends(Event::Says(said, booking, word));
            }
        }
    }
}

/// What the provider is owed about a booking.
fn owed(booking: &Booking) -> impl Iterator<Item = (Uuid, Question)> {
    let voids = booking.voids_owed().map(|void| (void.void_id.uuid(), Question::Void));
    let refunds = booking.refunds.iter().filter(|refund| refund.status == RefundStatus::Owed);
    let refunds = refunds.map(|refund| {
        let of = refund.provider_reference.clone();
        (refund.refund_id.uuid(), Question::Refund(refund.provider_refund_id, of, refund.amount))
    });
    voids.chain(refunds)
}
