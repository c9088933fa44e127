//! What becomes of batches that were not committed, one promise each.

use std::collections::BTreeSet;

use super::stage::{Stage, one, sold_out};
use crate::{
    Claim, Created, Outcome,
    shard::{Answer, Bounds, Input, Miss, Output},
    tests::{
        batch::{book, is_new, request_of},
        fixture::{DOUBLE, SUITE, dates, key, new_id, room},
    },
};

#[test]
fn a_batch_behind_one_that_missed_is_taken_back_and_decided_behind_it() {
    let mut stage = Stage::side_by_side();
    stage.books.rows.rooms.insert(DOUBLE, room(DOUBLE, 2));
    stage.arrive(1, book(1, &[(DOUBLE, 2)]));
    stage.loads();
    let (first, ..) = stage.write();
    stage.arrive(2, book(2, &[(SUITE, 1)]));
    stage.loads();
    let (second, ..) = stage.write();
    // Another copy has sold one of the two doubles.
    let (_, plan) = crate::create(&stage.books.rows, &request_of(&one(9)), new_id(9), &stage.rules).unwrap();
    stage.books.commit(&plan).unwrap();
    stage.tell(Input::Written(first, Err(Miss::Stale)));
    assert!(stage.wants.is_empty(), "nothing begins before the one behind has come back");
    stage.tell(Input::Written(second, Err(Miss::TakenBack)));
    assert_eq!(stage.locks().len(), 1);
    stage.runs();
    let outcomes = stage.outcomes();
    assert!(outcomes[0].0 == 1 && sold_out(&outcomes[0].1));
    assert!(outcomes[1].0 == 2 && is_new(&outcomes[1].1));
}

#[test]
fn a_batch_that_missed_behind_one_that_did_not_waits_for_it() {
    let mut stage = Stage::side_by_side();
    stage.arrive(1, one(1));
    stage.arrive(2, one(2));
    stage.loads();
    let (first, plan, _) = stage.write();
    stage.loads();
    let (second, ..) = stage.write();
    stage.tell(Input::Written(second, Err(Miss::Stale)));
    assert!(stage.wants.is_empty());
    stage.books.commit(&plan).unwrap();
    stage.tell(Input::Written(first, Ok(())));
    assert_eq!(stage.locks().len(), 1);
    assert_eq!(stage.outcomes().len(), 2);
}

#[test]
fn only_who_collided_is_refused_and_the_others_are_written() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    stage.arrive(2, one(2));
    stage.arrive(3, book(3, &[(SUITE, 1)]));
    stage.loads();
    stage.writes();
    stage.loads();
    // Another copy had the third's key first.
    let (_, plan) =
        crate::create(&stage.books.rows, &request_of(&book(3, &[(SUITE, 1)])), new_id(33), &stage.rules)
            .unwrap();
    stage.books.commit(&plan).unwrap();
    stage.runs();
    let outcomes = stage.outcomes();
    assert!(is_new(&outcomes[0].1) && is_new(&outcomes[1].1));
    let Outcome::Created(Created::Repeat(record)) = &outcomes[2].1 else { panic!("no repeat") };
    assert_eq!(record.booking_id, new_id(33));
}

#[test]
fn what_misses_again_and_again_is_cut_in_halves_and_given_up_one_by_one() {
    let mut stage = Stage::new();
    stage.arrive(0, one(100));
    stage.arrive(1, one(1));
    stage.arrive(2, book(2, &[(SUITE, 1)]));
    stage.runs_while_only_one_works_fails(1);
    let heard = stage.heard();
    assert!(heard.contains(&(1, Answer::Failed)));
    assert_eq!(heard.len(), 3);
}

impl Stage {
    /// Every batch with the work of that key misses, for no reason.
    fn runs_while_only_one_works_fails(&mut self, seed: u8) {
        let scope = key(seed).scope;
        for _ in 0..100 {
            let cursed = match self.wants.first() {
                None => return,
                Some(Output::Write(_, plan, _)) => plan.bookings.iter().any(|new| new.key.scope == scope),
                Some(Output::Lock(_, wanted, _)) => wanted.scopes.contains(&scope),
                Some(_) => false,
            };
            match (cursed, self.wants.first()) {
                (true, Some(Output::Write(no, ..))) => {
                    let no = *no;
                    self.wants.remove(0);
                    self.tell(Input::Written(no, Err(Miss::Stale)));
                }
                (true, Some(Output::Lock(no, ..))) => {
                    let no = *no;
                    self.wants.remove(0);
                    self.tell(Input::Second(no, Err(Miss::Stale)));
                }
                (_, Some(Output::Load(..))) => drop(self.loads()),
                (_, Some(Output::Write(..))) => self.writes(),
                (_, Some(Output::Lock(..))) => drop(self.locks()),
                (_, _) => drop(self.wants.remove(0)),
            }
        }
        panic!("it never ends");
    }
}

#[test]
fn works_on_what_others_hold_wait_beside_and_the_rest_goes_on() {
    let mut stage = Stage::new();
    stage.arrive(0, one(100));
    stage.arrive(1, one(1));
    stage.arrive(2, book(2, &[(SUITE, 1)]));
    stage.loads();
    stage.writes();
    stage.loads();
    let (no, ..) = stage.write();
    stage.tell(Input::Written(no, Err(Miss::LockTimeout)));
    let Output::Look(look, claims) = stage.wants.remove(0) else { panic!("nobody looks") };
    assert!(claims.contains(&Claim::Room(DOUBLE)) && claims.contains(&Claim::Room(SUITE)));
    let night = Claim::Night((DOUBLE, dates().start_date()));
    assert!(claims.contains(&night));
    let held: BTreeSet<Claim> = [night].into();
    stage.heard();
    stage.tell(Input::Locked(look, held.clone()));
    stage.loads();
    stage.writes();
    assert!(matches!(stage.outcomes()[..], [(2, _)]));
    stage.arrive(3, one(3));
    assert!(stage.wants.is_empty(), "who comes now does not overtake");
    stage.pass(100);
    let Output::Look(look, claims) = stage.wants.remove(0) else { panic!("nobody looks again") };
    assert_eq!(claims, held);
    stage.pass(100);
    assert!(stage.wants.is_empty(), "one look at a time");
    stage.tell(Input::Locked(look, BTreeSet::new()));
    stage.runs();
    assert!(stage.outcomes().iter().all(|(_, outcome)| is_new(outcome)));
}

#[test]
fn a_database_that_is_away_is_asked_after_growing_pauses_until_nobody_waits_any_more() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    for pause in [50, 200, 800, 800] {
        let (no, _) = stage.load();
        stage.tell(Input::NotLoaded(no));
        stage.pass(pause - 1);
        assert!(stage.wants.is_empty(), "{pause}");
        stage.pass(1);
    }
    let (no, _) = stage.load();
    stage.tell(Input::NotLoaded(no));
    stage.now += 9_000;
    stage.tell(Input::Tick(stage.now));
    assert_eq!(stage.heard(), [(1, Answer::Unavailable)]);
    assert!(stage.shard.is_idle());
}

#[test]
fn a_lost_connection_takes_all_memory_and_the_works_are_decided_again() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, book(1, &[(SUITE, 1)]));
    stage.runs();
    stage.arrive(2, one(2));
    stage.loads();
    let (no, ..) = stage.write();
    stage.tell(Input::Written(no, Err(Miss::Lost)));
    stage.pass(50);
    assert_eq!(stage.loads().stays[0].rooms, [DOUBLE].into());
    stage.runs();
    stage.arrive(3, book(3, &[(SUITE, 1)]));
    assert_eq!(stage.loads().stays.len(), 1, "the suite is read again, too");
    let outcomes = stage.outcomes();
    assert!(is_new(&outcomes[1].1) && sold_out(&outcomes[2].1));
}

#[test]
fn a_commit_whose_answer_was_lost_is_found_as_new() {
    for done in [true, false] {
        let mut stage = Stage::new();
        stage.arrive(1, one(1));
        stage.loads();
        let (no, plan, _) = stage.write();
        if done {
            stage.books.commit(&plan).unwrap();
        }
        stage.tell(Input::Written(no, Err(Miss::Unknown)));
        stage.pass(50);
        stage.runs();
        assert!(is_new(&stage.outcomes()[0].1));
        assert_eq!(stage.books.rows.bookings.len(), 1);
    }
}

#[test]
fn an_outcome_that_stays_unknown_is_not_waited_for_for_ever() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    for _ in 0..5 {
        stage.loads();
        let (no, ..) = stage.write();
        stage.tell(Input::Written(no, Err(Miss::Unknown)));
        stage.pass(800);
    }
    assert_eq!(stage.heard(), [(1, Answer::Unavailable)]);
}

#[test]
fn a_lock_that_nobody_can_name_is_not_waited_for_for_ever() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    for _ in 0..60 {
        match stage.wants.first() {
            None => break,
            Some(Output::Write(..)) => {
                let (no, ..) = stage.write();
                stage.pass(1_000);
                stage.tell(Input::Written(no, Err(Miss::LockTimeout)));
            }
            Some(Output::Look(no, _)) => {
                let no = *no;
                stage.wants.remove(0);
                stage.tell(Input::Locked(no, BTreeSet::new()));
            }
            Some(Output::Load(..) | Output::Lock(..) | Output::Answer(..) | Output::Done(..)) => {
                stage.loads();
            }
        }
    }
    assert_eq!(stage.heard(), [(1, Answer::Unavailable)]);
    assert!(stage.shard.is_idle());
}

#[test]
fn a_room_that_a_miss_was_about_is_read_again() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.runs();
    stage.arrive(2, one(2));
    stage.loads();
    let (no, ..) = stage.write();
    stage.tell(Input::Written(no, Err(Miss::Stale)));
    stage.runs();
    stage.arrive(3, one(3));
    assert_eq!(stage.loads().stays[0].rooms, [DOUBLE].into());
}
