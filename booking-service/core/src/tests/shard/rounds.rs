//! Rounds of a shard, one promise each.

use std::collections::BTreeSet;

use domain::{BookingId, HotelId, RoomId};

use super::stage::{Stage, one, sold_out};
use crate::{
    CancelledBy, Command, Created, Digest, Need, Outcome, Snapshot, Task, Work,
    shard::{Answer, Bounds, Class, Input, Miss, Output, Ticket},
    tests::{
        batch::{asked_for, book, is_new, request_of},
        cuts::order,
        fixture::{DOUBLE, HOTEL, SUITE, World, cancel, dates, euros, hotel, key, line, new_id, paid, room},
    },
};

#[test]
fn nothing_is_answered_before_its_commit() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    stage.loads();
    let (no, plan, after) = stage.write();
    assert_eq!((stage.heard().len(), after), (0, None));
    stage.books.commit(&plan).unwrap();
    stage.tell(Input::Written(no, Ok(())));
    assert!(is_new(&stage.outcomes()[0].1));
    assert_eq!(stage.effects[0].holds.len(), 1);
    assert_eq!(stage.effects[0].shares, [HOTEL.share()].into());
    assert!(stage.shard.is_idle());
}

#[test]
fn what_writes_nothing_is_answered_at_once() {
    let mut stage = Stage::new();
    stage.arrive(1, book(1, &[(DOUBLE, 4)]));
    stage.loads();
    assert!(sold_out(&stage.outcomes()[0].1));
    assert!(stage.shard.is_idle());
}

#[test]
fn works_that_come_while_a_batch_is_written_are_one_batch() {
    let mut stage = Stage::new();
    (1..=4).for_each(|n| stage.arrive(n.into(), one(n)));
    stage.loads();
    stage.writes();
    assert_eq!(stage.outcomes().len(), 1);
    stage.loads();
    let (_, plan, _) = stage.write();
    assert_eq!(plan.bookings.len(), 2, "the third and last unit goes to the third");
}

#[test]
fn the_next_batch_is_decided_on_what_the_first_leaves_and_written_behind_it() {
    let mut stage = Stage::side_by_side();
    stage.arrive(1, one(1));
    stage.arrive(2, one(2));
    stage.loads();
    let (first, one_sold, _) = stage.write();
    let wanted = stage.loads();
    assert!(wanted.stays.is_empty(), "the room is remembered, and nights that are moved are not read");
    let (second, _, after) = stage.write();
    assert_eq!(after, Some(first));
    stage.books.commit(&one_sold).unwrap();
    stage.tell(Input::Written(first, Ok(())));
    stage.tell(Input::Written(second, Ok(())));
    assert!(stage.outcomes().iter().all(|(_, outcome)| is_new(outcome)));
}

#[test]
fn a_second_batch_is_begun_only_where_enough_wait() {
    let mut stage = Stage::with(Bounds { second_from: 3, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.loads();
    stage.arrive(2, one(2));
    stage.arrive(3, one(3));
    assert_eq!(stage.wants.len(), 1);
    stage.arrive(4, one(4));
    assert!(matches!(stage.wants[..], [Output::Write(..), Output::Load(..)]));
}

#[test]
fn repeats_that_come_while_their_key_is_decided_are_counted() {
    let mut stage = Stage::with(Bounds::default());
    for (ticket, seed) in [(1, 1), (2, 1), (3, 2), (4, 1)] {
        stage.arrive(ticket, one(seed));
    }
    assert_eq!(stage.shard.standing().followed, 2);
}

#[test]
fn a_batch_leaves_half_of_all_works_for_the_one_beside_it() {
    let mut stage = Stage::with(Bounds { second_from: 2, scarce: 0, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.loads();
    (2..=9).for_each(|n| stage.arrive(n.into(), one(n)));
    stage.writes();
    stage.loads();
    let [Output::Write(..), Output::Load(no, _)] = stage.wants[..] else { panic!("{:?}", stage.wants) };
    assert_eq!(stage.shard.works_of(no), 4, "six wait and two are being written");
}

#[test]
fn of_a_small_batch_upkeep_and_money_take_no_more_than_their_part() {
    let mut stage = Stage::with(Bounds { second_from: 8, scarce: 0, ..Bounds::default() });
    stage.arrive(0, one(9));
    for ticket in 1..=20 {
        let work = Box::new(order(new_id(ticket.into()), Command::NumberPapers, ticket.into()));
        let class = if ticket <= 10 { Class::Upkeep } else { Class::Money };
        stage.tell(Input::Arrived(Ticket(ticket), class, work));
    }
    stage.arrive(21, one(1));
    stage.arrive(22, one(2));
    stage.loads();
    stage.write();
    stage.loads();
    let (_, plan, _) = stage.write();
    assert_eq!(plan.bookings.len(), 2, "eleven works, and both bookings are among them");
}

#[test]
fn no_refusal_comes_from_memory_and_nobody_overtakes_who_waits_for_the_read() {
    let mut stage = Stage::with(Bounds { second_from: 1, scarce: 0, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.loads();
    let (first, plan, _) = stage.write();
    stage.arrive(2, book(2, &[(DOUBLE, 3)]));
    stage.loads();
    assert!(stage.heard().is_empty(), "the first may still miss");
    stage.arrive(3, one(3));
    assert!(stage.wants.is_empty(), "the room is not picked until the second is decided");
    stage.books.commit(&plan).unwrap();
    // Meanwhile a fourth double has been added.
    let mut larger = room(DOUBLE, 4);
    larger.stock_version = 2;
    stage.books.rows.rooms.insert(DOUBLE, larger);
    for night in stage.books.rows.nights.values_mut() {
        *night = night.map(|night| night.with_quantity(4));
    }
    stage.tell(Input::Written(first, Ok(())));
    let wanted = stage.loads();
    assert_eq!(wanted.stays[0].rooms, [DOUBLE].into(), "its room is read anew");
    stage.runs();
    let outcomes = stage.outcomes();
    assert!(is_new(&outcomes[0].1));
    assert!(outcomes[1].0 == 2 && is_new(&outcomes[1].1));
    assert!(outcomes[2].0 == 3 && sold_out(&outcomes[2].1));
}

#[test]
fn a_scarce_night_is_read_again_while_nothing_moves_it() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    stage.runs();
    stage.arrive(2, one(2));
    assert_eq!(stage.loads().stays.len(), 1, "one unit of three is left");
    let mut plenty = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    plenty.arrive(1, one(1));
    plenty.runs();
    plenty.arrive(2, one(2));
    assert!(plenty.loads().stays.is_empty());
}

#[test]
fn a_hotel_is_believed_for_five_seconds() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.runs();
    stage.pass(4_999);
    stage.arrive(2, one(2));
    assert!(stage.loads().stays.is_empty());
    stage.runs();
    stage.pass(1);
    stage.arrive(3, one(3));
    let wanted = stage.loads();
    assert_eq!(
        (wanted.stays[0].hotel_id, wanted.stays[0].rooms.len()),
        (HOTEL, 1),
        "one room, not all of them"
    );
}

#[test]
fn a_room_that_changes_while_it_is_read_is_read_again() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.runs();
    stage.arrive(2, one(2));
    let (old, _) = stage.load();
    stage.tell(Input::Forget(DOUBLE));
    stage.tell(Input::Loaded(old, Box::new(Snapshot::empty(stage.books.rows.now))));
    assert_eq!(stage.loads().stays[0].rooms, [DOUBLE].into());
    stage.runs();
    assert!(stage.outcomes().iter().all(|(_, outcome)| is_new(outcome)));
}

#[test]
fn a_cold_room_is_forgotten_and_so_is_the_one_asked_for_longest_ago() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.runs();
    stage.pass(600_001);
    stage.arrive(2, one(2));
    assert_eq!(stage.loads().stays.len(), 1);
    let mut small = Stage::with(Bounds { scarce: 0, rooms_remembered: 1, ..Bounds::default() });
    small.arrive(1, one(1));
    small.runs();
    small.pass(1);
    small.arrive(2, book(2, &[(SUITE, 1)]));
    small.runs();
    small.pass(1);
    small.arrive(3, one(3));
    assert_eq!(small.loads().stays[0].rooms, [DOUBLE].into());
}

#[test]
fn a_hotel_that_was_read_long_ago_is_forgotten_though_its_room_is_not() {
    let mut stage = Stage::with(Bounds { scarce: 0, hotel_ms: u64::MAX, ..Bounds::default() });
    stage.arrive(1, one(1));
    stage.runs();
    stage.pass(300_000);
    stage.arrive(2, one(2));
    assert!(stage.loads().stays.is_empty(), "all is known");
    stage.runs();
    stage.pass(300_001);
    stage.arrive(3, one(3));
    let wanted = stage.loads();
    assert!(wanted.stays.iter().any(|stay| stay.hotel_id == HOTEL), "the hotel was read long ago");
}

#[test]
fn rooms_are_read_for_those_works_of_a_batch_alone_that_may_move_them() {
    let mut stage = Stage::new();
    stage.arrive(0, one(100));
    stage.arrive(1, order(new_id(102), Command::NumberPapers, 1));
    stage.arrive(2, order(new_id(101), cancel(CancelledBy::Hotel), 2));
    stage.loads();
    stage.writes();
    let (_, wanted) = stage.load();
    assert_eq!(wanted.bookings, [new_id(101), new_id(102)].into());
    assert_eq!(wanted.rooms_of, [new_id(101)].into());
}

#[test]
fn a_full_class_is_refused_at_once_and_the_others_still_pass() {
    let mut stage = Stage::with(Bounds { book_waiting: 4, ..Bounds::default() });
    stage.arrive(0, one(100));
    (1..=3).for_each(|n| stage.arrive(n.into(), one(n)));
    assert_eq!(stage.heard(), [(3, Answer::Overloaded)], "one hotel fills half of it");
    for n in 4..=6 {
        stage.arrive(
            n,
            Work {
                hotel_id: HotelId::from_uuid(uuid::Uuid::from_u128(n.into())),
                ..one(u8::try_from(n).unwrap())
            },
        );
    }
    assert_eq!(stage.heard(), [(6, Answer::Overloaded)]);
    stage.arrive(7, order(new_id(1), Command::HoldDue, 1));
    assert!(stage.heard().is_empty());
}

#[test]
fn numbers_have_as_many_places_as_payments_and_completions_fewer() {
    let mut stage = Stage::with(Bounds { upkeep_waiting: 1, money_waiting: 3, ..Bounds::default() });
    stage.arrive(0, one(100));
    let mut upkeep = |ticket: u64, command: Command| {
        let work = order(new_id(ticket.into()), command, 1);
        stage.tell(Input::Arrived(Ticket(ticket), Class::Upkeep, Box::new(work)));
        stage.heard()
    };
    assert!((1..=3).all(|n| upkeep(n, Command::NumberPapers).is_empty()));
    assert_eq!(upkeep(4, Command::NumberPapers), [(4, Answer::Overloaded)]);
    assert_eq!(upkeep(5, Command::StayEnded), [(5, Answer::Overloaded)]);
}

#[test]
fn repeats_wait_for_their_first_and_share_its_booking() {
    let mut stage = Stage::side_by_side();
    let repeat = |seed: u8| asked_for(request_of(&one(1)), new_id(seed.into()));
    stage.arrive(1, one(1));
    stage.loads();
    (2..=18).for_each(|n| stage.arrive(n.into(), repeat(n)));
    assert_eq!(stage.heard(), [(18, Answer::InProgress)], "sixteen wait");
    let mut other = request_of(&one(1));
    other.key = crate::IdempotencyKey { hash: Digest::new([9; 32]), ..key(50) };
    stage.arrive(20, asked_for(other, new_id(20)));
    stage.runs();
    let outcomes = stage.outcomes();
    let id = |outcome: &Outcome| {
        let Outcome::Created(Created::New(record) | Created::Repeat(record)) = outcome else {
            panic!("no booking: {outcome:?}")
        };
        record.booking_id
    };
    let of_key: BTreeSet<BookingId> =
        outcomes.iter().filter(|(ticket, _)| *ticket < 20).map(|(_, outcome)| id(outcome)).collect();
    assert_eq!(of_key, [new_id(1)].into());
    assert_eq!(outcomes.len(), 18);
}

#[test]
fn a_repeat_of_what_was_refused_is_decided_as_its_own() {
    let mut stage = Stage::new();
    let four = |seed: u8| asked_for(request_of(&book(1, &[(DOUBLE, 4)])), new_id(seed.into()));
    stage.arrive(1, four(1));
    stage.arrive(2, four(2));
    stage.loads();
    let mut larger = room(DOUBLE, 4);
    larger.stock_version = 2;
    stage.books.rows.rooms.insert(DOUBLE, larger);
    stage.runs();
    let outcomes = stage.outcomes();
    assert!(sold_out(&outcomes[0].1) && is_new(&outcomes[1].1));
}

#[test]
fn money_goes_first_and_hotels_take_turns() {
    let mut stage = Stage::with(Bounds { works: 3, ..Bounds::default() });
    let other = HotelId::from_uuid(uuid::Uuid::from_u128(77));
    let mut house = hotel();
    house.hotel_id = other;
    stage.books.rows.hotels.insert(other, house);
    stage.arrive(0, one(100));
    (1..=3).for_each(|n| stage.arrive(n.into(), one(n)));
    let elsewhere = crate::Stay::parse(other, dates(), vec![line(DOUBLE, 1)]);
    let asked = crate::Request { stay: elsewhere.unwrap(), ..request_of(&one(4)) };
    stage.arrive(4, Work { hotel_id: other, ..asked_for(asked, new_id(4)) });
    stage.arrive(5, order(new_id(99), Command::CheckoutEnded, 5));
    stage.loads();
    stage.writes();
    stage.heard();
    let (_, wanted) = stage.load();
    assert_eq!(wanted.bookings, [new_id(99)].into());
    let hotels: BTreeSet<HotelId> = wanted.stays.iter().map(|stay| stay.hotel_id).collect();
    assert_eq!(wanted.scopes.len(), 2);
    assert!(hotels.contains(&other), "three of the first hotel came before");
}

#[test]
fn payments_fill_what_others_leave_of_a_batch() {
    let mut stage = Stage::with(Bounds { money_first: 1, ..Bounds::default() });
    stage.arrive(0, one(100));
    (1..=3).for_each(|n: u64| stage.arrive(n, order(new_id(n.into()), Command::CheckoutEnded, n.into())));
    stage.arrive(4, one(1));
    stage.loads();
    stage.writes();
    stage.heard();
    let (_, wanted) = stage.load();
    assert_eq!((wanted.bookings.len(), wanted.scopes.len()), (3, 1));
}

#[test]
fn a_closed_shard_answers_who_waits_and_takes_nobody_in() {
    let mut stage = Stage::new();
    stage.arrive(1, one(1));
    stage.arrive(2, one(2));
    stage.tell(Input::Close);
    stage.arrive(3, one(3));
    assert_eq!(stage.heard(), [(3, Answer::Unavailable)]);
    stage.runs();
    assert_eq!(stage.outcomes().len(), 2);
    let mut stuck = Stage::new();
    stuck.arrive(1, one(1));
    stuck.pass(9_000);
    stuck.arrive(2, one(2));
    stuck.tell(Input::Close);
    stuck.pass(10_001);
    assert_eq!(stuck.heard(), [(2, Answer::Unavailable)], "the first is under way");
}

#[test]
fn who_needs_the_archive_is_told_at_once() {
    let mut stage = Stage::new();
    let world = World::expired();
    stage.books.rows = world.snapshot;
    let id = stage.books.purge(new_id(101)).unwrap().record.booking_id;
    stage.arrive(1, order(id, paid("pr-9", euros(60_006)), 1));
    stage.loads();
    assert_eq!(stage.outcomes(), [(1, Outcome::Again(Need::Archive(id)))]);
    assert!(stage.shard.is_idle());
}

#[test]
fn a_booking_under_way_is_waited_for_and_its_room_is_not_held_up_by_a_cancellation() {
    let mut stage = Stage::side_by_side();
    stage.books.rows = World::reserved().snapshot;
    let id = new_id(101);
    stage.arrive(1, order(id, paid("pr-1", euros(60_006)), 1));
    stage.loads();
    let (first, plan, _) = stage.write();
    stage.arrive(2, order(id, cancel(CancelledBy::Traveller), 2));
    assert!(stage.wants.is_empty(), "one change of a booking at a time");
    stage.arrive(3, one(3));
    assert_eq!(stage.load().1.scopes.len(), 1, "others go on");
    stage.books.commit(&plan).unwrap();
    stage.tell(Input::Written(first, Ok(())));
}

#[test]
fn a_command_gives_back_rooms_that_nobody_remembers() {
    let mut stage = Stage::new();
    stage.books.rows = World::reserved().snapshot;
    let rooms: BTreeSet<RoomId> = [DOUBLE, SUITE].into();
    stage.arrive(1, order(new_id(101), cancel(CancelledBy::Hotel), 1));
    let wanted = stage.loads();
    assert_eq!(wanted.rooms_of, [new_id(101)].into());
    let (_, plan, _) = stage.write();
    assert_eq!(plan.stock.keys().copied().collect::<BTreeSet<_>>(), rooms);
}

#[test]
fn nights_that_are_being_moved_stay_as_the_batch_under_way_leaves_them() {
    let mut stage = Stage::with(Bounds { second_from: 1, scarce: 0, ..Bounds::default() });
    stage.books.rows = World::reserved().snapshot;
    stage.arrive(1, one(2));
    stage.loads();
    let (first, plan, _) = stage.write();
    stage.arrive(2, order(new_id(101), cancel(CancelledBy::Hotel), 2));
    // The last double is still there to be read, and is sold.
    stage.loads();
    let (second, ..) = stage.write();
    stage.arrive(3, book(3, &[(DOUBLE, 3)]));
    stage.books.commit(&plan).unwrap();
    stage.tell(Input::Written(first, Ok(())));
    stage.loads();
    assert!(stage.wants.is_empty(), "two are free, not three: it is read again behind the second");
    stage.tell(Input::Written(second, Err(Miss::TakenBack)));
}

#[test]
fn commands_that_move_more_nights_than_a_batch_may_are_several_batches() {
    let mut stage = Stage::with(Bounds { nights: 5, scarce: 0, ..Bounds::default() });
    for (ticket, works) in
        (1..).zip([book(1, &[(DOUBLE, 1)]), book(2, &[(DOUBLE, 1)]), book(3, &[(SUITE, 1)])])
    {
        stage.arrive(ticket, works);
        stage.runs();
    }
    stage.heard();
    // Somebody else's batch keeps the shard busy until all have come.
    stage.arrive(4, one(4));
    for id in 1..=3_u8 {
        let seed = u128::from(id);
        stage.arrive(10 + u64::from(id), order(new_id(seed), cancel(CancelledBy::Hotel), 100 + seed));
    }
    stage.loads();
    stage.writes();
    let mut sizes = Vec::new();
    while let Some(first) = stage.wants.first() {
        match first {
            Output::Write(_, plan, _) => {
                sizes.push(plan.moves.len());
                stage.writes();
            }
            Output::Load(..)
            | Output::Lock(..)
            | Output::Look(..)
            | Output::Answer(..)
            | Output::Done(..) => drop(stage.loads()),
        }
    }
    assert_eq!(sizes, [2, 1], "of two nights each");
    assert_eq!(stage.outcomes().len(), 4);
}

#[test]
fn it_is_counted_what_was_refused_and_whether_it_was_read_once_more_for_it() {
    let mut stage = Stage::with(Bounds { scarce: 0, ..Bounds::default() });
    stage.arrive(1, book(1, &[(SUITE, 1)]));
    stage.runs();
    stage.arrive(2, book(2, &[(SUITE, 1)]));
    stage.runs();
    assert_eq!(stage.shard.take_refused(), [(("sold_out", true), 1)].into(), "it was remembered as full");
    let mut reused = book(1, &[(DOUBLE, 1)]);
    if let Task::Book(request, _) = &mut reused.task {
        request.key.hash = Digest::new([9; 32]);
    }
    stage.arrive(3, reused);
    stage.runs();
    assert_eq!(stage.shard.take_refused(), [(("idempotency_key_reused", false), 1)].into());
    assert!(stage.shard.take_refused().is_empty(), "each once");
}
