//! A hold that ends late is found, and excused for as long as nobody was there who could end it.

use super::{super::holds::DEBUG, *};

/// When the hold of the good run ends.
const DUE: Micros = 340;

/// The good run, but that its hold ends then.
fn ended_at(at: Micros) -> Run {
    let mut run = Run::good();
    run.snapshot.history[2].at = at * SECOND;
    run
}

/// Gone from then to then.
fn away(name: &str, (from, to): (Micros, Micros)) -> Entry {
    entry(from, to, What::Away { name: name.to_owned(), frozen: false })
}

fn frozen(name: &str, (from, to): (Micros, Micros)) -> Entry {
    entry(from, to, What::Away { name: name.to_owned(), frozen: true })
}

/// With these away, a hold is on time until then and late from the next second on.
#[track_caller]
fn on_time_until(last: Micros, away: &[Entry]) {
    let with = |at: Micros| {
        let mut run = ended_at(at);
        run.history.extend_from_slice(away);
        run
    };
    let run = with(last);
    assert_eq!(check(&run.history, &run.snapshot, RELEASE), [], "at {last}");
    with(last + 1).breaks("ends within 5 s");
}

#[test]
fn a_hold_is_over_within_five_seconds() {
    on_time_until(DUE + 5, &[]);
    on_time_until(DUE + 5, &[away("greenmail", (335, 336)), away("archival-service", (339, 350))]);
}

#[test]
fn the_death_of_one_copy_excuses_until_the_other_has_its_holds() {
    for copy in ["booking-service", "booking-service-2"] {
        on_time_until(DUE + 4 + 5, &[away(copy, (339, 341))]);
        on_time_until(DUE + 4 + 5, &[away(copy, (339, 399))]);
        on_time_until(DUE + 5, &[away(copy, (335, 399))]);
    }
    on_time_until(DUE + 5, &[away("booking-service", (330, 399)), away("greenmail", (331, 399))]);
}

#[test]
fn two_deaths_one_after_the_other_excuse_one_after_the_other() {
    let deaths = [away("booking-service", (332, 334)), away("booking-service-2", (338, 342))];
    on_time_until(DUE + 3 + 5, &deaths);
}

#[test]
fn a_copy_that_stands_still_excuses_until_it_goes_on() {
    on_time_until(DUE + 9 + 5, &[frozen("booking-service-2", (339, 349))]);
    on_time_until(DUE + 4 + 5, &[frozen("booking-service-2", (339, 340))]);
}

#[test]
fn while_neither_copy_is_there_and_some_seconds_after_it_nobody_ends_a_hold() {
    let both = [away("booking-service", (330, 336)), away("booking-service-2", (333, 350))];
    on_time_until(DUE + 8 + 5, &both);
    let one_stands_still = [frozen("booking-service", (330, 336)), away("booking-service-2", (333, 350))];
    on_time_until(DUE + 8 + 5, &one_stands_still);
}

#[test]
fn the_database_and_the_provider_excuse_until_they_are_back_and_some_seconds_after_it() {
    for name in ["mysql-booking", "payment-sandbox"] {
        on_time_until(DUE + 8 + 5, &[away(name, (335, 336))]);
    }
    on_time_until(DUE + 5, &[away("mysql-hotel", (335, 336))]);
}

#[test]
fn what_excuses_at_once_excuses_once() {
    on_time_until(DUE + 8 + 5, &[away("mysql-booking", (335, 336)), away("booking-service", (339, 341))]);
}

#[test]
fn a_debug_build_is_slower_with_the_hundreds_that_a_moved_clock_ends() {
    let mut moved = ended_at(347);
    moved.history.push(entry(335, 336, What::Clock { offset_us: 0 }));
    moved.breaks("ends within 5 s");
    assert_eq!(check(&moved.history, &moved.snapshot, DEBUG), []);
    let later = ended_at(347);
    assert!(!check(&later.history, &later.snapshot, DEBUG).is_empty(), "and not slower with one");
}

#[test]
fn a_hold_that_never_ends_is_found() {
    let mut run = Run::good();
    run.snapshot.history.pop();
    run.snapshot.events.pop();
    let stored = run.stored(3);
    (stored.status, stored.version) = ("RESERVED".to_owned(), 1);
    run.snapshot.nights[0].available = 0;
    run.breaks("ends within 5 s");
}
