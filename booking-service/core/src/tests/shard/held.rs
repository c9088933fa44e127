//! What a shard does beside what others hold or change, one promise each.

use std::collections::BTreeSet;

use domain::{BookingId, HotelId};

use super::stage::{Stage, one, sold_out};
use crate::{
    CancelledBy, Claim, Created, Outcome, Work,
    shard::{Answer, Bounds, Input, Miss, No, Output},
    tests::{
        batch::{book, is_new},
        cuts::order,
        fixture::{DOUBLE, HOTEL, SUITE, World, cancel, key, new_id},
    },
};

impl Stage {
    /// The write that waits first runs into somebody's lock. What the shard then asks about.
    fn runs_into_a_lock(&mut self) -> (No, BTreeSet<Claim>) {
        let (no, ..) = self.write();
        self.tell(Input::Written(no, Err(Miss::LockTimeout)));
        let Output::Look(no, claims) = self.wants.remove(0) else { panic!("nobody looks") };
        (no, claims)
    }
}

#[test]
fn a_command_whose_rooms_are_found_to_be_held_waits_beside_before_it_is_written() {
    let mut stage = Stage::new();
    stage.books.rows = World::reserved().snapshot;
    stage.arrive(1, one(5));
    stage.loads();
    let (look, _) = stage.runs_into_a_lock();
    stage.tell(Input::Locked(look, [Claim::Room(DOUBLE)].into()));
    stage.arrive(2, order(new_id(101), cancel(CancelledBy::Hotel), 2));
    stage.loads();
    assert!(stage.wants.is_empty(), "a batch with it would wait for the lock");
    assert!(stage.heard().is_empty());
    stage.pass(100);
    let Output::Look(look, _) = stage.wants.remove(0) else { panic!("nobody looks again") };
    stage.tell(Input::Locked(look, BTreeSet::new()));
    stage.runs();
    assert_eq!(stage.outcomes().len(), 2);
}

/// Four works, and whoever writes the one of key 3 runs into a lock that nobody can name.
#[test]
fn a_lock_that_nobody_can_name_holds_up_its_own_work_and_no_other() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    let works: [Work; 4] = [one(1), book(2, &[(SUITE, 1)]), one(3), one(4)];
    stage.arrive(0, one(100));
    for (ticket, work) in (1..).zip(works) {
        stage.arrive(ticket, work);
    }
    stage.loads();
    let held = key(3).scope;
    let mut timeouts = 0;
    while let Some(first) = stage.wants.first() {
        match first {
            Output::Load(..) => drop(stage.loads()),
            Output::Write(_, plan, _) if plan.bookings.iter().any(|new| new.key.scope == held) => {
                timeouts += 1;
                let (look, _) = stage.runs_into_a_lock();
                stage.tell(Input::Locked(look, BTreeSet::new()));
            }
            Output::Write(..) => stage.writes(),
            Output::Lock(..) | Output::Look(..) | Output::Answer(..) | Output::Done(..) => {
                panic!("nothing missed otherwise: {first:?}")
            }
        }
    }
    let heard = stage.heard();
    let new = |(_, answer): &&(u64, Answer)| matches!(answer, Answer::Outcome(outcome) if is_new(outcome));
    assert_eq!(heard.iter().filter(new).count(), 4);
    assert!(heard.contains(&(3, Answer::Unavailable)));
    assert!(timeouts <= 4, "four works are halved twice, and the one is tried once more");
    assert_eq!(
        stage.shard.standing().bisected,
        timeouts,
        "each of these is counted, also the end of the one"
    );
    assert!(stage.shard.is_idle());
}

#[test]
fn where_many_wait_for_a_lock_each_that_comes_costs_no_look_at_all_of_them() {
    let mut stage = Stage::with(Bounds { second_from: 1, ..Bounds::default() });
    stage.arrive(0, book(200, &[(SUITE, 1)]));
    stage.loads();
    let (no, ..) = stage.write();
    stage.tell(Input::Written(no, Err(Miss::LockTimeout)));
    let Output::Look(look, _) = stage.wants.remove(0) else { panic!("nobody looks") };
    stage.tell(Input::Locked(look, [Claim::Room(SUITE)].into()));
    for ticket in 1..=130 {
        stage.arrive(ticket, book(u8::try_from(ticket).unwrap(), &[(SUITE, 1)]));
    }
    stage.arrive(131, one(131));
    assert!(stage.wants.is_empty(), "it is taken at the next tick");
    stage.pass(25);
    let wanted = stage.wants.iter().any(|want| matches!(want, Output::Load(..)));
    assert!(wanted, "whoever needs another room goes on");
}

#[test]
fn whoever_was_cut_off_from_a_batch_that_wore_out_is_not_worn_out_with_it() {
    let mut stage = Stage::with(Bounds { runs: 1, ..Bounds::default() });
    stage.arrive(0, one(100));
    for ticket in 1..=2 {
        stage.arrive(ticket, one(u8::try_from(ticket).unwrap()));
    }
    stage.loads();
    stage.writes();
    stage.loads();
    let (no, ..) = stage.write();
    stage.tell(Input::Written(no, Err(Miss::Stale)));
    let Output::Lock(no, _, works) = stage.wants.remove(0) else { panic!("not decided again") };
    assert_eq!(works.len(), 2);
    stage.tell(Input::Second(no, Err(Miss::Stale)));
    assert_eq!(stage.locks().len(), 1, "the first half");
    // The other meets an ordinary miss: it is decided under locks all the same.
    stage.loads();
    let (no, ..) = stage.write();
    stage.tell(Input::Written(no, Err(Miss::Stale)));
    assert_eq!(stage.locks().len(), 1);
    assert!(stage.outcomes().iter().all(|(_, outcome)| is_new(outcome)));
}

#[test]
fn another_connection_takes_all_memory_and_what_is_being_read_is_read_again() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.runs();
    stage.arrive(2, one(2));
    let (no, wanted) = stage.load();
    assert!(wanted.stays.is_empty(), "all is remembered");
    stage.tell(Input::Reconnected);
    let late = stage.books.load(&wanted);
    stage.tell(Input::Loaded(no, Box::new(late)));
    assert_eq!(stage.loads().stays[0].rooms, [DOUBLE].into());
    stage.runs();
    assert!(stage.outcomes().iter().all(|(_, outcome)| is_new(outcome)));
}

#[test]
fn a_hotel_that_changes_takes_all_its_rooms_out_of_memory() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, book(1, &[(DOUBLE, 1), (SUITE, 1)]));
    stage.runs();
    assert_eq!(stage.shard.standing().rooms, 2);
    stage.tell(Input::ForgetHotel(HOTEL));
    assert_eq!((stage.shard.standing().rooms, stage.shard.standing().nights), (0, 0));
    stage.arrive(2, one(2));
    assert_eq!(stage.loads().stays[0].rooms, [DOUBLE].into());
}

#[test]
fn a_room_or_hotel_that_changes_while_others_are_read_holds_nobody_else_up() {
    for changed in
        [Input::Forget(SUITE), Input::ForgetHotel(HotelId::from_uuid(uuid::Uuid::from_u128(9_999)))]
    {
        let mut stage = Stage::new();
        stage.arrive(1, one(1));
        let (no, wanted) = stage.load();
        stage.tell(changed);
        assert!(stage.wants.is_empty(), "what is being read is not read again");
        let read = stage.books.load(&wanted);
        stage.tell(Input::Loaded(no, Box::new(read)));
        stage.writes();
        assert!(is_new(&stage.outcomes()[0].1));
    }
}

#[test]
fn of_works_read_together_only_those_on_what_changed_meanwhile_are_read_again() {
    let mut stage = Stage::new();
    stage.arrive(0, one(9));
    stage.arrive(1, book(1, &[(SUITE, 1)]));
    stage.arrive(2, one(2));
    stage.loads();
    stage.writes();
    let (no, wanted) = stage.load();
    stage.tell(Input::Forget(DOUBLE));
    let read = stage.books.load(&wanted);
    stage.tell(Input::Loaded(no, Box::new(read)));
    let (_, plan, _) = stage.write();
    assert_eq!(plan.bookings.len(), 1, "the suite is written, the double is not");
    assert_eq!(stage.shard.standing().held, 1);
    stage.books.commit(&plan).unwrap();
    stage.tell(Input::Written(no, Ok(())));
    assert_eq!(
        stage.loads().stays[0].rooms,
        [DOUBLE].into(),
        "what was read of it before it changed is forgotten"
    );
    stage.runs();
    assert!(stage.outcomes().iter().all(|(_, outcome)| is_new(outcome)));
}

#[test]
fn works_of_a_hotel_that_changes_while_they_are_read_are_read_again() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    let (no, wanted) = stage.load();
    stage.tell(Input::ForgetHotel(HOTEL));
    let read = stage.books.load(&wanted);
    stage.tell(Input::Loaded(no, Box::new(read)));
    assert_eq!(stage.loads().stays[0].rooms, [DOUBLE].into());
    stage.runs();
    assert!(is_new(&stage.outcomes()[0].1));
}

#[test]
fn a_work_that_must_read_its_room_at_rest_is_not_starved_by_commands_that_keep_moving_it() {
    let mut stage = Stage::side_by_side();
    for seed in 1..=3 {
        stage.arrive(seed, one(u8::try_from(seed).unwrap()));
        stage.runs();
    }
    let booked = stage.outcomes().into_iter().map(|(_, outcome)| {
        let Outcome::Created(Created::New(record)) = outcome else { panic!("not booked: {outcome:?}") };
        record.booking_id
    });
    let booked: Vec<BookingId> = booked.collect();
    let cancelled =
        |nth: usize| order(booked[nth], cancel(CancelledBy::Hotel), 50 + u128::try_from(nth).unwrap());
    stage.pass(1_000);
    stage.arrive(11, cancelled(0));
    stage.loads();
    let (first, given_back, _) = stage.write();
    stage.arrive(12, book(7, &[(DOUBLE, 3)]));
    stage.loads();
    assert_eq!(stage.shard.standing().held, 1, "no is not said from memory");
    stage.arrive(13, cancelled(1));
    stage.loads();
    stage.books.commit(&given_back).unwrap();
    stage.pass(101);
    stage.tell(Input::Written(first, Ok(())));
    stage.arrive(14, cancelled(2));
    let [Output::Write(..)] = stage.wants[..] else { panic!("a batch is begun: {:?}", stage.wants) };
    stage.writes();
    let wanted = stage.loads();
    assert_eq!(wanted.stays[0].rooms, [DOUBLE].into(), "its room is read while nothing moves it");
    stage.runs();
    let heard = stage.outcomes();
    assert!(heard.iter().any(|(ticket, outcome)| *ticket == 12 && (sold_out(outcome) || is_new(outcome))));
    assert_eq!(heard.len(), 4);
}

#[test]
fn a_work_that_waits_for_a_strangers_lock_keeps_no_other_hotel_from_a_second_batch() {
    let mut stage = Stage::with(Bounds { second_from: 1, scarce: 0, ..Bounds::default() });
    stage.pass(1_000);
    stage.arrive(1, one(1));
    stage.loads();
    stage.arrive(2, book(2, &[(DOUBLE, 3)]));
    let night = stage.books.rows.nights.keys().copied().find(|(room, _)| *room == DOUBLE).unwrap();
    let (no, _) = {
        let write = stage.wants.remove(0);
        stage.loads();
        stage.wants.insert(0, write);
        stage.runs_into_a_lock()
    };
    stage.tell(Input::Locked(no, [Claim::Night(night)].into()));
    assert_eq!(stage.shard.standing().held, 2);
    stage.pass(101);
    stage.wants.clear();
    stage.arrive(3, book(3, &[(SUITE, 1)]));
    stage.loads();
    stage.arrive(4, book(4, &[(SUITE, 1)]));
    assert!(matches!(stage.wants[..], [Output::Write(..), Output::Load(..)]), "{:?}", stage.wants);
}

#[test]
fn a_room_that_a_batch_is_being_read_for_stays_in_memory() {
    let mut stage = Stage::with(Bounds { scarce: 0, cold_ms: 1_000, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.runs();
    stage.arrive(2, book(2, &[(DOUBLE, 1), (SUITE, 1)]));
    let (no, wanted) = stage.load();
    assert_eq!(wanted.stays[0].rooms, [SUITE].into());
    let read = stage.books.load(&wanted);
    stage.pass(2_000);
    stage.tell(Input::Loaded(no, Box::new(read)));
    stage.runs();
    assert!(stage.outcomes().iter().all(|(_, outcome)| is_new(outcome)));
}

/// A process that stood still for minutes ticks before it hears what was read meanwhile.
#[test]
fn a_hotel_that_a_batch_is_being_read_for_stays_in_memory_however_long_that_takes() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.runs();
    stage.arrive(2, one(2));
    let (no, wanted) = stage.load();
    assert!(wanted.stays.is_empty(), "all is known");
    let read = stage.books.load(&wanted);
    stage.pass(600_001);
    stage.tell(Input::Loaded(no, Box::new(read)));
    stage.runs();
    assert!(stage.outcomes().iter().all(|(_, outcome)| is_new(outcome)));
}

#[test]
fn pauses_grow_also_where_the_database_reads_but_does_not_write() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    for pause in [50, 200, 800] {
        stage.loads();
        let (no, ..) = stage.write();
        stage.tell(Input::Written(no, Err(Miss::Lost)));
        stage.pass(pause - 1);
        assert!(stage.wants.is_empty(), "{pause}");
        stage.pass(1);
    }
    stage.runs();
    assert!(is_new(&stage.outcomes()[0].1));
}
