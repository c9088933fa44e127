//! The rules of states, one promise each.

use chrono::TimeDelta;
use domain::{
    Actor, Currency, Money,
    booking::{BookingStatus, LatePayment, PaymentStatus, StatusReason},
    event::BookingHappening,
};

use crate::{
    Cancel, Cancellable, Cancellation, CancelledBy, Command, Created, ProviderSaid, Quiet, Refusal, Review,
    RoomsMove, Step, VoidStatus, decide, preview,
    tests::fixture::{
        DOUBLE, SUITE, World, ada, cancel, capture, date, due, euros, ids, key, operator, paid, request,
        reviewed, room, settled,
    },
};

fn change(step: &Step) -> &crate::Change {
    match step {
        Step::Change(change) => change,
        other @ (Step::Quiet(_) | Step::AskProvider(_)) => panic!("nothing changes: {other:?}"),
    }
}

#[test]
fn a_payment_told_twice_books_once() {
    let mut world = World::booked();
    let again = world.command(&paid("pr-1", due(&world))).unwrap();
    assert_eq!(again.step, Step::Quiet(Quiet::Duplicate));
    assert_eq!(world.events.len(), 2);
    assert_eq!(world.booking().record.version, 2);
}

#[test]
fn a_second_captured_payment_goes_back_and_the_booking_stands() {
    let mut world = World::booked();
    world.command(&paid("pr-2", due(&world))).unwrap();
    assert_eq!(world.booking().record.status, BookingStatus::Booked);
    assert_eq!(world.booking().paid_by().unwrap().provider_reference.as_deref(), Some("pr-1"));
    let refund = &world.booking().refunds[0];
    assert_eq!((refund.amount, refund.provider_reference.as_deref()), (due(&world), Some("pr-2")));
    assert_eq!(refund.payment_id, world.booking().record.facts.payment_id);
}

#[test]
fn another_amount_waits_for_an_operator_and_the_hold_ends_on_time_without_a_void() {
    let mut world = World::reserved();
    world.command(&paid("pr-1", euros(1))).unwrap();
    assert_eq!(world.booking().record.status, BookingStatus::Reserved);
    assert_eq!(world.booking().own_payment().status, PaymentStatus::InReview);
    world.pass(TimeDelta::minutes(5));
    let said = ProviderSaid::Paid(capture("pr-1", euros(1)));
    world.command(&Command::ProviderSaid(said)).unwrap();
    assert_eq!(world.booking().record.status_reason, Some(StatusReason::HoldExpired));
    assert!(world.booking().voids.is_empty());
    assert!(!settled(world.booking()));
    let payment = world.booking().own_payment().payment_id;
    world.command(&reviewed(payment, Review::Refund)).unwrap();
    assert_eq!(world.booking().refunds[0].amount, euros(1));
}

/// A capture in review is no transition: a hold that was read before it ends as if nothing had been captured.
#[test]
fn a_void_that_was_decided_while_a_capture_went_into_review_is_answered_by_that_capture() {
    let mut before = World::reserved();
    before.pass(TimeDelta::minutes(5));
    let mut world = before.clone();
    world.command(&paid("pr-1", euros(1))).unwrap();
    let expired = Command::ProviderSaid(ProviderSaid::Unpaid);
    let (_, plan) = decide(&before.snapshot, before.booking(), &expired, &ids(7), &before.rules).unwrap();
    world.execute(&plan);
    assert_eq!(world.booking().voids[0].status, VoidStatus::Owed);
    let said = Command::ProviderSaid(ProviderSaid::Paid(capture("pr-1", euros(1))));
    world.command(&said).unwrap();
    assert_eq!(world.booking().voids[0].status, VoidStatus::Captured);
    assert_eq!(world.booking().own_payment().status, PaymentStatus::InReview);
    assert_eq!(world.command(&said).unwrap().step, Step::Quiet(Quiet::Duplicate));
}

#[test]
fn a_hold_is_asked_about_from_three_seconds_before_its_end_for_two() {
    let mut world = World::reserved();
    let end = world.booking().record.hold_expires_at;
    world.snapshot.now = end.plus(TimeDelta::microseconds(-3_000_001));
    let from = end.plus(TimeDelta::seconds(-3));
    assert_eq!(world.command(&Command::HoldDue).unwrap().step, Step::Quiet(Quiet::NotYet(Some(from))));
    world.snapshot.now = from;
    let Step::AskProvider(ask) = world.command(&Command::HoldDue).unwrap().step else { panic!("not asked") };
    assert_eq!(ask.until, from.plus(TimeDelta::seconds(2)));
    let unpaid = Command::ProviderSaid(ProviderSaid::Unpaid);
    assert_eq!(world.command(&unpaid).unwrap().step, Step::Quiet(Quiet::NotYet(Some(end))));
    world.snapshot.now = end;
    world.command(&unpaid).unwrap();
    assert_eq!(world.booking().record.status, BookingStatus::Cancelled);
    assert_eq!(world.booking().voids.len(), 1);
    assert_eq!(world.snapshot.night(SUITE, date("2026-12-24")).available, 1);
}

#[test]
fn a_late_payment_rebooks_while_its_rooms_are_free_and_its_stay_has_not_begun() {
    let mut world = World::expired();
    world.command(&paid("pr-9", due(&world))).unwrap();
    let record = &world.booking().record;
    assert_eq!((record.status, record.late_payment), (BookingStatus::Booked, Some(LatePayment::Rebooked)));
    assert_eq!((record.status_reason, record.cancelled_at), (None, None));
    assert_eq!(world.booking().voids[0].status, VoidStatus::Captured);
    assert_eq!(world.snapshot.night(SUITE, date("2026-12-25")).available, 0);
    assert_eq!(world.events.last().unwrap().happening, BookingHappening::Rebooked);
}

#[test]
fn a_late_payment_is_refunded_when_a_room_is_gone_or_the_stay_has_begun() {
    let mut gone = World::expired();
    let mut other = request();
    other.key = key(2);
    other.client_reference = None;
    assert!(matches!(gone.book(&other).unwrap(), Created::New(_)));
    let id = gone.booking().record.booking_id;
    gone.command_on(id, &paid("pr-9", due(&gone))).unwrap();
    let mut begun = World::expired();
    begun.snapshot.now = crate::tests::fixture::at("2026-12-24T23:00:00Z");
    begun.command(&paid("pr-9", due(&begun))).unwrap();
    for world in [gone, begun] {
        let booking = world.booking();
        assert_eq!(booking.record.late_payment, Some(LatePayment::Refunded));
        assert_eq!(booking.record.status, BookingStatus::Cancelled);
        assert_eq!(booking.refunds[0].amount, due(&world));
    }
}

#[test]
fn cancelling_is_free_until_the_day_of_arrival_and_costs_everything_after() {
    let mut early = World::booked();
    let free = preview(early.booking(), CancelledBy::Traveller, early.snapshot.now);
    assert_eq!(free.outcome, Cancellation { penalty: euros(0), refund: due(&early) });
    assert_eq!(free.valid_until, Some(crate::tests::fixture::at("2026-12-23T23:00:00Z")));
    early.command(&cancel(CancelledBy::Traveller)).unwrap();
    assert_eq!(early.booking().refunds[0].amount, due(&early));
    assert_eq!(early.booking().credit_notes.len(), 1);

    let mut late = World::booked();
    late.snapshot.now = free.valid_until.unwrap();
    late.command(&cancel(CancelledBy::Traveller)).unwrap();
    assert!(late.booking().refunds.is_empty());
    assert_eq!(late.booking().record.penalty, Some(due(&late)));
}

#[test]
fn the_hotel_cancels_without_a_penalty_and_gives_back_only_nights_to_come() {
    let mut world = World::booked();
    world.snapshot.now = crate::tests::fixture::at("2026-12-25T12:00:00Z");
    let decided = world.command(&cancel(CancelledBy::Hotel)).unwrap();
    assert_eq!(change(&decided.step).cancellation.unwrap().refund, due(&world));
    assert_eq!(world.booking().record.status_reason, Some(StatusReason::Hotel));
    assert_eq!(world.snapshot.night(DOUBLE, date("2026-12-24")).available, 1);
    assert_eq!(world.snapshot.night(DOUBLE, date("2026-12-25")).available, 3);
}

#[test]
fn a_penalty_above_what_was_accepted_cancels_nothing() {
    let mut world = World::booked();
    world.snapshot.now = crate::tests::fixture::at("2026-12-24T12:00:00Z");
    let order =
        Cancel { actor: ada(), by: CancelledBy::Traveller, accepted_penalty: Some(euros(1)), note: None };
    let refusal = world.command(&Command::Cancel(order)).unwrap_err();
    assert_eq!(refusal, Refusal::PenaltyChanged { accepted: euros(1), current: due(&world) });
    assert_eq!(world.booking().record.status, BookingStatus::Booked);
}

#[test]
fn cancelling_again_answers_the_same_and_an_unpaid_end_costs_nothing() {
    let mut world = World::cancelled(CancelledBy::Traveller);
    let again = world.command(&cancel(CancelledBy::Hotel)).unwrap();
    let same = Cancellation { penalty: euros(0), refund: due(&world) };
    assert_eq!(again.step, Step::Quiet(Quiet::AlreadyCancelled(same)));
    let mut expired = World::expired();
    let nothing = Cancellation { penalty: euros(0), refund: euros(0) };
    let step = expired.command(&cancel(CancelledBy::Traveller)).unwrap().step;
    assert_eq!(step, Step::Quiet(Quiet::AlreadyCancelled(nothing)));
    assert_eq!(
        preview(expired.booking(), CancelledBy::Traveller, expired.snapshot.now).cancellable,
        Cancellable::AlreadyCancelled
    );
}

#[test]
fn a_stay_is_completed_when_the_hotels_calendar_has_passed_its_end() {
    let mut world = World::booked();
    world.snapshot.now = crate::tests::fixture::at("2026-12-26T22:59:59Z");
    assert_eq!(world.command(&Command::StayEnded).unwrap().step, Step::Quiet(Quiet::NotYet(None)));
    world.snapshot.now = crate::tests::fixture::at("2026-12-26T23:00:00Z");
    let decided = world.command(&Command::StayEnded).unwrap();
    assert_eq!(decided.after.status, BookingStatus::Completed);
    assert_eq!(change(&decided.step).rooms, RoomsMove::Stay);
}

#[test]
fn papers_are_numbered_once_and_a_credit_note_after_its_refund() {
    let mut world = World::booked();
    world.command(&Command::NumberPapers).unwrap();
    assert_eq!(world.booking().invoice.as_ref().unwrap().number.as_deref(), Some("PAR-2026-000001"));
    assert_eq!(world.command(&Command::NumberPapers).unwrap().step, Step::Quiet(Quiet::Duplicate));
    world.command(&cancel(CancelledBy::Traveller)).unwrap();
    world.command(&Command::NumberPapers).unwrap();
    let facts = world.events.last().unwrap().body.invoice.clone().unwrap();
    assert_eq!(facts.credit_note.unwrap().number, "PAR-C2026-000001");
    assert_eq!(facts.number, "PAR-2026-000001");
}

/// Nobody may know whether it was written, and so it is decided again.
#[test]
fn what_is_carried_out_again_and_does_more_is_told_by_another_event() {
    let mut world = World::booked();
    let number = |world: &mut World| {
        let (_, plan) =
            decide(&world.snapshot, world.booking(), &Command::NumberPapers, &ids(9), &world.rules).unwrap();
        world.execute(&plan);
        plan.events[0].event_id
    };
    let first = number(&mut world);
    world.command(&cancel(CancelledBy::Traveller)).unwrap();
    assert_ne!(number(&mut world), first);
}

#[test]
fn a_session_that_ended_unpaid_owes_a_void_so_that_money_whose_word_was_lost_is_asked_for() {
    let mut world = World::reserved();
    world.command(&Command::CheckoutEnded).unwrap();
    assert_eq!(world.booking().own_payment().status, PaymentStatus::Failed);
    assert_eq!(world.booking().voids.len(), 1);
    assert!(!settled(world.booking()));
    let mut dead = world.clone();
    dead.command(&Command::VoidConfirmed).unwrap();
    assert_eq!(dead.booking().own_payment().status, PaymentStatus::Failed, "it stays what it was");
    assert!(settled(dead.booking()));
    world.command(&paid("pr-1", due(&world))).unwrap();
    assert_eq!(world.booking().record.late_payment, Some(LatePayment::Rebooked));
    assert_eq!(world.booking().voids[0].status, VoidStatus::Captured);
}

#[test]
fn a_capture_in_another_currency_is_never_booked_and_goes_back() {
    let mut world = World::reserved();
    let dollars = Money::new(due(&world).amount(), Currency::parse("USD").unwrap()).unwrap();
    world.command(&paid("pr-1", dollars)).unwrap();
    let payment = world.booking().own_payment();
    assert_eq!(
        (payment.status, payment.captured, payment.amount),
        (PaymentStatus::InReview, dollars, due(&world))
    );
    let refusal = world.command(&reviewed(payment.payment_id, Review::Book)).unwrap_err();
    assert_eq!(refusal, Refusal::ForeignCapture { captured: dollars, currency: due(&world).currency() });
    world.command(&reviewed(payment.payment_id, Review::Refund)).unwrap();
    assert_eq!(world.booking().refunds[0].amount, dollars);
}

#[test]
fn a_review_decided_again_is_answered_the_same_and_the_other_way_refused() {
    for (review, other) in [(Review::Book, Review::Refund), (Review::Refund, Review::Book)] {
        let mut world = World::reserved();
        world.command(&paid("pr-1", euros(1))).unwrap();
        let id = world.booking().own_payment().payment_id;
        let first = world.command(&reviewed(id, review)).unwrap();
        let again = world.command(&reviewed(id, review)).unwrap();
        assert_eq!(again.step, Step::Quiet(Quiet::Duplicate));
        assert_eq!((again.after, again.payment), (first.after, first.payment));
        assert_eq!(world.command(&reviewed(id, other)).unwrap_err(), Refusal::NotInReview);
    }
    let mut never = World::booked();
    let id = never.booking().own_payment().payment_id;
    assert_eq!(never.command(&reviewed(id, Review::Book)).unwrap_err(), Refusal::NotInReview);
}

#[test]
fn a_penalty_accepted_in_another_currency_is_told_as_such() {
    let mut world = World::booked();
    let dollars = Money::zero(Currency::parse("USD").unwrap());
    let order =
        Cancel { actor: ada(), by: CancelledBy::Traveller, accepted_penalty: Some(dollars), note: None };
    let refusal = world.command(&Command::Cancel(order)).unwrap_err();
    assert_eq!(refusal, Refusal::ForeignPenalty(due(&world).currency()));
}

#[test]
fn every_event_tells_who_did_it_and_why() {
    let mut world = World::booked();
    world.command(&cancel(CancelledBy::Hotel)).unwrap();
    let told: Vec<_> =
        world.events.iter().map(|event| (event.body.actor.clone().unwrap(), event.reason)).collect();
    assert_eq!(told, [(ada(), None), (Actor::provider(), None), (operator(), Some("hotel"))]);
    let mut late = World::expired();
    late.rules.late_payment = crate::LatePaymentRule::Refund;
    late.command(&paid("pr-9", due(&late))).unwrap();
    let last = late.events.last().unwrap();
    assert_eq!((last.body.actor.clone(), last.reason), (Some(Actor::provider()), Some("late_payment")));
}

#[test]
fn a_refund_is_confirmed_once() {
    let mut world = World::cancelled(CancelledBy::Traveller);
    let refund = world.booking().refunds[0].refund_id;
    world.command(&Command::RefundConfirmed(refund)).unwrap();
    assert_eq!(world.booking().own_payment().status, PaymentStatus::Refunded);
    assert!(settled(world.booking()));
    let again = world.command(&Command::RefundConfirmed(refund)).unwrap();
    assert_eq!(again.step, Step::Quiet(Quiet::Duplicate));
}

#[test]
fn a_refund_is_confirmed_by_the_name_that_the_provider_knows() {
    let mut world = World::cancelled(CancelledBy::Traveller);
    let (id, first) = (world.booking().record.booking_id, world.booking().refunds[0].refund_id);
    let name = uuid::Uuid::from_u128(77).into();
    world.snapshot.bookings.get_mut(&id).unwrap().refunds[0].provider_refund_id = name;
    let early = world.command(&Command::RefundConfirmed(first)).unwrap_err();
    assert_eq!(early, Refusal::RefundRenewed(first));
    world.command(&Command::RefundConfirmed(name)).unwrap();
    let refund = &world.booking().refunds[0];
    assert_eq!((refund.refund_id, refund.status), (first, crate::RefundStatus::Confirmed));
    assert!(settled(world.booking()));
    assert_eq!(world.command(&Command::RefundConfirmed(first)).unwrap_err(), Refusal::RefundRenewed(first));
}

#[test]
fn money_for_an_archived_booking_goes_back_and_raises_its_version() {
    let mut world = World::expired();
    let record = world.booking().record.clone();
    let purged = crate::Purged {
        booking_id: record.booking_id,
        user_id: record.user_id,
        hotel_id: record.hotel_id,
        status: record.status,
        late_payment: None,
        version: record.version + 3,
    };
    world.snapshot.purged.insert(record.booking_id, purged);
    let booking = world.snapshot.revive(&record).unwrap();
    let late = paid("pr-9", due(&world));
    let (decided, plan) = crate::decide(&world.snapshot, &booking, &late, &ids(1), &world.rules).unwrap();
    assert_eq!(decided.after.version, record.version + 4);
    assert_eq!(decided.after.late_payment, Some(LatePayment::Refunded));
    assert_eq!(plan.moves[0].home, crate::Home::Purged);
    assert!(plan.nights.is_empty());
}

#[test]
fn a_deactivated_room_is_not_sold_again_by_a_late_payment() {
    let mut world = World::expired();
    let mut stopped = room(DOUBLE, 3);
    stopped.hotel_active = false;
    world.snapshot.rooms.insert(DOUBLE, stopped);
    world.command(&paid("pr-9", due(&world))).unwrap();
    assert_eq!(world.booking().record.late_payment, Some(LatePayment::Refunded));
}
