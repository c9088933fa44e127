//! What happens by the script: guests and operators act, rooms change, processes die, servers stand still.

use booking_core::{
    CancelledBy, Claim, Review,
    shard::{Class, Input, Ticket},
};
use chrono::TimeDelta;
use domain::{RoomId, booking::PaymentStatus};

use crate::{
    asked::{Attempt, Guest, Whose},
    case::{Amount, Happening, Trouble},
    hotels::{Hotels, cancel, reviewed},
    leases::ShareStep,
    process::{Process, Who},
    provider::Word,
    world::{Event, World},
};

impl World<'_> {
    pub(crate) fn happens(&mut self, nth: usize) {
        let Some((_, happening)) = self.script.happenings.get(nth).copied() else { return };
        self.trace.note(|| format!("        {happening:?}"));
        match happening {
            Happening::Wish(guest, units, named) => {
                if let Some(wish) = self.hotels.wish(guest, units, named, &self.database.books.rows) {
                    self.wants(Hotels::book(wish), Class::Book, Whose::Guest(guest));
                }
            }
            Happening::Pays(guest, amount) => self.pays(guest, amount),
            Happening::Declines(guest) => {
                if let Some(Guest { booking, .. }) = self.guests.get(&guest).copied() {
                    let said = self.provider.says();
                    self.sends(Event::Says(said, booking, Word::Ended));
                }
            }
            Happening::Cancels(guest, by_guest) => self.cancels(guest, by_guest),
            Happening::Reviews(guest, book) => self.reviews(guest, book),
            Happening::Quantity(room, quantity, told) => self.quantity(room, quantity, told),
            Happening::Price(room, cents, told) => self.price(room, cents, told),
            Happening::Sales(room, stop) => self.sales(room, stop),
            Happening::Dies(number, for_ms) => self.dies(number, for_ms),
            Happening::Freezes(number, for_ms) => {
                let until = self.now_ms + for_ms;
                self.processes.get_mut(number).into_iter().for_each(|one| one.frozen_until = until);
            }
            Happening::Locks(room, for_ms) => {
                if let Some(room) = self.hotels.rooms.get(room) {
                    let night = Claim::Night((*room, self.hotels.dates.start_date()));
                    self.database.lock(night, self.now_ms + for_ms);
                }
            }
            Happening::ProviderAway(for_ms) => self.provider.away_until = self.now_ms + for_ms,
        }
    }

    fn pays(&mut self, guest: u64, amount: Amount) {
        let Some(Guest { booking, due }) = self.guests.get(&guest).copied() else { return };
        let amount = match amount {
            Amount::Asked => due,
            Amount::Other => self.hotels.euros(700),
        };
        if let Some(word) = self.provider.pay(booking, amount) {
            let said = self.provider.says();
            self.sends(Event::Says(said, booking, word));
        }
    }

    fn cancels(&mut self, guest: u64, by_guest: bool) {
        let Some(Guest { booking, .. }) = self.guests.get(&guest).copied() else { return };
        let by = if by_guest { CancelledBy::Traveller } else { CancelledBy::Hotel };
        let (command, keep) = cancel(guest, by);
        let work = self.order(booking, command, Some(keep));
        self.wants(work, Class::Money, Whose::Guest(guest));
    }

    fn reviews(&mut self, guest: u64, book: bool) {
        let Some(Guest { booking, .. }) = self.guests.get(&guest).copied() else { return };
        let payments =
            self.database.books.rows.bookings.get(&booking).map(|booking| booking.payments.clone());
        let waits = payments.into_iter().flatten().find(|row| row.status == PaymentStatus::InReview);
        if let Some(payment) = waits {
            let command = reviewed(payment.payment_id, if book { Review::Book } else { Review::Refund });
            let work = self.order(booking, command, None);
            self.wants(work, Class::Money, Whose::Guest(guest));
        }
    }

    fn quantity(&mut self, room: usize, quantity: u32, told: bool) {
        let Some(room) = self.hotels.rooms.get(room).copied() else { return };
        self.database.quantity(room, quantity);
        self.checker.changed(self.step, &self.database.books.rows, room);
        self.perhaps_told(room, told);
    }

    fn price(&mut self, room: usize, cents: i64, told: bool) {
        let Some(room) = self.hotels.rooms.get(room).copied() else { return };
        self.database.price(room, self.hotels.euros(cents));
        self.checker.changed(self.step, &self.database.books.rows, room);
        self.perhaps_told(room, told);
    }

    /// A process has written what a room is now, and tells its own shards of it; or another has.
    fn perhaps_told(&mut self, room: RoomId, told: bool) {
        let Some(who) = self.any_process().filter(|_| told) else { return };
        let Some(hotel) = self.hotels.of_room(room) else { return };
        let whole_hotel = self.dice.roll(2) == 0;
        let forget = if whole_hotel { Input::ForgetHotel(hotel) } else { Input::Forget(room) };
        self.tell(self.shard_of(who, hotel), forget);
    }

    fn sales(&mut self, room: usize, stop: bool) {
        let Some(room) = self.hotels.rooms.get(room).copied() else { return };
        self.database.sales(room, stop);
        self.checker.changed(self.step, &self.database.books.rows, room);
    }

    /// By `kill -9`: everything in memory is gone, whoever waits for an answer gets none.
    fn dies(&mut self, number: usize, for_ms: u64) {
        let Some(process) = self.processes.get_mut(number).filter(|process| process.alive) else { return };
        process.alive = false;
        let who = process.who;
        let waiting = |(ticket, attempt): (&u64, &Attempt)| {
            (attempt.who == who && attempt.arrived.is_some() && !attempt.answered).then_some(Ticket(*ticket))
        };
        let waiting: Vec<Ticket> = self.attempts.iter().filter_map(waiting).collect();
        for ticket in waiting {
            self.unanswered(ticket);
        }
        self.assign_partitions();
        self.after(for_ms, Event::Starts(number));
    }

    pub(crate) fn starts(&mut self, number: usize) {
        let now = self.monotonic();
        let Some(process) = self.processes.get_mut(number).filter(|process| !process.alive) else { return };
        let who = Who { number, life: process.who.life + 1 };
        *process = Process::new(who, (self.hotels, self.script.shards), now);
        self.started(who);
    }

    pub(crate) fn started(&mut self, who: Who) {
        self.after(1, Event::Holds(who, None));
        self.after(1, Event::Shares(who, 0, ShareStep::Look));
        for lane in self.hotels.lanes() {
            self.after(2, Event::Relay(who, lane, 0));
        }
        self.assign_partitions();
    }

    /// From here on nothing goes wrong any more, and everything must come to its end.
    pub(crate) fn becomes_calm(&mut self) {
        self.calm = true;
        self.provider.away_until = 0;
        self.database.unlock();
        for process in &mut self.processes {
            process.frozen_until = 0;
        }
        if self.script.to_the_end_of_the_stay {
            self.leap = TimeDelta::days(6);
        }
        self.after(500, Event::Look);
    }

    /// The provider says something, until it is heard.
    pub(crate) fn says(&mut self, number: u64, booking: domain::BookingId, word: Word) {
        if self.happens_now(Trouble::Unheard) {
            let wait = 500 + self.dice.roll(2_000);
            return self.after(wait, Event::Says(number, booking, word));
        }
        let command = match &word {
            Word::Captured(capture) => booking_core::Command::PaymentSucceeded(capture.clone()),
            Word::Ended => booking_core::Command::CheckoutEnded,
            Word::Refunded(name) => booking_core::Command::RefundConfirmed(*name),
        };
        let twice = self.happens_now(Trouble::Twice);
        let work = self.order(booking, command, None);
        if twice {
            self.wants(work.clone(), Class::Money, Whose::Word(number, booking, word.clone()));
        }
        self.wants(work, Class::Money, Whose::Word(number, booking, word));
    }
}
