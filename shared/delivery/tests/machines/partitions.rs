//! Records arrive, fail, are refused, and the partition is taken away at any moment.

use std::time::Duration;

use delivery::{Backoff, Flow, Outcome, Partition, PartitionLimits};
use proptest::prelude::*;

const BATCH: usize = 3;

fn partition() -> Partition<u64> {
    let ms = Duration::from_millis;
    let backoff = Backoff::new(ms(10), ms(100));
    Partition::new(PartitionLimits { pause_at: 4, resume_at: 2, batch: BATCH, backoff })
}

fn with(records: impl IntoIterator<Item = u64>) -> Partition<u64> {
    let mut partition = partition();
    records.into_iter().for_each(|record| partition.arrived(record));
    partition
}

#[derive(Debug, Clone)]
enum Move {
    Arrive,
    Start,
    Finish(Vec<Outcome>),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let outcome = prop_oneof![4 => Just(Outcome::Done), 2 => Just(Outcome::Retry), 1 => Just(Outcome::Rejected), 1 => Just(Outcome::SetAside)];
    let outcomes = proptest::collection::vec(outcome, 0..=BATCH);
    let one = prop_oneof![
        5 => Just(Move::Arrive),
        4 => Just(Move::Start),
        3 => outcomes.prop_map(Move::Finish),
        2 => (1_u64..60).prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 0..200)
}

proptest! {
    #[test]
    fn records_are_finished_in_order_a_batch_at_a_time_and_none_is_skipped(moves in moves()) {
        let mut partition = partition();
        let (mut now, mut arrived, mut finished) = (0, 0, 0);
        let mut running: Option<Vec<u64>> = None;
        for one in moves {
            let time = Duration::from_millis(now);
            match one {
                Move::Arrive => {
                    partition.arrived(arrived);
                    arrived += 1;
                }
                Move::Start => {
                    if let Some(batch) = partition.start(time) {
                        prop_assert!(running.is_none(), "two batches at once");
                        prop_assert!(batch.len() <= BATCH);
                        let next: Vec<u64> = (finished..finished + batch.len() as u64).collect();
                        prop_assert_eq!(&batch, &next, "a record was overtaken");
                        running = Some(batch);
                    }
                }
                Move::Finish(outcomes) => {
                    if let Some(batch) = running.take() {
                        let told = outcomes.iter().take_while(|outcome| **outcome != Outcome::Retry);
                        let done = told.count().min(batch.len());
                        let last = done.checked_sub(1).map(|last| batch[last]);
                        prop_assert_eq!(partition.finished(batch, &outcomes, time), last);
                        finished += done as u64;
                    }
                }
                Move::Pass(ms) => now += ms,
            }
            prop_assert_eq!(partition.waiting() as u64, arrived - finished);
        }
    }
}

#[test]
fn a_failing_record_waits_longer_each_time_and_nothing_overtakes_it() {
    let ms = Duration::from_millis;
    let mut partition = with([1, 2]);
    assert_eq!(partition.start(ms(0)), Some(vec![1, 2]));
    assert_eq!(partition.finished(vec![1, 2], &[Outcome::Retry, Outcome::Done], ms(0)), None);
    assert_eq!(partition.start(ms(9)), None);
    assert_eq!(partition.start(ms(10)), Some(vec![1]));
    assert_eq!(partition.finished(vec![1], &[Outcome::Retry], ms(10)), None);
    assert_eq!((partition.due(), partition.failures()), (Some(ms(30)), 2));
    assert_eq!(partition.start(ms(30)), Some(vec![1]));
    assert_eq!(partition.finished(vec![1], &[Outcome::Done], ms(30)), Some(1));
    assert_eq!((partition.start(ms(30)), partition.failures()), (Some(vec![2]), 0));
}

#[test]
fn what_is_done_before_a_record_that_fails_is_finished_and_what_is_behind_it_comes_again() {
    let mut partition = with([1, 2, 3, 4]);
    let batch = partition.start(Duration::ZERO).unwrap();
    let outcomes = [Outcome::Rejected, Outcome::Retry, Outcome::Done];
    assert_eq!(partition.finished(batch, &outcomes, Duration::ZERO), Some(1));
    assert_eq!(partition.failures(), 1);
    assert_eq!(partition.start(Duration::from_millis(10)), Some(vec![2, 3, 4]));
}

#[test]
fn a_batch_of_which_nothing_is_done_is_halved_until_something_is_and_grows_again() {
    let (mut partition, mut now, mut sizes) = (with(0..9), Duration::ZERO, Vec::new());
    // The handler dies of number 1, also when it comes alone, but not the second time.
    let mut deaths = 0;
    while let Some(batch) = partition.start(now) {
        sizes.push(batch.len());
        let dies = batch.contains(&1) && !(batch == [1] && deaths == 3);
        deaths += u32::from(dies);
        let outcome = if dies { Outcome::Retry } else { Outcome::Done };
        partition.finished(batch.clone(), &vec![outcome; batch.len()], now);
        now += Duration::from_secs(1);
    }
    assert_eq!(sizes, [3, 1, 2, 1, 1, 2, 3, 2]);
}

#[test]
fn a_revoked_partition_finishes_what_runs_and_starts_nothing() {
    let mut partition = with([1, 2, 3, 4]);
    let batch = partition.start(Duration::ZERO).unwrap();
    partition.revoke();
    let outcomes = [Outcome::Done, Outcome::Done, Outcome::Retry];
    assert_eq!(partition.finished(batch, &outcomes, Duration::ZERO), Some(2));
    partition.arrived(5);
    assert_eq!(partition.start(Duration::from_secs(1)), None);
}

#[test]
fn fetching_pauses_when_records_pile_up_and_resumes_when_they_are_gone() {
    let mut partition = with(0..3);
    assert!(!partition.is_full());
    partition.arrived(3);
    assert!(partition.is_full());
    assert_eq!(partition.flow(), Some(Flow::Pause));
    assert!(!partition.is_full(), "nothing more comes: it is in nobody's way");
    assert_eq!(partition.flow(), None);
    let batch = partition.start(Duration::ZERO).unwrap();
    assert_eq!(partition.flow(), None, "what is being handled still waits");
    partition.finished(batch, &[Outcome::Done; BATCH], Duration::ZERO);
    assert_eq!(partition.flow(), Some(Flow::Resume));
}
