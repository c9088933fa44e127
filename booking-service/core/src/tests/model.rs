//! Random sequences of commands on a small hotel, against the invariants of domain.md.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{
    BookingId, RoomId,
    booking::{BookingStatus, PaymentStatus, StatusReason},
    event::BookingHappening,
};
use proptest::prelude::*;

use crate::{
    Booking, CancelledBy, Command, ProviderSaid, Review, RoomStock, is_as_made,
    tests::fixture::{DOUBLE, SUITE, World, cancel, capture, euros, key, line, paid, request, reviewed},
};

#[derive(Debug, Clone)]
pub(super) enum Action {
    Book(u8, u8),
    Pass(i64),
    Quantity(bool, u32),
    Stop(bool),
    On(usize, Word),
}

#[derive(Debug, Clone)]
pub(super) enum Word {
    Paid(u8),
    PaidOther(u8),
    Ended,
    Due,
    Said(u8),
    SaidPaid(u8),
    Cancel(bool),
    StayEnded,
    Voided,
    Refunded(usize),
    Review(bool),
    Number,
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        3 => (0u8..3).prop_map(Word::Paid),
        1 => (0u8..3).prop_map(Word::PaidOther),
        1 => Just(Word::Ended),
        1 => Just(Word::Due),
        2 => (0u8..2).prop_map(Word::Said),
        1 => (0u8..3).prop_map(Word::SaidPaid),
        2 => any::<bool>().prop_map(Word::Cancel),
        1 => Just(Word::StayEnded),
        1 => Just(Word::Voided),
        2 => (0usize..3).prop_map(Word::Refunded),
        1 => any::<bool>().prop_map(Word::Review),
        1 => Just(Word::Number),
    ]
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => (0u8..3, 0u8..2).prop_map(|(doubles, suites)| Action::Book(doubles, suites)),
        2 => prop_oneof![Just(30i64), Just(298), Just(300), Just(86_400), Just(300_000)].prop_map(Action::Pass),
        1 => (any::<bool>(), 0u32..5).prop_map(|(double, quantity)| Action::Quantity(double, quantity)),
        1 => any::<bool>().prop_map(Action::Stop),
        8 => (0usize..4, word()).prop_map(|(booking, word)| Action::On(booking, word)),
    ]
}

fn act(world: &mut World, count: &mut u8, action: &Action) {
    match action {
        Action::Book(doubles, suites) => {
            *count += 1;
            if let Some(asked) = asked(*count, *doubles, *suites) {
                drop(world.book(&asked));
            }
        }
        Action::Pass(seconds) => world.pass(TimeDelta::seconds(*seconds)),
        Action::Quantity(double, quantity) => {
            requantify(world, if *double { DOUBLE } else { SUITE }, *quantity);
        }
        Action::Stop(stop) => {
            for stock in world.snapshot.rooms.values_mut() {
                stock.stop_sell = *stop;
                stock.stock_version += 1;
            }
        }
        Action::On(index, word) => {
            let ids: Vec<BookingId> = world.snapshot.bookings.keys().copied().collect();
            if let Some(id) = ids.get(*index) {
                let command = command(world, *id, word);
                drop(world.command_on(*id, &command));
            }
        }
    }
}

/// A request for so many units with a key of its own; none for no unit at all.
pub(super) fn asked(count: u8, doubles: u8, suites: u8) -> Option<crate::Request> {
    let lines = [(DOUBLE, doubles), (SUITE, suites)];
    let lines = lines.iter().filter(|(_, n)| *n > 0).map(|(room, n)| line(*room, *n)).collect();
    let stay = crate::Stay::parse(crate::tests::fixture::HOTEL, some_nights(count), lines).ok()?;
    Some(crate::Request { key: key(count), client_reference: None, holds_limit: u32::MAX, stay, ..request() })
}

/// Both nights, or one of them: some stays meet, and some do not.
fn some_nights(count: u8) -> domain::StayDates {
    let (first, end) =
        (crate::tests::fixture::dates().start_date(), crate::tests::fixture::dates().end_date());
    let second = first.succ_opt().unwrap();
    let (from, to) = match count % 4 {
        0 => (first, second),
        1 => (second, end),
        _ => (first, end),
    };
    domain::StayDates::parse(from, to).unwrap()
}

pub(super) fn requantify(world: &mut World, room: RoomId, quantity: u32) {
    let stock: &mut RoomStock = world.snapshot.rooms.get_mut(&room).unwrap();
    stock.quantity = quantity;
    stock.stock_version += 1;
    for ((of, _), night) in &mut world.snapshot.nights {
        if *of == room {
            *night = night.map(|night| night.with_quantity(quantity));
        }
    }
}

pub(super) fn command(world: &World, id: BookingId, word: &Word) -> Command {
    let booking = &world.snapshot.bookings[&id];
    let due = booking.record.facts.price.due_now;
    let reference = |n: u8| format!("pr-{id}-{n}");
    match word {
        Word::Paid(n) => paid(&reference(*n), due),
        Word::PaidOther(n) => paid(&reference(*n + 10), euros(7)),
        Word::Ended => Command::CheckoutEnded,
        Word::Due => Command::HoldDue,
        Word::Said(0) => Command::ProviderSaid(ProviderSaid::Unpaid),
        Word::Said(_) => Command::ProviderSaid(ProviderSaid::NoAnswer),
        Word::SaidPaid(n) => Command::ProviderSaid(ProviderSaid::Paid(capture(&reference(*n), due))),
        Word::Cancel(true) => cancel(CancelledBy::Traveller),
        Word::Cancel(false) => cancel(CancelledBy::Hotel),
        Word::StayEnded => Command::StayEnded,
        Word::Voided => Command::VoidConfirmed,
        Word::Refunded(n) => {
            let refund = booking.refunds.get(*n).map(|refund| refund.refund_id);
            Command::RefundConfirmed(refund.unwrap_or(uuid::Uuid::nil().into()))
        }
        Word::Review(book) => {
            let waiting = booking.payments.iter().find(|row| row.status == PaymentStatus::InReview);
            let id = waiting.map_or(booking.record.facts.payment_id, |row| row.payment_id);
            reviewed(id, if *book { Review::Book } else { Review::Refund })
        }
        Word::Number => Command::NumberPapers,
    }
}

/// Invariant 1: of every night to come, `initial = available + held + booked`.
pub(super) fn nights_add_up(world: &World) {
    let mut sold: BTreeMap<_, u32> = BTreeMap::new();
    for booking in world.snapshot.bookings.values().filter(|b| b.record.status != BookingStatus::Cancelled) {
        for (room, units) in booking.units() {
            for date in booking.record.dates.nights() {
                *sold.entry((room, date)).or_default() += units;
            }
        }
    }
    let today = crate::tests::fixture::hotel().facts.time_zone.date_of(world.snapshot.now);
    for (at, night) in world.snapshot.nights.iter().filter(|((_, date), _)| *date >= today) {
        let Some(night) = night else { continue };
        let taken = sold.get(at).copied().unwrap_or(0);
        assert!(night.available <= night.initial);
        assert_eq!(night.initial, night.available + taken, "{at:?}");
        let quantity = world.snapshot.rooms[&at.0].quantity;
        assert_eq!(night.initial, quantity.max(taken), "{at:?}: initial is max(quantity, sold)");
    }
}

/// Invariant 5: every captured payment ends in a BOOKED or COMPLETED booking or a refund, exactly once; what a
/// cancellation keeps is its penalty.
pub(super) fn money_is_conserved(world: &World) {
    for booking in world.snapshot.bookings.values() {
        let record = &booking.record;
        let ended_paid = matches!(record.status_reason, Some(StatusReason::Traveller | StatusReason::Hotel));
        let mut kept = 0;
        for payment in &booking.payments {
            let back: i64 = booking
                .refunds
                .iter()
                .filter(|refund| refund.provider_reference == payment.provider_reference)
                .map(|refund| refund.amount.amount())
                .sum();
            assert_eq!(back, payment.refunded.amount(), "refund rows and the payment agree");
            if payment.is_captured() && payment.status != PaymentStatus::InReview {
                kept += payment.captured.amount() - back;
            }
        }
        let price = booking.paid_by().map_or(0, |payment| payment.captured.amount());
        let penalty = record.penalty.filter(|_| ended_paid).map_or(0, domain::Money::amount);
        let expected = match record.status {
            BookingStatus::Reserved => 0,
            BookingStatus::Booked | BookingStatus::Completed => price,
            BookingStatus::Cancelled => penalty,
        };
        assert_eq!(kept, expected, "{record:?} {:?}", booking.payments);
        if record.status == BookingStatus::Booked {
            assert!(booking.paid_by().is_some() && booking.invoice.is_some());
        }
    }
}

/// What a store relies on that reads only the payments of a booking at its first version.
fn only_payments_come_without_a_transition(world: &World) {
    for booking in world.snapshot.bookings.values().filter(|booking| is_as_made(&booking.record)) {
        let of_payments =
            Booking { payments: booking.payments.clone(), ..Booking::unpaid(booking.record.clone()) };
        assert_eq!(*booking, of_payments);
    }
}

/// Invariant 3: one event per version, in order, and only transitions of the table.
fn events_tell_every_transition(world: &World) {
    for booking in world.snapshot.bookings.values() {
        let id = booking.record.booking_id;
        let told: Vec<_> = world.events.iter().filter(|e| e.body.booking.booking_id == id).collect();
        let mut before: Option<BookingStatus> = None;
        for (version, event) in (1i64..).zip(&told) {
            assert_eq!(event.body.booking.version, version);
            assert_eq!(event.body.from, before);
            let after = event.body.booking.status;
            assert!(
                in_table(before, after, event.happening),
                "{before:?} -> {after} by {:?}",
                event.happening
            );
            before = Some(after);
        }
        assert_eq!(told.last().map(|event| &event.body.booking), Some(&booking.record));
    }
}

/// Row, history and money tell all that was ever told, under the same names.
fn what_is_stored_tells_it_again(world: &World) {
    for booking in world.snapshot.bookings.values() {
        let id = booking.record.booking_id;
        let of_it = |event: &&crate::PlannedEvent| event.body.booking.booking_id == id;
        let told: Vec<_> = world.events.iter().filter(of_it).cloned().collect();
        let made_by = told[0].body.actor.clone().unwrap();
        let history: Vec<_> = told.iter().filter_map(crate::tests::fixture::logged).collect();
        assert_eq!(crate::retold(booking, made_by, &history), Ok(told));
    }
}

fn in_table(from: Option<BookingStatus>, to: BookingStatus, happening: BookingHappening) -> bool {
    use BookingStatus::{Booked, Cancelled, Completed, Reserved};
    match happening {
        BookingHappening::Reserved => (from, to) == (None, Reserved),
        BookingHappening::Booked => (from, to) == (Some(Reserved), Booked),
        BookingHappening::Cancelled => matches!((from, to), (Some(Reserved | Booked), Cancelled)),
        BookingHappening::Completed => (from, to) == (Some(Booked), Completed),
        BookingHappening::Rebooked => (from, to) == (Some(Cancelled), Booked),
        BookingHappening::Refunded | BookingHappening::LatePaymentRefunded | BookingHappening::Invoiced => {
            from == Some(to)
        }
    }
}

/// Invariant 8, and at most one invoice with its number in its series.
fn prices_add_up(world: &World) {
    assert!(world.snapshot.bookings.values().all(|booking| booking.record.facts.price.adds_up()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_commands_breaks_an_invariant(actions in proptest::collection::vec(action(), 1..60)) {
        let mut world = World::new();
        let mut count = 0;
        for action in &actions {
            act(&mut world, &mut count, action);
            nights_add_up(&world);
            money_is_conserved(&world);
            only_payments_come_without_a_transition(&world);
        }
        events_tell_every_transition(&world);
        what_is_stored_tells_it_again(&world);
        prices_add_up(&world);
    }

    #[test]
    fn the_same_commands_lead_to_the_same_world(actions in proptest::collection::vec(action(), 1..30)) {
        let run = || {
            let mut world = World::new();
            let mut count = 0;
            for action in &actions {
                act(&mut world, &mut count, action);
            }
            (world.snapshot, world.events)
        };
        prop_assert_eq!(run(), run());
    }
}
