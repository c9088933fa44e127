//! The simulation tried on itself: the same twice, right without a mistake, and no mistake unseen.

use std::collections::BTreeSet;

use crate::{
    campaign,
    case::Case,
    hotels::Hotels,
    planted::Planted,
    results::{Results, Run, Sum},
    run::{Figures, run},
    shrink::shrunk,
    trace::Trace,
};

/// Seeds within which each mistake is found; the most stubborn one takes a third of them.
const SEEDS: u64 = 3_000;

#[test]
fn a_seed_replays_to_the_byte() {
    let hotels = Hotels::new().unwrap();
    for seed in 0..20 {
        let trace = || run(&hotels, &Case::whole(seed), None, Trace::kept()).trace;
        assert_eq!(trace(), trace());
    }
}

#[test]
fn every_promise_is_kept_whatever_goes_wrong() {
    let outcome = campaign::seeds(&Hotels::new().unwrap(), 0, 1_000, None);
    assert!(outcome.failed.is_none(), "{:?}", outcome.failed);
    let Figures { bookings, deaths, .. } = outcome.figures;
    assert!(bookings > 5_000 && deaths > 500, "{:?}: something must have happened", outcome.figures);
}

#[test]
fn hints_come_and_whoever_is_refused_is_refused_for_each_reason_that_there_can_be() {
    let hotels = Hotels::new().unwrap();
    let mut unseen = BTreeSet::from([
        "Hinted(",
        "Refused(SoldOut",
        "Refused(Restricted",
        "Refused(PriceChanged",
        "Refused(TooManyHolds",
    ]);
    for seed in 0..200 {
        let trace = run(&hotels, &Case::whole(seed), None, Trace::kept()).trace;
        unseen.retain(|word| !trace.iter().any(|line| line.contains(word)));
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn the_hotels_tell_in_two_lanes_and_fall_into_two_shards() {
    let hotels = Hotels::new().unwrap();
    let [first, second] = hotels.lanes();
    assert_ne!(first, second);
    let [first, second] = hotels.ids.map(|hotel| hotel.share() % 2);
    assert_ne!(first, second);
}

#[test]
fn every_planted_mistake_is_found() {
    let hotels = Hotels::new().unwrap();
    for (planted, name, _) in Planted::ALL.into_iter().filter(|(planted, ..)| planted.can_be_made()) {
        let outcome = campaign::seeds(&hotels, 0, SEEDS, Some(planted));
        assert!(outcome.failed.is_some(), "{name} was not found");
    }
}

#[test]
fn a_failing_case_is_made_smaller_and_fails_alike() {
    let hotels = Hotels::new().unwrap();
    let planted = Some(Planted::VoidNotOwed);
    let (case, breach) = campaign::seeds(&hotels, 0, SEEDS, planted).failed.unwrap();
    let small = shrunk(&hotels, case.clone(), planted, breach.promise);
    assert!(small.numbers().len() < case.numbers().len() / 2, "{small:?}");
    let again = run(&hotels, &small, planted, Trace::default());
    assert_eq!(again.breach.map(|breach| breach.promise), Some(breach.promise));
}

#[test]
fn what_is_left_out_of_a_case_does_not_happen_and_the_rest_does() {
    let whole = Case::whole(7);
    let mut small = whole.clone();
    small.without = BTreeSet::from([0, 2]);
    let mut expected = whole.script().happenings;
    expected.remove(2);
    expected.remove(0);
    assert_eq!(small.script().happenings, expected);
    assert_eq!(small.script().calm_from, whole.script().calm_from);
}

#[test]
fn a_campaign_goes_on_behind_its_last_seed_and_its_figures_are_the_sum() {
    let figures = Figures { seeds: 10, works: 100, ..Figures::default() };
    let mut results = Results::default();
    assert_eq!(results.next(), 0);
    results.append(Run { first: 0, sum: Sum { figures, seconds: 2.0 } });
    assert_eq!(results.next(), 10);
    results.append(Run { first: 10, sum: Sum { figures, seconds: 3.0 } });
    assert_eq!((results.next(), results.sum.figures.works), (20, 200));
    let text = serde_json::to_string(&results).unwrap();
    let read: Results = serde_json::from_str(&text).unwrap();
    assert_eq!((read.next(), read.sum.figures), (20, results.sum.figures));
}
