//! Every order of fourteen words after a hold, to length six: no paid booking without rooms or refund, no room-night
//! leaked, no refund above what was captured, every refund done once and before the purge, also one that was refused.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use domain::{
    BookingId, RefundId,
    booking::{BookingRecord, BookingStatus, PaymentStatus},
    event::BookingHappening,
};
use uuid::Uuid;

use crate::{
    Booking, CancelledBy, Command, Need, Outcome, ProviderSaid, Quiet, Refund, RefundStatus, Refusal,
    Snapshot, Step, Task, batch,
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
    /// Names of refunds that the provider has refused, and will never carry out.
    refused: BTreeSet<RefundId>,
    last: Option<Command>,
    /// Plans written: what a command makes is named by it, so that equal stories have equal names.
    changes: u128,
}

fn booking_id() -> BookingId {
    new_id(101)
}

/// The name that an operator gives to a refund instead of one that was refused.
fn other_name(burnt: RefundId) -> RefundId {
    Uuid::from_u128(burnt.uuid().as_u128() + (1 << 64)).into()
}

impl Story {
    fn begins() -> Self {
        let (world, refused) = (World::reserved(), BTreeSet::new());
        Self { world, archive: None, unheard: false, refused, last: None, changes: 0 }
    }

    fn hears(&mut self, word: Word) {
        match word {
            Word::RivalHold => self.rival(),
            Word::Pay => self.told(&paid("pr-1", euros(60_006))),
            Word::SecondPayment => self.told(&paid("pr-2", euros(60_006))),
            Word::Decline => self.declines(),
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
            Word::RefundRefused => self.refund_is_refused(),
            Word::LostCallback => self.unheard = true,
            Word::Purge => self.purge(),
        }
    }

    fn told(&mut self, command: &Command) {
        self.last = Some(command.clone());
        self.does(command);
    }

    /// Through a batch of its own, as a shard does it: with the record if the booking turns out to be purged.
    fn does(&mut self, command: &Command) -> Outcome {
        let mut work = order(booking_id(), command.clone(), self.changes + 1);
        loop {
            let mut snapshot = self.world.snapshot.clone();
            let (mut outcomes, plan) =
                batch(&mut snapshot, std::slice::from_ref(&work), &by(&self.world.rules));
            self.world.execute(&plan);
            self.changes += u128::from(!plan.is_empty());
            let outcome = outcomes.remove(0);
            let (Outcome::Again(Need::Archive(_)), Task::Command(order)) = (&outcome, &mut work.task) else {
                return outcome;
            };
            order.archived.clone_from(&self.archive);
        }
    }

    /// As `does`, of what must write nothing.
    fn does_in_vain(&mut self, command: &Command) -> Outcome {
        let before = self.changes;
        let outcome = self.does(command);
        assert_eq!(self.changes, before, "{command:?}: {outcome:?}");
        outcome
    }

    /// A declined card ends no session, and no callback tells of it: who asks hears of a session that is still open, which
    /// is not paid, and before the hold's end nothing comes of that.
    fn declines(&mut self) {
        let outcome = self.does_in_vain(&Command::ProviderSaid(ProviderSaid::Unpaid));
        let Outcome::Decided(decided) = outcome else { panic!("{outcome:?}") };
        assert!(matches!(decided.step, Step::Quiet(Quiet::NotYet(Some(_)) | Quiet::Ignored)), "{decided:?}");
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

    fn refuses(&self, refund: &Refund) -> bool {
        self.refused.contains(&refund.provider_refund_id)
    }

    fn refunds_owed(&self) -> Vec<Refund> {
        let refunds = self.money().refunds.into_iter();
        refunds.filter(|refund| refund.status == RefundStatus::Owed).collect()
    }

    /// The first that is not refused is carried out; are all refused, an operator retries the first before.
    fn refunds(&mut self) {
        let owed = self.refunds_owed();
        let sent = owed.iter().find(|refund| !self.refuses(refund)).or(owed.first());
        let Some(mut refund) = sent.cloned() else { return };
        if self.refuses(&refund) {
            refund = self.renews(refund);
        }
        self.told(&Command::RefundConfirmed(refund.provider_refund_id));
        self.burnt_names_are_nobodys(&refund);
    }

    /// The first that is owed is refused; is one refused already, an operator retries it.
    fn refund_is_refused(&mut self) {
        let owed = self.refunds_owed();
        if let Some(refund) = owed.iter().find(|refund| self.refuses(refund)) {
            self.renews(refund.clone());
        } else if let Some(refund) = owed.first() {
            self.refused.insert(refund.provider_refund_id);
        }
    }

    /// Owed again under another name: beside the plans, as the operator's statement does it.
    fn renews(&mut self, mut refund: Refund) -> Refund {
        refund.provider_refund_id = other_name(refund.provider_refund_id);
        let Snapshot { bookings, purged_money, .. } = &mut self.world.snapshot;
        let active = bookings.get_mut(&booking_id()).map(|booking| &mut booking.refunds);
        let rows = active.unwrap_or_else(|| &mut purged_money.get_mut(&booking_id()).unwrap().refunds);
        rows.iter_mut().find(|row| row.refund_id == refund.refund_id).unwrap().clone_from(&refund);
        self.burnt_names_are_nobodys(&refund);
        refund
    }

    /// A confirmation under a name that was given up moves nothing; under the first one it is an operator's to look at.
    fn burnt_names_are_nobodys(&mut self, refund: &Refund) {
        let mut name = refund.refund_id;
        while name != refund.provider_refund_id {
            let outcome = self.does_in_vain(&Command::RefundConfirmed(name));
            if name == refund.refund_id {
                assert_eq!(outcome, Outcome::Refused(Refusal::RefundRenewed(name)));
            }
            name = other_name(name);
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

    /// What is left is done: the hold ends, voids are answered by what the provider knows, refunds are carried out,
    /// refused ones under other names.
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
        booking.refunds.iter().for_each(|refund| self.is_done_once(refund));
    }

    /// Owed by one event and done by one, under a name that the provider did not refuse; and not purged in between.
    fn is_done_once(&self, refund: &Refund) {
        let of_it = |event: &&crate::PlannedEvent| {
            event.body.refund.is_some_and(|facts| facts.refund_id == refund.refund_id)
        };
        let told: Vec<_> = self.world.events.iter().filter(of_it).collect();
        let [owed, done] = told[..] else { panic!("{refund:?}: {told:?}") };
        assert_ne!(owed.happening, BookingHappening::Refunded, "{refund:?}");
        assert_eq!(done.happening, BookingHappening::Refunded, "{refund:?}");
        assert!(!self.refuses(refund), "{refund:?}");
        if let Some(archived) = &self.archive {
            let purged_between =
                (owed.body.booking.version..done.body.booking.version).contains(&archived.version);
            assert!(!purged_between, "purged while it was owed: {refund:?}");
        }
    }

    /// Equal stories go on equally, and have told the same.
    fn fingerprint(&self) -> String {
        let Self { world, archive, unheard, refused, last, .. } = self;
        let Snapshot { now, bookings, purged, purged_money, nights, .. } = &world.snapshot;
        let archived = archive.as_ref().map(|record| record.version);
        let facts = |event: &crate::PlannedEvent| {
            (event.happening, event.body.booking.version, event.body.refund.map(|facts| facts.refund_id))
        };
        let told: Vec<_> = world.events.iter().map(facts).collect();
        let said = format!("{unheard} {refused:?} {last:?} {told:?}");
        format!("{now} {bookings:?} {purged:?} {purged_money:?} {nights:?} {archived:?} {said}")
    }
}

/// Stories that are alike go on alike, so each is told once: at its shortest.
#[test]
fn every_order_of_fourteen_words_to_length_six_keeps_rooms_and_money() {
    let mut stories = vec![Story::begins()];
    let (mut told, mut refused) = (BTreeSet::new(), 0);
    for _ in 0..LONGEST {
        let mut longer = Vec::new();
        for story in &stories {
            for word in WORDS {
                let mut next = story.clone();
                next.hears(word);
                if told.insert(next.fingerprint()) {
                    next.clone().comes_to_rest().is_as_promised();
                    refused += usize::from(!next.refused.is_empty());
                    longer.push(next);
                }
            }
        }
        stories = longer;
    }
    assert!(told.len() > 1_000, "only {} different stories", told.len());
    assert!(refused > 100, "only {refused} stories with a refund refused");
}
