//! A stay that is over is completed, its money kept, also once it was purged.

use super::{super::super::snapshot::Stays, *};

/// Past the night, by the services' clock.
const PAST: Micros = 60 * 365 * 86_400 * SECOND;

fn completed(place: Place) -> Run {
    let mut run = paid();
    run.snapshot.events.clear();
    run.snapshot.history.clear();
    run.has(1, "COMPLETED", &[("BOOKED", 20, None), ("COMPLETED", 40, None)]);
    run.stored(1).place = place;
    run
}

#[test]
fn a_completed_stay_is_a_legal_end_and_counted() {
    for (place, purged) in [(Place::Active, 0), (Place::Archived, 1)] {
        let run = completed(place);
        assert_eq!(check(&run.history, &run.snapshot, RELEASE), []);
        assert_eq!(run.snapshot.stays(), Stays { completed: 1, purged });
    }
}

#[test]
fn a_completed_stay_that_is_in_no_archive_is_found() {
    completed(Place::Nowhere).breaks("once and only once");
}

#[test]
fn the_money_of_a_completed_stay_that_went_back_is_found() {
    let mut run = completed(Place::Archived);
    run.snapshot.provider.insert(payment(1), Taken { captured: 100, refunded: 100 });
    run.snapshot.payments.insert(booking(1), Payment { captured: 100, refunded: 100 });
    run.breaks("kept for a room or given back");
}

#[test]
fn a_stay_that_is_completed_unpaid_or_twice_is_found() {
    let with = |steps: &[(&str, Micros, Option<&str>)]| {
        let mut run = paid();
        run.snapshot.events.clear();
        run.snapshot.history.clear();
        run.has(1, "COMPLETED", steps);
        check(&run.history, &run.snapshot, RELEASE)
            .iter()
            .any(|one| one.promise.contains("each of them legal"))
    };
    assert!(with(&[("COMPLETED", 20, None)]), "from a hold");
    assert!(
        with(&[("BOOKED", 20, None), ("CANCELLED", 30, None), ("COMPLETED", 40, None)]),
        "from a cancellation"
    );
    assert!(!with(&[("BOOKED", 20, None), ("COMPLETED", 40, None)]));
}

#[test]
fn a_night_that_is_past_may_count_as_sold_for_who_held_it_and_for_no_less() {
    let with = |left: u32, offset_us: Micros| {
        let mut run = Run::good();
        run.snapshot.nights[0].available = left;
        run.history.push(entry(700, 701, What::Clock { offset_us }));
        run
    };
    with(0, 0).breaks("add up");
    let past = with(0, PAST);
    assert_eq!(check(&past.history, &past.snapshot, RELEASE), [], "given back when it was past");
    let mut resold = completed(Place::Active);
    resold.snapshot.nights[0].available = 1;
    resold.history.push(entry(700, 701, What::Clock { offset_us: PAST }));
    resold.breaks("add up");
}
