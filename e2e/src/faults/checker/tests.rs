//! A good run passes; each rule finds what it is there to find.

mod holds;
mod stays;
mod unknown;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{check, holds::RELEASE};
use crate::faults::{
    history::{End, Entry, Made, Micros, Units, What},
    snapshot::{Booking, Event, Logged, Night, Payment, Place, Snapshot, Taken},
};

const ROOM: Uuid = Uuid::from_u128(1);
const SECOND: Micros = 1_000_000;
const HOLD: Micros = 300 * SECOND;

/// A run with one room of one unit.
struct Run {
    history: Vec<Entry>,
    snapshot: Snapshot,
}

fn night() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 24).unwrap()
}

fn booking(number: u128) -> Uuid {
    Uuid::from_u128(number << 8)
}

fn payment(number: u128) -> Uuid {
    Uuid::from_u128(number << 16)
}

impl Run {
    /// At 10 s the first books; at 20 s it pays, and somebody else is told that the room is sold out; at 30 s it cancels and
    /// gets its money back; at 40 s a third one books, whose hold ends.
    fn good() -> Self {
        let history = vec![entry(0, 0, What::Clock { offset_us: 0 }), entry(0, 0, room())];
        let mut run = Self { history, snapshot: Snapshot::default() };
        run.books(1, 10);
        run.asks(2, 20, End::Refused { code: "sold_out".to_owned() });
        run.history.push(entry(
            20,
            21,
            What::Pay { booking_id: booking(1), how: "good".to_owned(), end: End::Done },
        ));
        run.history.push(entry(30, 31, What::Cancel { booking_id: booking(1), end: End::Done }));
        run.has(1, "CANCELLED", &[("BOOKED", 20, None), ("CANCELLED", 30, Some("traveller"))]);
        run.snapshot.provider.insert(payment(1), Taken { captured: 100, refunded: 100 });
        run.snapshot.payments.insert(booking(1), Payment { captured: 100, refunded: 100 });
        run.books(3, 40);
        run.has(3, "CANCELLED", &[("CANCELLED", 341, Some("hold_expired"))]);
        run.snapshot.voids.insert(booking(3));
        run.snapshot.nights.push(Night { room_id: ROOM, date: night(), initial: 1, available: 1 });
        run
    }

    fn books(&mut self, number: u128, at: Micros) {
        let hold_expires_at = at * SECOND + HOLD;
        let made =
            Made { booking_id: booking(number), payment_id: payment(number), total: 100, hold_expires_at };
        self.asks(number, at, End::Made(made));
    }

    fn asks(&mut self, number: u128, at: Micros, end: End) {
        let units = vec![Units { room_id: ROOM, night: night(), quantity: 1 }];
        let book = What::Book {
            key: format!("key {number}"),
            user_id: Uuid::from_u128(number),
            units,
            loose: false,
            end,
        };
        self.history.push(entry(at, at + 1, book));
    }

    /// The stores have it, with these transitions behind the first.
    fn has(&mut self, number: u128, status: &str, steps: &[(&str, Micros, Option<&str>)]) {
        let mut from = "RESERVED".to_owned();
        let id = booking(number);
        self.snapshot.events.push(event(id, 1, "RESERVED"));
        for (version, (to, at, reason)) in (2..).zip(steps) {
            let reason = reason.map(str::to_owned);
            let to = (*to).to_owned();
            self.snapshot.events.push(event(id, version, &to));
            let row = Logged { booking_id: id, version, at: at * SECOND, from, to: to.clone(), reason };
            self.snapshot.history.push(row);
            from = to;
        }
        let asked = self.history.iter().find_map(|entry| {
            let What::Book { end: End::Made(made), .. } = &entry.what else { return None };
            (made.booking_id == id).then_some(made.hold_expires_at)
        });
        let one = Booking {
            user_id: Uuid::from_u128(number),
            payment_id: payment(number),
            status: status.to_owned(),
            version: i64::try_from(steps.len()).unwrap() + 1,
            penalty: 0,
            hold_expires_at: asked.unwrap_or_default(),
            place: Place::Active,
        };
        self.snapshot.bookings.insert(id, one);
    }

    fn stored(&mut self, number: u128) -> &mut Booking {
        self.snapshot.bookings.get_mut(&booking(number)).unwrap()
    }

    /// The one promise that is broken, however often.
    #[track_caller]
    fn breaks(&self, promise: &str) {
        let breaches = check(&self.history, &self.snapshot, RELEASE);
        assert!(!breaches.is_empty(), "{promise}: nothing was found");
        let other = breaches.iter().find(|one| !one.promise.contains(promise));
        assert_eq!(other, None, "{promise} expected");
    }
}

fn room() -> What {
    What::Room { hotel_id: ROOM, room_id: ROOM, quantity: 1 }
}

fn event(booking_id: Uuid, version: i64, status: &str) -> Event {
    let id = Uuid::from_u128(booking_id.as_u128() + u128::try_from(version).unwrap());
    Event { id, booking_id, version, status: status.to_owned() }
}

fn entry(invoke: Micros, complete: Micros, what: What) -> Entry {
    Entry { process: 1, invoke: invoke * SECOND, complete: complete * SECOND, what }
}

#[test]
fn a_good_run_passes() {
    let run = Run::good();
    assert_eq!(check(&run.history, &run.snapshot, RELEASE), []);
}

#[test]
fn a_booking_that_is_gone_is_found() {
    let mut run = Run::good();
    run.snapshot.bookings.remove(&booking(3));
    run.breaks("once and only once");
}

#[test]
fn two_bookings_of_one_key_are_found() {
    let mut run = Run::good();
    run.has(4, "CANCELLED", &[("CANCELLED", 341, Some("hold_expired"))]);
    run.stored(4).user_id = Uuid::from_u128(3);
    run.stored(4).hold_expires_at = 340 * SECOND;
    run.snapshot.voids.insert(booking(4));
    run.breaks("once and only once");
}

#[test]
fn a_key_that_was_told_of_two_bookings_is_found() {
    let mut run = Run::good();
    let made =
        Made { booking_id: booking(9), payment_id: payment(9), total: 100, hold_expires_at: 340 * SECOND };
    run.asks(3, 42, End::Made(made));
    run.breaks("once and only once");
}

#[test]
fn a_booking_of_somebody_who_was_refused_is_found() {
    let mut run = Run::good();
    run.has(2, "CANCELLED", &[("CANCELLED", 341, Some("hold_expired"))]);
    run.stored(2).hold_expires_at = 340 * SECOND;
    run.snapshot.voids.insert(booking(2));
    run.breaks("once and only once");
}

#[test]
fn a_purged_booking_without_a_copy_is_found() {
    let mut run = Run::good();
    run.stored(3).place = Place::Archived;
    assert_eq!(check(&run.history, &run.snapshot, RELEASE), []);
    run.stored(3).place = Place::Nowhere;
    run.breaks("once and only once");
}

#[test]
fn a_refusal_without_a_reason_is_found() {
    let mut run = Run::good();
    run.asks(4, 50, End::Refused { code: "client_reference_reused".to_owned() });
    run.breaks("has no booking, and for one reason");
    let mut run = Run::good();
    run.asks(3, 42, End::Refused { code: "sold_out".to_owned() });
    run.breaks("has no booking, and for one reason");
}

#[test]
fn a_night_that_is_sold_twice_is_found() {
    let mut run = Run::good();
    run.books(4, 50);
    run.has(4, "CANCELLED", &[("CANCELLED", 351, Some("hold_expired"))]);
    run.snapshot.voids.insert(booking(4));
    run.breaks("never held above its quantity");
}

#[test]
fn a_hold_that_may_have_ended_counts_no_more() {
    let mut run = Run::good();
    run.books(4, 341);
    run.has(4, "CANCELLED", &[("CANCELLED", 642, Some("hold_expired"))]);
    run.snapshot.voids.insert(booking(4));
    assert_eq!(check(&run.history, &run.snapshot, RELEASE), []);
}

#[test]
fn nights_that_do_not_add_up_are_found() {
    let mut run = Run::good();
    run.snapshot.nights[0].available = 0;
    run.breaks("add up");
    let mut run = Run::good();
    run.snapshot.nights[0].initial = 2;
    run.snapshot.nights[0].available = 2;
    run.breaks("add up");
}

#[test]
fn a_false_sold_out_is_found() {
    let mut run = Run::good();
    run.asks(4, 36, End::Refused { code: "sold_out".to_owned() });
    run.breaks("only when it is");
}

#[test]
fn a_sold_out_while_somebody_may_hold_the_room_is_true() {
    let mut run = Run::good();
    run.asks(4, 350, End::Refused { code: "sold_out".to_owned() });
    assert_eq!(check(&run.history, &run.snapshot, RELEASE), []);
    run.asks(5, 360, End::Refused { code: "sold_out".to_owned() });
    run.breaks("only when it is");
}

#[test]
fn events_that_are_missing_out_of_order_or_made_anew_are_found() {
    let mut run = Run::good();
    run.snapshot.events.remove(1);
    run.breaks("told once and in order");
    let mut run = Run::good();
    run.snapshot.events.swap(0, 1);
    run.breaks("told once and in order");
    let mut run = Run::good();
    run.snapshot.events.pop();
    run.breaks("told once and in order");
    let mut run = Run::good();
    let mut anew = run.snapshot.events[1].clone();
    run.snapshot.events.push(anew.clone());
    assert_eq!(check(&run.history, &run.snapshot, RELEASE), [], "a repeat of the same event is none");
    anew.id = Uuid::from_u128(99);
    run.snapshot.events.push(anew);
    run.breaks("told once and in order");
}

#[test]
fn a_gap_in_the_history_is_found() {
    let mut run = Run::good();
    run.snapshot.history.remove(0);
    run.breaks("the history has every transition");
}

#[test]
fn money_that_is_neither_kept_nor_given_back_is_found() {
    let with = |captured: i64, refunded: i64| {
        let mut run = Run::good();
        run.snapshot.provider.insert(payment(1), Taken { captured, refunded });
        run.snapshot.payments.insert(booking(1), Payment { captured, refunded });
        run
    };
    with(100, 0).breaks("kept for a room or given back");
    with(100, 200).breaks("kept for a room or given back");
    with(200, 100).breaks("kept for a room or given back");
    let mut run = with(100, 100);
    run.snapshot.payments.insert(booking(1), Payment { captured: 100, refunded: 0 });
    run.breaks("kept for a room or given back");
}

#[test]
fn a_checkout_that_stays_open_is_found() {
    let mut run = Run::good();
    run.snapshot.voids.clear();
    run.breaks("cannot pay any more");
}

/// The first books and pays, and nobody else comes.
fn paid() -> Run {
    let history = vec![entry(0, 0, What::Clock { offset_us: 0 }), entry(0, 0, room())];
    let mut run = Run { history, snapshot: Snapshot::default() };
    run.books(1, 10);
    run.history.push(entry(
        20,
        21,
        What::Pay { booking_id: booking(1), how: "good".to_owned(), end: End::Done },
    ));
    run.has(1, "BOOKED", &[("BOOKED", 20, None)]);
    run.snapshot.provider.insert(payment(1), Taken { captured: 100, refunded: 0 });
    run.snapshot.payments.insert(booking(1), Payment { captured: 100, refunded: 0 });
    run.snapshot.nights.push(Night { room_id: ROOM, date: night(), initial: 1, available: 0 });
    run
}

#[test]
fn an_acknowledged_cancellation_that_is_gone_is_found() {
    assert_eq!(check(&paid().history, &paid().snapshot, RELEASE), []);
    let cancelled = |end: End| {
        let mut run = paid();
        run.history.push(entry(30, 31, What::Cancel { booking_id: booking(1), end }));
        run
    };
    cancelled(End::Done).breaks("acknowledged cancellation");
    let untold = cancelled(End::Unknown);
    assert_eq!(check(&untold.history, &untold.snapshot, RELEASE), [], "nobody was told so");
}

#[test]
fn who_was_refused_by_one_copy_while_the_other_was_asked_too_may_have_a_booking() {
    let refused = |doubled: bool| {
        let mut run = paid();
        for asked in &mut run.history {
            if let What::Book { loose, end, .. } = &mut asked.what {
                (*loose, *end) = (doubled, End::Refused { code: "sold_out".to_owned() });
            }
        }
        let breaches = check(&run.history, &run.snapshot, RELEASE);
        breaches.iter().any(|one| one.what.contains("was refused and has"))
    };
    assert!(refused(false) && !refused(true));
}

#[test]
fn a_session_that_was_tried_and_not_paid_may_end_a_minute_before_its_hold() {
    let rooms_again_at = |tried: bool| {
        let mut run = Run::good();
        if tried {
            run.history.push(entry(
                50,
                51,
                What::Pay { booking_id: booking(3), how: "declined".to_owned(), end: End::Done },
            ));
        }
        // Somebody has the only unit while the hold has thirty seconds left.
        run.books(4, 310);
        let breaches = check(&run.history, &run.snapshot, RELEASE);
        breaches.iter().any(|one| one.promise.contains("above its quantity"))
    };
    assert!(rooms_again_at(false) && !rooms_again_at(true));
}

#[test]
fn an_old_price_is_found() {
    let prices = |at: Micros, price: i64| entry(at, at + 1, What::Price { room_id: ROOM, price, seen: true });
    let mut run = Run::good();
    run.history.extend([prices(0, 100), prices(40, 200)]);
    assert_eq!(check(&run.history, &run.snapshot, RELEASE), [], "it moves while the third one books");
    let mut run = Run::good();
    run.history.extend([prices(0, 100), prices(35, 200)]);
    run.breaks("the price of its time");
}
