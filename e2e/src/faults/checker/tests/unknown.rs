//! Who gave up does not know what became of it: either way is right, but for two bookings.

use super::*;

/// The good run, and somebody who asked and was not answered.
fn unanswered() -> Run {
    let mut run = Run::good();
    run.asks(4, 350, End::Unknown);
    run
}

/// And the stores have a booking of it, whose hold ended.
fn carried_out(number: u128) -> Run {
    let mut run = unanswered();
    run.has(number, "CANCELLED", &[("CANCELLED", 651, Some("hold_expired"))]);
    run.stored(number).hold_expires_at = 650 * SECOND;
    run.snapshot.voids.insert(booking(number));
    run
}

#[test]
fn who_was_not_answered_may_have_a_booking_or_none() {
    for run in [unanswered(), carried_out(4)] {
        assert_eq!(check(&run.history, &run.snapshot, RELEASE), []);
    }
}

#[test]
fn who_was_not_answered_has_no_two_bookings() {
    let mut run = carried_out(4);
    run.has(5, "CANCELLED", &[("CANCELLED", 651, Some("hold_expired"))]);
    run.stored(5).hold_expires_at = 650 * SECOND;
    run.stored(5).user_id = Uuid::from_u128(4);
    run.snapshot.voids.insert(booking(5));
    run.breaks("once and only once");
}

#[test]
fn what_nobody_was_told_of_may_have_sold_the_room_out() {
    let refused = |mut run: Run| {
        run.asks(6, 360, End::Refused { code: "sold_out".to_owned() });
        run
    };
    let run = refused(carried_out(4));
    assert_eq!(check(&run.history, &run.snapshot, RELEASE), []);
    refused(unanswered()).breaks("only when it is");
}

#[test]
fn the_hold_of_who_was_not_answered_ends_on_time_and_its_void_is_there() {
    let mut run = carried_out(4);
    run.snapshot
        .history
        .iter_mut()
        .filter(|row| row.booking_id == booking(4))
        .for_each(|row| row.at = 656 * SECOND);
    run.breaks("ends within 5 s");
    let mut run = carried_out(4);
    run.snapshot.voids.remove(&booking(4));
    run.breaks("cannot pay any more");
}

#[test]
fn money_of_who_was_not_answered_is_found() {
    let mut run = carried_out(4);
    run.snapshot.provider.insert(payment(4), Taken { captured: 100, refunded: 0 });
    run.snapshot.payments.insert(booking(4), Payment { captured: 100, refunded: 0 });
    run.breaks("kept for a room or given back");
}
