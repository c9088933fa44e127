//! The rules of a batch, one promise each.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::{
    BookingId, StayDates,
    booking::{BookingStatus, LatePayment},
};

use crate::{
    CancelledBy, Command, Created, Digest, KeepAnswer, Need, Night, Outcome, PaymentEvent, Plan, PriceBasis,
    ProviderSaid, Refusal, Request, Snapshot, Stay, Task, Unreadable, Work, batch,
    books::Books,
    tests::{
        cuts::{by, order},
        fixture::{
            DOUBLE, HOTEL, SUITE, World, cancel, dates, due, euros, key, line, new_id, noon, paid, request,
        },
    },
};

pub(super) fn book(seed: u8, units: &[(domain::RoomId, u8)]) -> Work {
    let lines = units.iter().map(|(room, units)| line(*room, *units)).collect();
    let asked = Request {
        key: key(seed),
        client_reference: None,
        holds_limit: u32::MAX,
        stay: Stay::parse(HOTEL, dates(), lines).unwrap(),
        ..request()
    };
    asked_for(asked, new_id(u128::from(seed)))
}

pub(super) fn asked_for(request: Request, id: BookingId) -> Work {
    Work { hotel_id: HOTEL, task: Task::Book(Box::new(request), id) }
}

fn run(world: &World, works: &[Work]) -> (Vec<Outcome>, Plan, Snapshot) {
    let mut snapshot = world.snapshot.clone();
    let (outcomes, plan) = batch(&mut snapshot, works, &by(&world.rules));
    (outcomes, plan, snapshot)
}

/// The world with rooms and hotel known from before only.
fn remembering(mut world: World) -> World {
    world.snapshot.remembered.rooms = [DOUBLE, SUITE].into();
    world.snapshot.remembered.hotels = [HOTEL].into();
    world
}

pub(super) fn is_new(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Created(Created::New(_)))
}

fn the_booking(world: &World) -> BookingId {
    world.booking().record.booking_id
}

#[test]
fn who_comes_first_gets_the_last_unit_and_one_plan_sells_them_all() {
    let world = World::new();
    let works: Vec<Work> = (1..=4).map(|seed| book(seed, &[(DOUBLE, 1)])).collect();
    let (outcomes, plan, _) = run(&world, &works);
    assert!(outcomes[..3].iter().all(is_new));
    assert_eq!(outcomes[3], Outcome::Again(Need::Written), "somebody may give back before these are written");
    assert!(plan.nights.values().all(|delta| delta.taken == 3));
    assert_eq!((plan.bookings.len(), plan.nights.len(), plan.stock.len()), (3, 2, 1));
}

/// One night of the suite.
fn suite_on(seed: u8, night: chrono::NaiveDate) -> Work {
    let dates = StayDates::parse(night, night.succ_opt().unwrap()).unwrap();
    let stay = Stay::parse(HOTEL, dates, vec![line(SUITE, 1)]).unwrap();
    asked_for(Request { stay, ..request_of(&book(seed, &[(SUITE, 1)])) }, new_id(u128::from(seed)))
}

#[test]
fn stays_that_do_not_meet_are_decided_beside_each_other_also_where_one_of_them_waits() {
    let mut world = World::new();
    let [first, second, third] =
        [24, 25, 26].map(|day| chrono::NaiveDate::from_ymd_opt(2026, 12, day).unwrap());
    let full = Night { initial: 1, available: 0, allowance: 0 };
    world.snapshot.nights.extend([((SUITE, second), Some(full)), ((SUITE, third), None)]);
    let works =
        [suite_on(1, first), suite_on(2, first), suite_on(3, second), suite_on(4, third), suite_on(5, first)];
    let (outcomes, plan, _) = run(&world, &works);
    assert!(is_new(&outcomes[0]) && is_new(&outcomes[3]));
    assert_eq!(
        outcomes[1],
        Outcome::Again(Need::Written),
        "somebody may give that night back before it is written"
    );
    let sold_out = |outcome: &Outcome| matches!(outcome, Outcome::Refused(Refusal::SoldOut(_)));
    assert!(sold_out(&outcomes[2]), "nobody of this batch took of that night");
    assert_eq!(outcomes[4], Outcome::Again(Need::Turn), "who comes later does not overtake");
    assert_eq!(plan.bookings.len(), 2);
}

#[test]
fn a_booking_is_changed_once_in_a_batch_and_the_second_change_waits_its_turn() {
    let world = World::reserved();
    let id = the_booking(&world);
    let works = [order(id, paid("pr-1", due(&world)), 1), order(id, cancel(CancelledBy::Traveller), 2)];
    let (outcomes, plan, after) = run(&world, &works);
    assert!(matches!(outcomes[0], Outcome::Decided(_)));
    assert_eq!(outcomes[1], Outcome::Again(Need::Turn));
    assert_eq!(plan.moves.len(), 1);
    assert_eq!(after.bookings[&id].record.status, BookingStatus::Booked);
}

#[test]
fn what_only_hears_of_a_change_in_the_same_batch_is_answered_with_it() {
    let world = World::reserved();
    let id = the_booking(&world);
    let pay = |seed| order(id, paid("pr-1", due(&world)), seed);
    let (outcomes, plan, _) = run(&world, &[pay(1), pay(2)]);
    let step = |outcome: &Outcome| {
        let Outcome::Decided(decided) = outcome else { panic!("not decided: {outcome:?}") };
        decided.outcome()
    };
    assert_eq!((step(&outcomes[0]), step(&outcomes[1])), ("booked", "duplicate"));
    assert_eq!(plan.moves.len(), 1);
}

#[test]
fn a_repeat_in_the_same_batch_finds_the_first_and_another_body_is_refused() {
    let first = book(1, &[(DOUBLE, 1)]);
    let again = asked_for(request_of(&first), new_id(2));
    let mut other = request_of(&first);
    other.key.hash = Digest::new([9; 32]);
    let (outcomes, plan, _) = run(&World::new(), &[first, again, asked_for(other, new_id(3))]);
    assert!(is_new(&outcomes[0]));
    assert!(matches!(outcomes[1], Outcome::Created(Created::Repeat(_))));
    assert_eq!(outcomes[2], Outcome::Refused(Refusal::IdempotencyKeyReused));
    assert_eq!(plan.bookings.len(), 1);
}

pub(super) fn request_of(work: &Work) -> Request {
    match &work.task {
        Task::Book(request, _) => Request::clone(request),
        Task::Command(_) => panic!("no request"),
    }
}

#[test]
fn a_client_reference_and_open_holds_count_within_the_batch() {
    let asked = |seed: u8, name: &str| {
        let mut asked = request_of(&book(seed, &[(DOUBLE, 1)]));
        asked.client_reference = Some(domain::ClientReference::parse(name).unwrap());
        asked.holds_limit = 2;
        asked_for(asked, new_id(u128::from(seed)))
    };
    let works = [asked(1, "a"), asked(2, "a"), asked(3, "b"), asked(4, "c")];
    let (outcomes, _, _) = run(&World::new(), &works);
    assert!(is_new(&outcomes[0]) && is_new(&outcomes[2]));
    let first = new_id(1);
    assert_eq!(outcomes[1], Outcome::Refused(Refusal::ClientReferenceReused(first)));
    assert_eq!(outcomes[3], Outcome::Refused(Refusal::TooManyHolds { open: 2, limit: 2 }));
}

type Change = (&'static str, fn(&mut World));

#[test]
fn no_refusal_rests_on_what_is_only_remembered() {
    let past =
        domain::StayDates::parse("2026-12-20".parse().unwrap(), "2026-12-22".parse().unwrap()).unwrap();
    let changes: [Change; 4] = [
        ("hotel", |world| world.snapshot.hotels.clear()),
        ("room", |world| drop(world.snapshot.rooms.remove(&DOUBLE))),
        ("occupancy", |world| world.snapshot.rooms.get_mut(&DOUBLE).unwrap().occupancy = 1),
        ("stop", |world| world.snapshot.rooms.get_mut(&DOUBLE).unwrap().stop_sell = true),
    ];
    for (what, change) in changes {
        let mut world = World::new();
        change(&mut world);
        let (fresh, ..) = run(&world, &[book(1, &[(DOUBLE, 1)])]);
        assert!(matches!(fresh[0], Outcome::Refused(_)), "{what}");
        let (remembered, ..) = run(&remembering(world), &[book(1, &[(DOUBLE, 1)])]);
        assert_eq!(remembered[0], Outcome::Again(Need::Fresh), "{what}");
    }
    let dear = PriceBasis::Expected { total: euros(1), max_increase_percent: 0 };
    let yen = domain::Money::new(1, domain::Currency::parse("JPY").unwrap()).unwrap();
    let foreign = PriceBasis::Expected { total: yen, max_increase_percent: 0 };
    let works = [
        book(1, &[(DOUBLE, 4)]),
        asked_for(Request { basis: dear, ..request_of(&book(2, &[(DOUBLE, 1)])) }, new_id(2)),
        asked_for(Request { basis: foreign, ..request_of(&book(3, &[(DOUBLE, 1)])) }, new_id(3)),
        asked_for(
            Request {
                stay: Stay::parse(HOTEL, past, vec![line(DOUBLE, 1)]).unwrap(),
                ..request_of(&book(4, &[(DOUBLE, 1)]))
            },
            new_id(4),
        ),
    ];
    for work in works {
        let (outcomes, plan, _) = run(&remembering(World::new()), &[work]);
        assert_eq!(outcomes[0], Outcome::Again(Need::Fresh));
        assert!(plan.is_empty());
    }
}

#[test]
fn nobody_overtakes_a_work_that_waits_for_its_room_and_others_go_on() {
    let world = remembering(World::new());
    let works = [book(1, &[(DOUBLE, 4)]), book(2, &[(DOUBLE, 1)]), book(3, &[(SUITE, 1)])];
    let (outcomes, plan, _) = run(&world, &works);
    assert_eq!(outcomes[..2], [Outcome::Again(Need::Fresh), Outcome::Again(Need::Turn)]);
    assert!(is_new(&outcomes[2]));
    assert_eq!(plan.bookings.len(), 1);
}

#[test]
fn who_shares_a_caller_or_a_booking_with_a_work_that_waits_waits_behind_it() {
    let mut world = World::reserved();
    world.snapshot.remembered.rooms = [SUITE].into();
    let id = the_booking(&world);
    let counted = |seed: u8, units: &[(domain::RoomId, u8)]| {
        let asked = Request { holds_limit: 3, ..request_of(&book(seed, units)) };
        asked_for(asked, new_id(u128::from(seed)))
    };
    let works = [
        counted(2, &[(SUITE, 1)]),
        counted(3, &[(DOUBLE, 1)]),
        order(id, cancel(CancelledBy::Traveller), 4),
        book(5, &[(DOUBLE, 1)]),
    ];
    let (outcomes, ..) = run(&world, &works);
    let turn = Outcome::Again(Need::Turn);
    assert_eq!(outcomes, [Outcome::Again(Need::Fresh), turn.clone(), turn.clone(), turn]);
}

#[test]
fn what_others_do_not_move_is_refused_from_memory() {
    let mut asked = request_of(&book(1, &[(DOUBLE, 1)]));
    asked.holds_limit = 1;
    let mut world = remembering(World::new());
    world.snapshot.open_holds.insert(asked.user_id, 1);
    let (outcomes, ..) = run(&world, &[asked_for(asked, new_id(1))]);
    assert_eq!(outcomes[0], Outcome::Refused(Refusal::TooManyHolds { open: 1, limit: 1 }));
}

/// Expired, and a rival holds the suite.
fn sold_again() -> World {
    let mut world = World::expired();
    world.book(&request_of(&book(9, &[(SUITE, 1)]))).unwrap();
    world
}

#[test]
fn money_that_came_late_is_not_sent_back_because_of_remembered_rooms() {
    let world = sold_again();
    let id = new_id(101);
    let late = [order(id, paid("pr-9", euros(60_006)), 5)];
    let (outcomes, _, after) = run(&world, &late);
    assert!(matches!(outcomes[0], Outcome::Decided(_)));
    assert_eq!(after.bookings[&id].record.late_payment, Some(LatePayment::Refunded));
    let (outcomes, plan, _) = run(&remembering(world), &late);
    assert_eq!(outcomes[0], Outcome::Again(Need::Fresh));
    assert!(plan.is_empty());
    let (outcomes, _, after) = run(&remembering(World::expired()), &late);
    assert!(matches!(outcomes[0], Outcome::Decided(_)), "to book again, the guarded write decides");
    assert_eq!(after.bookings[&id].record.late_payment, Some(LatePayment::Rebooked));
}

#[test]
fn an_operator_is_not_refused_because_of_remembered_rooms() {
    let mut world = sold_again();
    let id = new_id(101);
    world.command_on(id, &paid("pr-9", euros(7))).unwrap();
    let payment = world.snapshot.bookings[&id].own_payment().payment_id;
    let review = order(id, crate::tests::fixture::reviewed(payment, crate::Review::Book), 8);
    let (outcomes, ..) = run(&world, std::slice::from_ref(&review));
    assert_eq!(outcomes[0], Outcome::Refused(Refusal::CannotRebook));
    let (outcomes, ..) = run(&remembering(world), &[review]);
    assert_eq!(outcomes[0], Outcome::Again(Need::Fresh));
}

#[test]
fn what_moves_rooms_that_were_not_read_waits_for_them() {
    for forget in [DOUBLE, SUITE] {
        let mut world = World::reserved();
        world.snapshot.forget(forget);
        let id = the_booking(&world);
        let (outcomes, plan, _) = run(&world, &[order(id, cancel(CancelledBy::Hotel), 3)]);
        assert_eq!(outcomes[0], Outcome::Again(Need::Fresh));
        assert!(plan.is_empty());
        let (outcomes, ..) = run(&world, &[order(id, paid("pr-1", due(&world)), 3)]);
        assert!(matches!(outcomes[0], Outcome::Decided(_)), "a payment in time moves no rooms");
    }
}

#[test]
fn a_purged_booking_waits_for_its_record_and_then_goes_on_at_its_version() {
    let mut world = World::expired();
    let id = the_booking(&world);
    world.command(&Command::VoidConfirmed).unwrap();
    let mut books = Books { rows: world.snapshot.clone() };
    let record = Arc::new(books.purge(id).unwrap().record);
    world.snapshot = books.rows;
    let late = order(id, paid("pr-9", euros(60_006)), 5);
    let (outcomes, ..) = run(&world, std::slice::from_ref(&late));
    assert_eq!(outcomes[0], Outcome::Again(Need::Archive(id)));
    let with_record = |mut work: Work| {
        if let Task::Command(order) = &mut work.task {
            order.archived = Some(record.clone());
        }
        work
    };
    let again = with_record(order(id, paid("pr-9", euros(60_006)), 6));
    let (outcomes, plan, after) = run(&world, &[with_record(late), again]);
    assert!(matches!(&outcomes[0], Outcome::Decided(decided) if decided.after.version == record.version + 1));
    assert!(matches!(&outcomes[1], Outcome::Decided(decided) if decided.outcome() == "duplicate"));
    assert_eq!(plan.moves[0].home, crate::Home::Purged);
    assert_eq!(after.purged[&id].late_payment, Some(LatePayment::Refunded));
}

#[test]
fn a_row_that_does_not_parse_is_told_and_harms_nobody_else() {
    let mut world = World::reserved();
    let id = the_booking(&world);
    world.snapshot.bookings.clear();
    world.snapshot.unreadable.insert(Unreadable::Booking(id));
    let repeat = asked_for(request(), new_id(7));
    let works = [order(id, Command::CheckoutEnded, 1), repeat, book(2, &[(DOUBLE, 1)])];
    let (outcomes, ..) = run(&world, &works);
    let told = Outcome::Unreadable(Unreadable::Booking(id));
    assert_eq!(outcomes[..2], [told.clone(), told]);
    assert!(is_new(&outcomes[2]));
}

#[test]
fn a_room_or_hotel_that_does_not_parse_is_told_to_who_needs_it_and_to_nobody_else() {
    let mut world = World::reserved();
    let id = the_booking(&world);
    let repeat = asked_for(request(), new_id(7));
    let rooms = world.booking().units();
    for room in rooms.keys() {
        world.snapshot.rooms.remove(room);
        world.snapshot.unreadable.insert(Unreadable::Room(*room));
    }
    let room = *rooms.keys().next().unwrap();
    let told = Outcome::Unreadable(Unreadable::Room(room));
    let works = [repeat.clone(), book(2, &[(room, 1)]), order(id, cancel(CancelledBy::Traveller), 3)];
    let (outcomes, plan, _) = run(&world, &works);
    assert!(matches!(outcomes[0], Outcome::Created(Created::Repeat(_))), "its key has made it");
    assert_eq!(outcomes[1..], [told.clone(), told]);
    assert!(plan.is_empty());
    let mut world = World::reserved();
    world.snapshot.hotels.clear();
    world.snapshot.unreadable.insert(Unreadable::Hotel(HOTEL));
    let works = [repeat, book(2, &[(DOUBLE, 1)]), order(id, cancel(CancelledBy::Traveller), 3)];
    let (outcomes, ..) = run(&world, &works);
    assert!(matches!(outcomes[0], Outcome::Created(Created::Repeat(_))));
    assert_eq!(outcomes[1], Outcome::Unreadable(Unreadable::Hotel(HOTEL)));
    assert!(matches!(outcomes[2], Outcome::Decided(_)), "rooms come back without what is known of the hotel");
}

#[test]
fn a_command_about_another_payment_or_no_booking_is_not_about_this_booking() {
    let world = World::reserved();
    let id = the_booking(&world);
    let mut other = order(id, paid("pr-1", due(&world)), 1);
    if let Task::Command(order) = &mut other.task {
        order.payment = Some(new_id(55).payment_id());
    }
    let nobody = new_id(56);
    let (outcomes, plan, _) = run(&world, &[other, order(nobody, Command::HoldDue, 2)]);
    let unknown = |id| Outcome::Refused(Refusal::UnknownBooking(id));
    assert_eq!(outcomes, [unknown(id), unknown(nobody)]);
    assert!(plan.is_empty());
}

#[test]
fn an_answer_is_kept_with_its_effect_and_only_then() {
    let world = World::booked();
    let id = the_booking(&world);
    let kept = |seed, key_seed| {
        let mut work = order(id, cancel(CancelledBy::Traveller), seed);
        if let Task::Command(order) = &mut work.task {
            let key = key(key_seed);
            let user_id = crate::tests::fixture::ADA;
            order.keep = Some(KeepAnswer { key, operation_id: "cancel_booking".to_owned(), user_id });
        }
        work
    };
    let (outcomes, plan, _) = run(&world, &[kept(1, 71), kept(2, 71), kept(3, 72), kept(4, 1)]);
    assert!(matches!(outcomes[0], Outcome::Decided(_)));
    assert_eq!(outcomes[1], Outcome::Kept(Box::new(plan.answers[0].clone())));
    assert!(matches!(outcomes[2], Outcome::Decided(_)), "cancelled before: answered, and nothing to keep");
    assert_eq!(outcomes[3], Outcome::Refused(Refusal::IdempotencyKeyReused), "a booking has that key");
    assert_eq!(plan.answers.len(), 1);
    assert_eq!(plan.answers[0].booking_id, id);
}

#[test]
fn the_providers_words_are_kept_with_what_became_of_them() {
    let world = World::reserved();
    let id = the_booking(&world);
    let told = |seed, command| {
        let mut work = order(id, command, seed);
        if let Task::Command(order) = &mut work.task {
            order.told = Some(PaymentEvent {
                webhook_id: format!("msg_{seed}"),
                kind: "payment.succeeded".to_owned(),
                payment_id: None,
                booking_id: Some(id),
                hotel_id: None,
                refund_id: None,
                provider_reference: None,
                amount: None,
                failure_code: None,
                sent_at: Some(noon()),
                outcome: "recorded",
                body: Vec::new(),
            });
        }
        work
    };
    let works = [
        told(1, paid("pr-1", due(&world))),
        told(2, paid("pr-1", due(&world))),
        told(3, Command::CheckoutEnded),
    ];
    let (_, plan, _) = run(&world, &works);
    let outcomes: Vec<_> = plan.payment_events.iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, ["booked", "duplicate", "recorded"]);
}

#[test]
fn works_of_one_series_are_numbered_in_order_under_one_step_each_without_a_gap() {
    let mut world = World::new();
    for seed in 1..=3 {
        world.book(&request_of(&book(seed, &[(DOUBLE, 1)]))).unwrap();
    }
    let ids: Vec<_> = world.snapshot.bookings.keys().copied().collect();
    for (seed, id) in (0..).zip(&ids) {
        world.command_on(*id, &paid(&format!("pr-{seed}"), euros(20_002))).unwrap();
    }
    let works: Vec<_> = (1..).zip(&ids).map(|(seed, id)| order(*id, Command::NumberPapers, seed)).collect();
    let (_, plan, _) = run(&world, &works);
    let ordinals: Vec<_> = plan.numbered.iter().map(|step| step.ordinal).collect();
    assert_eq!(ordinals, [1, 2, 3]);
    world.execute(&plan);
}

#[test]
fn a_hold_that_ends_in_a_batch_gives_its_units_to_the_next_work() {
    let mut world = World::new();
    world.book(&request_of(&book(1, &[(SUITE, 1)]))).unwrap();
    world.pass(TimeDelta::minutes(5));
    let id = the_booking(&world);
    let ended = order(id, Command::ProviderSaid(ProviderSaid::NoAnswer), 2);
    let (outcomes, plan, _) = run(&world, &[ended, book(3, &[(SUITE, 1)])]);
    assert!(is_new(&outcomes[1]));
    assert!(plan.nights.values().all(|delta| (delta.given_back, delta.taken) == (1, 1)));
    world.execute(&plan);
}

#[test]
fn work_run_again_after_its_answer_was_lost_is_new_and_not_a_repeat() {
    let mut world = World::new();
    let work = book(1, &[(DOUBLE, 1)]);
    let (first, plan, _) = run(&world, std::slice::from_ref(&work));
    world.execute(&plan);
    let (again, plan, _) = run(&world, &[work]);
    assert_eq!(first, again);
    assert!(plan.is_empty());
}

#[test]
fn a_room_whose_nights_were_not_looked_for_is_not_sold() {
    let mut world = World::new();
    world.snapshot.nights.clear();
    let (outcomes, plan, _) = run(&world, &[book(1, &[(DOUBLE, 1)])]);
    assert_eq!(outcomes[0], Outcome::Again(Need::Fresh));
    assert!(plan.is_empty());
}

#[test]
fn a_hold_that_ends_in_a_batch_is_not_counted_for_the_next_work() {
    let world = World::reserved();
    let one_more = Request { holds_limit: 1, ..request_of(&book(2, &[(DOUBLE, 1)])) };
    let gone = order(the_booking(&world), cancel(CancelledBy::Traveller), 3);
    let (outcomes, ..) = run(&world, &[gone, asked_for(one_more, new_id(2))]);
    assert!(is_new(&outcomes[1]), "{:?}", outcomes[1]);
}
