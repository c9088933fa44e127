//! The ends of holds, one promise each, and a thousand of them under a provider of every mood.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::{BookingId, HotelId, Instant};
use uuid::Uuid;

use crate::{
    Command, HoldRules, ProviderSaid,
    dice::Dice,
    hold_ends::{DueHold, HoldBounds, HoldDone, HoldEnds, HoldInput, HoldOutput},
    tests::fixture::{HOTEL, capture, euros, new_id, noon},
};

fn after(ms: i64) -> Instant {
    noon().plus(TimeDelta::milliseconds(ms))
}

fn hold(n: u128, ends_ms: i64) -> DueHold {
    DueHold { booking_id: new_id(n), hotel_id: HOTEL, ends_at: after(ends_ms) }
}

fn ends(slots: usize) -> HoldEnds {
    HoldEnds::new(HoldRules::default(), HoldBounds { slots, page: 3, ..HoldBounds::default() })
}

/// What is done at that moment besides asking whoever hints.
fn tick(ends: &mut HoldEnds, ms: i64) -> Vec<HoldOutput> {
    besides_looks(ends.step(HoldInput::Tick(after(ms))))
}

fn besides_looks(mut out: Vec<HoldOutput>) -> Vec<HoldOutput> {
    out.retain(|output| !matches!(output, HoldOutput::Look(_)));
    out
}

fn asked(out: &[HoldOutput]) -> Vec<BookingId> {
    let ask = |output: &HoldOutput| if let HoldOutput::Ask(id, _) = output { Some(*id) } else { None };
    out.iter().filter_map(ask).collect()
}

fn submitted(out: &[HoldOutput]) -> Vec<(BookingId, ProviderSaid)> {
    let submit = |output: &HoldOutput| {
        let HoldOutput::Submit(_, id, Command::ProviderSaid(said)) = output else { return None };
        Some((*id, said.clone()))
    };
    out.iter().filter_map(submit).collect()
}

fn paid() -> ProviderSaid {
    ProviderSaid::Paid(capture("pr-1", euros(60_006)))
}

#[test]
fn it_looks_each_second_for_what_ends_within_three_and_page_by_page() {
    let mut ends = ends(64);
    let list = |until, after| HoldOutput::List { until, after };
    assert_eq!(tick(&mut ends, 0), [list(after(3_000), None)]);
    assert_eq!(tick(&mut ends, 500), [], "one look at a time");
    let page = vec![hold(1, 9_000), hold(2, 9_000), hold(3, 9_500)];
    assert_eq!(ends.step(HoldInput::Due(page)), [list(after(3_500), Some(hold(3, 9_500)))]);
    assert_eq!(ends.wakes_at(), Some(after(6_000)), "the look goes on: nothing is to be done before");
    assert_eq!(ends.step(HoldInput::Due(vec![hold(4, 9_600)])), []);
    assert_eq!(tick(&mut ends, 999), []);
    assert_eq!(tick(&mut ends, 1_000), [list(after(4_000), Some(behind(3_500)))]);
    ends.step(HoldInput::NotListed);
    assert_eq!(tick(&mut ends, 2_000), [list(after(5_000), None)], "a list that was not read is read again");
    assert_eq!(ends.len(), 4);
}

#[test]
fn whoever_hints_is_asked_once_at_each_look_whether_it_is_at_everything_or_at_a_part() {
    let mut ends = ends(64);
    for second in 0..7 {
        let out = ends.step(HoldInput::Tick(after(second * 1_000)));
        let looks: Vec<&HoldOutput> =
            out.iter().filter(|output| matches!(output, HoldOutput::Look(_))).collect();
        assert_eq!(looks, [&HoldOutput::Look(after(second * 1_000 + 3_000))]);
        let page = ends.step(HoldInput::Due(vec![hold(1, 9_000), hold(2, 9_000), hold(3, 9_500)]));
        assert_eq!(besides_looks(page.clone()), page, "the next page is no look");
        ends.step(HoldInput::Due(Vec::new()));
    }
}

/// Behind everything that ends before.
fn behind(ends_ms: i64) -> DueHold {
    let (booking_id, hotel_id) = (BookingId::from_uuid(Uuid::nil()), HotelId::from_uuid(Uuid::nil()));
    DueHold { booking_id, hotel_id, ends_at: after(ends_ms) }
}

#[test]
fn what_was_listed_is_listed_again_by_one_look_of_three() {
    let mut ends = ends(64);
    let mut looks = Vec::new();
    for second in 0..7 {
        for output in tick(&mut ends, second * 1_000) {
            let HoldOutput::List { after, .. } = output else { continue };
            looks.push(after.map(|last| last.ends_at));
        }
        ends.step(HoldInput::Due(Vec::new()));
    }
    let part = |ms| Some(after(ms));
    assert_eq!(looks, [None, part(3_000), part(4_000), None, part(6_000), part(7_000), None]);
}

#[test]
fn what_there_is_no_room_for_is_not_taken_for_known() {
    let bounds = HoldBounds { page: 3, holds: 3, ..HoldBounds::default() };
    let mut ends = HoldEnds::new(HoldRules::default(), bounds);
    tick(&mut ends, 0);
    ends.step(HoldInput::Due(vec![hold(1, 2_900), hold(2, 2_900), hold(3, 2_900)]));
    ends.step(HoldInput::Said(new_id(1), paid()));
    ends.step(HoldInput::Done(new_id(1), HoldDone::Ended));
    let look = HoldOutput::List { until: after(4_000), after: None };
    assert!(tick(&mut ends, 1_000).contains(&look));
}

#[test]
fn what_another_process_left_behind_is_looked_for_at_once() {
    let mut ends = ends(64);
    tick(&mut ends, 0);
    let look = HoldOutput::List { until: after(3_000), after: None };
    assert_eq!(ends.step(HoldInput::More), [], "one look at a time");
    assert_eq!(
        besides_looks(ends.step(HoldInput::Due(Vec::new()))),
        std::slice::from_ref(&look),
        "and the one under way did not see it"
    );
    assert_eq!(ends.step(HoldInput::Due(Vec::new())), []);
    assert_eq!(besides_looks(ends.step(HoldInput::More)), [look]);
}

#[test]
fn a_hold_found_late_is_asked_about_for_so_long_that_it_is_over_within_five_seconds() {
    for (found_at, asked_until) in
        [(1_000, 3_000), (2_500, 4_000), (3_900, 4_400), (4_000, 4_500), (60_000, 62_000)]
    {
        let mut ends = ends(64);
        tick(&mut ends, found_at);
        let out = ends.step(HoldInput::Due(vec![hold(1, 0)]));
        assert_eq!(out, [HoldOutput::Ask(new_id(1), after(asked_until))], "{found_at}");
    }
}

#[test]
fn the_provider_is_asked_three_seconds_before_and_money_is_submitted_at_once() {
    let mut ends = ends(64);
    tick(&mut ends, 0);
    let id = new_id(1);
    assert_eq!(ends.step(HoldInput::Due(vec![hold(1, 5_000)])), []);
    assert_eq!(ends.wakes_at(), Some(after(1_000)));
    let out = tick(&mut ends, 2_000);
    assert!(out.contains(&HoldOutput::Ask(id, after(4_000))));
    let out = ends.step(HoldInput::Said(id, paid()));
    assert_eq!(submitted(&out), [(id, paid())]);
    ends.step(HoldInput::Done(id, HoldDone::Ended));
    assert!(ends.is_empty());
}

#[test]
fn all_of_one_moment_end_together_and_not_before() {
    let mut ends = ends(2);
    tick(&mut ends, 0);
    let [first, second, third] = [1, 2, 3].map(new_id);
    ends.step(HoldInput::Due(vec![hold(1, 3_000), hold(2, 3_000)]));
    let out = ends.step(HoldInput::Due(vec![hold(3, 3_000)]));
    assert_eq!(asked(&out), [], "no slot is free");
    assert_eq!(submitted(&ends.step(HoldInput::Said(first, ProviderSaid::Unpaid))), []);
    assert_eq!(submitted(&tick(&mut ends, 2_999)), []);
    let out = submitted(&tick(&mut ends, 3_000));
    assert_eq!(out.len(), 3);
    let by_booking: BTreeMap<_, _> = out.into_iter().collect();
    assert_eq!(by_booking[&first], ProviderSaid::Unpaid);
    assert_eq!(by_booking[&second], ProviderSaid::NoAnswer, "it was asked, and gave no answer in time");
    assert!(by_booking.contains_key(&third));
}

#[test]
fn a_slot_that_becomes_free_is_used_by_whoever_ends_first() {
    let mut ends = ends(1);
    tick(&mut ends, 0);
    ends.step(HoldInput::Due(vec![hold(1, 2_500)]));
    ends.step(HoldInput::Due(vec![hold(3, 2_900), hold(2, 2_800)]));
    let out = ends.step(HoldInput::Said(new_id(1), ProviderSaid::Unpaid));
    assert_eq!(asked(&out), [new_id(2)]);
}

#[test]
fn a_provider_that_hangs_frees_its_slot_after_two_seconds_and_its_late_money_counts() {
    let mut ends = ends(1);
    tick(&mut ends, 0);
    let (first, second) = (new_id(1), new_id(2));
    ends.step(HoldInput::Due(vec![hold(1, 3_000), hold(2, 3_000)]));
    assert_eq!(asked(&tick(&mut ends, 2_000)), [second]);
    let out = ends.step(HoldInput::Said(first, paid()));
    assert_eq!(submitted(&out), [(first, paid())]);
}

#[test]
fn a_hold_that_is_found_late_is_asked_about_and_ends_two_seconds_later_at_most() {
    let mut ends = ends(1);
    tick(&mut ends, 10_000);
    let (first, second) = (new_id(1), new_id(2));
    let out = ends.step(HoldInput::Due(vec![hold(1, 3_000), hold(2, 3_000)]));
    assert_eq!(asked(&out), [first]);
    assert_eq!(submitted(&out), [(second, ProviderSaid::NoAnswer)], "no slot: it waits no longer");
    assert_eq!(submitted(&tick(&mut ends, 12_000)), [(first, ProviderSaid::NoAnswer)]);
}

#[test]
fn what_is_not_yet_comes_again_then_and_what_was_not_decided_a_second_later() {
    let mut ends = ends(64);
    tick(&mut ends, 0);
    let id = new_id(1);
    ends.step(HoldInput::Due(vec![hold(1, 3_000)]));
    assert_eq!(submitted(&ends.step(HoldInput::Said(id, paid()))).len(), 1);
    // Another amount than asked: it is in review, and the hold ends on time.
    ends.step(HoldInput::Done(id, HoldDone::NotYet(after(3_000))));
    assert_eq!(submitted(&tick(&mut ends, 2_999)), []);
    assert_eq!(submitted(&tick(&mut ends, 3_000)), [(id, paid())]);
    ends.step(HoldInput::Done(id, HoldDone::Undecided));
    assert_eq!(submitted(&tick(&mut ends, 3_999)), []);
    assert_eq!(submitted(&tick(&mut ends, 4_000)), [(id, paid())]);
}

#[test]
fn a_hint_and_a_sweep_of_the_same_hold_are_one() {
    let mut ends = ends(64);
    tick(&mut ends, 0);
    assert!(!ends.knows(hold(1, 3_000).booking_id));
    let out = ends.step(HoldInput::Hinted(vec![hold(1, 3_000)]));
    assert!(ends.knows(hold(1, 3_000).booking_id));
    assert_eq!(asked(&out).len(), 1);
    assert_eq!(ends.step(HoldInput::Due(vec![hold(1, 3_000)])), []);
    assert_eq!(ends.len(), 1);
}

#[test]
fn a_hint_in_the_middle_of_a_look_cuts_it_not_short() {
    let mut ends = ends(64);
    tick(&mut ends, 0);
    assert_eq!(ends.step(HoldInput::Hinted(vec![hold(9, 9_000)])), []);
    let page = vec![hold(1, 9_000), hold(2, 9_000), hold(3, 9_500)];
    let out = ends.step(HoldInput::Due(page));
    assert_eq!(out, [HoldOutput::List { until: after(3_000), after: Some(hold(3, 9_500)) }]);
}

/// What the provider does about each question.
fn mood(dice: &mut Dice) -> Option<(i64, ProviderSaid)> {
    let ms = i64::try_from(dice.roll(4_000)).unwrap();
    match dice.roll(4) {
        0 => None,
        1 => Some((ms, paid())),
        2 => Some((ms, ProviderSaid::NoAnswer)),
        _ => Some((ms, ProviderSaid::Unpaid)),
    }
}

#[test]
fn every_hold_ends_on_time_whatever_the_provider_does() {
    for seed in 0..40 {
        let mut dice = Dice::of(seed);
        let mut ends =
            HoldEnds::new(HoldRules::default(), HoldBounds { slots: 4, page: 10, ..HoldBounds::default() });
        let all: BTreeMap<BookingId, DueHold> = (1..=200)
            .map(|n| hold(n, i64::try_from(4_000 + dice.roll(6_000)).unwrap()))
            .map(|due| (due.booking_id, due))
            .collect();
        let (mut open, mut answers) = (all.clone(), Vec::<(i64, BookingId, ProviderSaid)>::new());
        let mut asking = BTreeSet::new();
        for ms in (0..14_000).step_by(50) {
            let mut inputs = vec![HoldInput::Tick(after(ms))];
            answers.retain(|(at, id, said)| {
                let due = *at <= ms;
                inputs.extend(due.then(|| HoldInput::Said(*id, said.clone())));
                !due
            });
            while let Some(input) = inputs.pop() {
                for output in ends.step(input) {
                    match output {
                        HoldOutput::List { until, after } => {
                            let mut page: Vec<_> =
                                open.values().filter(|due| due.ends_at < until).copied().collect();
                            page.sort_by_key(|due| (due.ends_at, due.booking_id));
                            page.retain(|due| {
                                after.is_none_or(|last| {
                                    (due.ends_at, due.booking_id) > (last.ends_at, last.booking_id)
                                })
                            });
                            page.truncate(10);
                            inputs.push(HoldInput::Due(page));
                        }
                        HoldOutput::Ask(id, until) => {
                            asking.insert((until, id));
                            asking.retain(|(until, _)| *until > after(ms));
                            answers.extend(mood(&mut dice).map(|(wait, said)| (ms + wait, id, said)));
                        }
                        HoldOutput::Submit(_, id, Command::ProviderSaid(said)) => {
                            let due = all[&id];
                            let late = after(ms).since(due.ends_at);
                            if matches!(said, ProviderSaid::Paid(_)) {
                                open.remove(&id);
                            } else {
                                assert!(late >= TimeDelta::zero(), "never before its end");
                                // A list that was read before the end may bring it again: by then it is no hold any more.
                                let first = open.remove(&id).is_some();
                                let on_time = late <= TimeDelta::milliseconds(50);
                                assert!(on_time || !first, "seed {seed}: {late} late");
                            }
                            inputs.push(HoldInput::Done(id, HoldDone::Ended));
                        }
                        HoldOutput::Look(_) => {}
                        HoldOutput::Submit(..) => panic!("only what the provider said is submitted"),
                    }
                }
            }
        }
        assert!(open.is_empty() && ends.is_empty(), "seed {seed}: {} left", open.len());
    }
}
