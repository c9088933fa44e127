//! Records arrive, fail, are refused, and the partition is taken away at any moment.

use std::time::Duration;

use delivery::{Backoff, Flow, Outcome, Partition, PartitionLimits};
use proptest::prelude::*;

fn partition() -> Partition<u64> {
    let ms = Duration::from_millis;
    Partition::new(PartitionLimits { pause_at: 4, resume_at: 2, backoff: Backoff::new(ms(10), ms(100)) })
}

#[derive(Debug, Clone)]
enum Move {
    Arrive,
    Start,
    Finish(Outcome),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let outcome = prop_oneof![4 => Just(Outcome::Done), 2 => Just(Outcome::Retry), 1 => Just(Outcome::Rejected), 1 => Just(Outcome::SetAside)];
    let one = prop_oneof![
        3 => Just(Move::Arrive),
        4 => Just(Move::Start),
        3 => outcome.prop_map(Move::Finish),
        2 => (1_u64..60).prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 0..200)
}

proptest! {
    #[test]
    fn records_are_finished_in_order_one_at_a_time_and_none_is_skipped(moves in moves()) {
        let mut partition = partition();
        let (mut now, mut arrived, mut running) = (0, 0, None);
        let mut finished: Vec<u64> = Vec::new();
        for one in moves {
            let time = Duration::from_millis(now);
            match one {
                Move::Arrive => {
                    partition.arrived(arrived);
                    arrived += 1;
                }
                Move::Start => {
                    if let Some(record) = partition.start(time) {
                        prop_assert!(running.is_none(), "two records at once");
                        prop_assert_eq!(record, finished.len() as u64, "a record was overtaken");
                        running = Some(record);
                    }
                }
                Move::Finish(outcome) => {
                    if let Some(record) = running.take() {
                        let stored = partition.finished(outcome, time);
                        prop_assert_eq!(stored, (outcome != Outcome::Retry).then_some(record));
                        finished.extend(stored);
                    }
                }
                Move::Pass(ms) => now += ms,
            }
        }
        prop_assert_eq!(finished, (0..arrived - partition.waiting() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn a_failing_record_waits_longer_each_time_and_nothing_overtakes_it() {
    let ms = Duration::from_millis;
    let mut partition = partition();
    partition.arrived(1);
    partition.arrived(2);
    assert_eq!(partition.start(ms(0)), Some(1));
    assert_eq!(partition.finished(Outcome::Retry, ms(0)), None);
    assert_eq!(partition.start(ms(9)), None);
    assert_eq!(partition.start(ms(10)), Some(1));
    assert_eq!(partition.finished(Outcome::Retry, ms(10)), None);
    assert_eq!(partition.due(), Some(ms(30)));
    assert_eq!(partition.start(ms(30)), Some(1));
    assert_eq!(partition.finished(Outcome::Done, ms(30)), Some(1));
    assert_eq!(partition.start(ms(30)), Some(2));
}

#[test]
fn a_revoked_partition_finishes_what_runs_and_starts_nothing() {
    let mut partition = partition();
    partition.arrived(1);
    partition.arrived(2);
    assert_eq!(partition.start(Duration::ZERO), Some(1));
    partition.revoke();
    assert_eq!(partition.finished(Outcome::Done, Duration::ZERO), Some(1));
    partition.arrived(3);
    assert_eq!(partition.start(Duration::ZERO), None);
}

#[test]
fn fetching_pauses_when_records_pile_up_and_resumes_when_they_are_gone() {
    let mut partition = partition();
    for record in 0..4 {
        partition.arrived(record);
    }
    assert_eq!(partition.flow(), Some(Flow::Pause));
    assert_eq!(partition.flow(), None);
    for _ in 0..2 {
        partition.start(Duration::ZERO);
        partition.finished(Outcome::Done, Duration::ZERO);
    }
    assert_eq!(partition.flow(), Some(Flow::Resume));
}
