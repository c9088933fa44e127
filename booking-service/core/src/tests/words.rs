//! Every order of fourteen words after a hold, to length six: no paid booking without rooms or refund, no room-night
//! leaked, no refund above what was captured.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use domain::{
    BookingId,
    booking::{BookingRecord, BookingStatus, PaymentStatus},
};

use crate::{
    Booking, CancelledBy, Command, Need, Outcome, ProviderSaid, RefundStatus, Snapshot, Task, batch,
    books::Books,
    tests::{
        cuts::{by, order},
        fixture::{SUITE, World, cancel, capture, euros, key, line, new_id, paid, request, settled},
        model::{money_is_conserved, nights_add_up},
    },
};

const LONGEST: usize = 6;

#[derive(Debug, Clone, Copy)]
enum Word {
    RivalHold,
    Pay,
    Decline,
    Fail,
    Expire,
    Cancel,
    LatePay,
    SecondPayment,
    Duplicate,
    Refund,
    RefundRefused,
    LostCallback,
    ProviderDown,
    Purge,
}

const WORDS: [Word; 14] = [
    Word::RivalHold,
    Word::Pay,
    Word::Decline,
    Word::Fail,
    Word::Expire,
    Word::Cancel,
    Word::LatePay,
    Word::SecondPayment,
    Word::Duplicate,
    Word::Refund,
    Word::RefundRefused,
    Word::LostCallback,
    Word::ProviderDown,
    Word::Purge,
];

/// One booking's story: the database, the archive, and what the provider knows and has not said.
#[derive(Debug, Clone)]
struct Story {
    world: World,
    archive: Option<Arc<BookingRecord>>,
    /// A capture whose callback was lost.
    unheard: bool,
    last: Option<Command>,
    /// Plans written: what a command makes is named by it, so that equal stories have equal names.
    changes: u128,
}

fn booking_id() -> BookingId {
    new_id(101)
}

impl Story {
    fn begins() -> Self {
        Self { world: World::reserved(), archive: None, unheard: false, last: None, changes: 0 }
    }

    fn hears(&mut self, word: Word) {
        match word {
            // A declined card ends no session, and a refused refund stays owed: nothing is said to the booking.
            Word::Decline | Word::RefundRefused => {}
            Word::RivalHold => self.rival(),
            Word::Pay => self.told(&paid("pr-1", euros(60_006))),
            Word::SecondPayment => self.told(&paid("pr-2", euros(60_006))),
            Word::Fail => self.told(&Command::CheckoutEnded),
            Word::Cancel => self.told(&cancel(CancelledBy::Traveller)),
            Word::LatePay => {
                self.hold_is_over();
                self.told(&paid("pr-3", euros(60_006)));
            }
            Word::Expire => self.expires(true),
            Word::ProviderDown => self.expires(false),
            Word::Duplicate => {
                if let Some(last) = self.last.clone() {
                    self.told(&last);
                }
            }
            Word::Refund => self.refunds(),
            Word::LostCallback => self.unheard = true,
            Word::Purge => self.purge(),
        }
    }

    fn told(&mut self, command: &Command) {
        self.last = Some(command.clone());
        self.does(command);
    }

    /// Through a batch of its own, as a shard does it: with the record if the booking turns out to be purged.
    fn does(&mut self, command: &Command) {
        let mut work = order(booking_id(), command.clone(), self.changes + 1);
        loop {
            let mut snapshot = self.world.snapshot.clone();
            let (outcomes, plan) = batch(&mut snapshot, std::slice::from_ref(&work), &by(&self.world.rules));
            self.world.execute(&plan);
            self.changes += u128::from(!plan.is_empty());
            let [Outcome::Again(Need::Archive(_))] = outcomes[..] else { return };
            let Task::Command(order) = &mut work.task else { return };
            order.archived.clone_from(&self.archive);
        }
    }

    fn rival(&mut self) {
        let mut asked = request();
        asked.key = key(9);
        asked.client_reference = None;
        asked.holds_limit = u32::MAX;
        asked.stay =
            crate::Stay::parse(asked.stay.hotel_id(), asked.stay.dates(), vec![line(SUITE, 1)]).unwrap();
        let work =
            crate::Work { hotel_id: asked.stay.hotel_id(), task: Task::Book(Box::new(asked), new_id(900)) };
        let (_, plan) = batch(&mut self.world.snapshot.clone(), &[work], &by(&self.world.rules));
        self.world.execute(&plan);
    }

    fn hold_is_over(&mut self) {
        let ends = crate::tests::fixture::noon().plus(TimeDelta::minutes(5));
        self.world.snapshot.now = self.world.snapshot.now.max(ends);
    }

    fn expires(&mut self, answers: bool) {
        self.hold_is_over();
        let said = match (answers, self.unheard) {
            (false, _) => ProviderSaid::NoAnswer,
            (true, false) => ProviderSaid::Unpaid,
            (true, true) => ProviderSaid::Paid(capture("pr-lost", euros(60_006))),
        };
        self.does(&Command::ProviderSaid(said));
    }

    fn money(&self) -> Booking {
        let active = self.world.snapshot.bookings.get(&booking_id()).cloned();
        active.unwrap_or_else(|| self.world.snapshot.revive(self.archive.as_ref().unwrap()).unwrap())
    }

    fn refunds(&mut self) {
        let owed = self.money().refunds.into_iter().find(|refund| refund.status == RefundStatus::Owed);
        if let Some(refund) = owed {
            self.told(&Command::RefundConfirmed(refund.refund_id));
        }
    }

    fn purge(&mut self) {
        let there = self.world.snapshot.bookings.get(&booking_id());
        if there.is_some_and(|booking| booking.record.status.has_ended() && settled(booking)) {
            let mut books = Books { rows: self.world.snapshot.clone() };
            self.archive = books.purge(booking_id()).map(|booking| Arc::new(booking.record));
            self.world.snapshot = books.rows;
        }
    }

    /// What is left is done: the hold ends, voids are answered by what the provider knows, refunds are carried out.
    fn comes_to_rest(mut self) -> Self {
        self.expires(true);
        for _ in 0..6 {
            if self.money().voids_owed().next().is_some() {
                let lost = self.unheard;
                let answer = if lost { paid("pr-lost", euros(60_006)) } else { Command::VoidConfirmed };
                self.does(&answer);
            }
            self.refunds();
        }
        self
    }

    fn is_as_promised(&self) {
        nights_add_up(&self.world);
        money_is_conserved(&self.world);
        let booking = self.money();
        assert!(settled(&booking), "{booking:?}");
        let stands = booking.record.status == BookingStatus::Booked;
        assert_eq!(stands, booking.paid_by().is_some(), "paid and booked are one");
        for payment in &booking.payments {
            let back: i64 = booking
                .refunds
                .iter()
                .filter(|refund| refund.provider_reference == payment.provider_reference)
                .map(|refund| refund.amount.amount())
                .sum();
            assert!(back <= payment.captured.amount());
            let kept = payment.status == PaymentStatus::Succeeded;
            assert!(kept || back == payment.captured.amount(), "money of nobody: {payment:?}");
        }
    }

    /// Equal stories go on equally.
    fn fingerprint(&self) -> String {
        let Self { world, archive, unheard, last, .. } = self;
        let Snapshot { now, bookings, purged, purged_money, nights, .. } = &world.snapshot;
        let archived = archive.as_ref().map(|record| record.version);
        format!("{now} {bookings:?} {purged:?} {purged_money:?} {nights:?} {archived:?} {unheard} {last:?}")
    }
}

/// Stories that are alike go on alike, so each is told once: at its shortest.
#[test]
fn every_order_of_fourteen_words_to_length_six_keeps_rooms_and_money() {
    let mut stories = vec![Story::begins()];
    let mut told = BTreeSet::new();
    for _ in 0..LONGEST {
        let mut longer = Vec::new();
        for story in &stories {
            for word in WORDS {
                let mut next = story.clone();
                next.hears(word);
                if told.insert(next.fingerprint()) {
                    next.clone().comes_to_rest().is_as_promised();
                    longer.push(next);
                }
            }
        }
        stories = longer;
    }
    assert!(told.len() > 1_000, "only {} different stories", told.len());
}
