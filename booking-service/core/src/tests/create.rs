//! What may be booked, and at which price.

use chrono::TimeDelta;
use domain::{StayDates, booking::BookingStatus};

use crate::{
    Created, Digest, OfferQuery, OfferReason, OfferStatus, PriceBasis, Refusal, ShortNight, Stay, offers,
    quote,
    refusal::CrowdedLine,
    tests::fixture::{DOUBLE, HOTEL, SUITE, World, date, dates, euros, key, line, request},
};

fn refused(change: impl FnOnce(&mut World, &mut crate::Request)) -> Refusal {
    let (mut world, mut asked) = (World::new(), request());
    change(&mut world, &mut asked);
    world.book(&asked).unwrap_err()
}

#[test]
fn a_booking_holds_its_rooms_at_the_middle_of_their_prices() {
    let world = World::reserved();
    let record = &world.booking().record;
    assert_eq!((record.status, record.version), (BookingStatus::Reserved, 1));
    // (10000 + 10001) / 2, halves up, two nights, three units.
    assert_eq!(record.facts.price.total, euros(10_001 * 2 * 3));
    assert!(record.facts.price.adds_up());
    assert_eq!(record.hold_expires_at, record.created_at.plus(TimeDelta::minutes(5)));
    assert_eq!(record.facts.checkout_expires_at, record.created_at.plus(TimeDelta::minutes(4)));
    assert_eq!(world.snapshot.night(DOUBLE, date("2026-12-25")).available, 1);
    assert_eq!(world.snapshot.night(SUITE, date("2026-12-24")).available, 0);
    assert!(!world.snapshot.nights.contains_key(&(DOUBLE, date("2026-12-26"))));
}

#[test]
fn holds_are_as_long_as_the_hotels_country_says() {
    for (country, minutes) in [("IT", 5), ("IN", 5), ("US", 4)] {
        let mut world = World::new();
        let hotel = world.snapshot.hotels.get_mut(&HOTEL).unwrap();
        hotel.facts.country_code = domain::CountryCode::parse(country).unwrap();
        world.book(&request()).unwrap();
        let record = &world.booking().record;
        assert_eq!(record.hold_expires_at.since(record.created_at), TimeDelta::minutes(minutes), "{country}");
    }
}

#[test]
fn sold_out_tells_every_night_that_is_short() {
    let mut world = World::reserved();
    let mut asked = request();
    asked.key = key(2);
    asked.client_reference = None;
    let short =
        |room_id, day: &str, available, wanted| ShortNight { room_id, date: date(day), available, wanted };
    let expected = vec![
        short(DOUBLE, "2026-12-24", 1, 2),
        short(DOUBLE, "2026-12-25", 1, 2),
        short(SUITE, "2026-12-24", 0, 1),
        short(SUITE, "2026-12-25", 0, 1),
    ];
    assert_eq!(world.book(&asked).unwrap_err(), Refusal::SoldOut(expected));
}

#[test]
fn lines_of_the_same_room_are_counted_together() {
    let refusal = refused(|_, asked| {
        asked.stay = Stay::parse(HOTEL, dates(), vec![line(DOUBLE, 2), line(DOUBLE, 2)]).unwrap();
    });
    assert!(matches!(refusal, Refusal::SoldOut(short) if short[0].wanted == 4));
}

#[test]
fn a_repeat_is_answered_before_any_rule_of_time_or_state() {
    let mut world = World::reserved();
    let made = world.booking().record.clone();
    world.pass(TimeDelta::days(400));
    world.snapshot.hotels.clear();
    assert_eq!(world.book(&request()).unwrap(), Created::Repeat(Box::new(made)));
    let mut other = request();
    other.key.hash = Digest::new([9; 32]);
    assert_eq!(world.book(&other).unwrap_err(), Refusal::IdempotencyKeyReused);
}

#[test]
fn a_client_reference_names_one_booking() {
    let mut world = World::reserved();
    let mut asked = request();
    asked.key = key(2);
    let id = world.booking().record.booking_id;
    assert_eq!(world.book(&asked).unwrap_err(), Refusal::ClientReferenceReused(id));
}

#[test]
fn what_cannot_be_sold_is_refused_by_its_reason() {
    let past = StayDates::parse(date("2026-12-20"), date("2026-12-22")).unwrap();
    let crowd = CrowdedLine { line: 0, people: 3, occupancy: 2 };
    assert_eq!(refused(|world, _| world.snapshot.hotels.clear()), Refusal::UnknownHotel(HOTEL));
    assert_eq!(
        refused(|world, _| drop(world.snapshot.rooms.remove(&SUITE))),
        Refusal::UnknownRoom { line: 1 }
    );
    assert!(matches!(
        refused(|_, asked| asked.stay = Stay::parse(HOTEL, past, vec![line(DOUBLE, 1)]).unwrap()),
        Refusal::InvalidStay(_)
    ));
    assert_eq!(
        refused(|world, _| world.snapshot.rooms.get_mut(&DOUBLE).unwrap().occupancy = 2),
        Refusal::OccupancyExceeded(vec![crowd])
    );
    assert_eq!(
        refused(|world, _| world.snapshot.rooms.get_mut(&SUITE).unwrap().stop_sell = true),
        Refusal::Restricted { lines: vec![1] }
    );
    assert_eq!(
        refused(|world, asked| {
            world.snapshot.open_holds.insert(asked.user_id, 3);
        }),
        Refusal::TooManyHolds { open: 3, limit: 3 }
    );
}

#[test]
fn todays_price_may_be_above_the_expected_one_by_the_accepted_share_only() {
    let expected =
        |total, max_increase_percent| PriceBasis::Expected { total: euros(total), max_increase_percent };
    let current = euros(60_006);
    let refusal = refused(|_, asked| asked.basis = expected(60_005, 0));
    assert_eq!(refusal, Refusal::PriceChanged { expected: euros(60_005), current });
    for basis in [expected(60_006, 0), expected(60_005, 1), expected(99_999, 0)] {
        let mut asked = request();
        asked.basis = basis;
        let mut world = World::new();
        world.book(&asked).unwrap();
        assert_eq!(world.booking().record.facts.price.total, current, "never the client's");
    }
    let yen = domain::Money::new(1, domain::Currency::parse("JPY").unwrap()).unwrap();
    let refusal =
        refused(|_, asked| asked.basis = PriceBasis::Expected { total: yen, max_increase_percent: 0 });
    assert!(matches!(refusal, Refusal::ForeignCurrency(_)));
}

#[test]
fn a_quote_fixes_the_price_of_its_own_stay_until_it_expires() {
    let mut world = World::new();
    let quoted = quote(&world.snapshot, &request().stay, &world.rules).unwrap();
    let mut asked = request();
    asked.basis = PriceBasis::Quote(Box::new(quoted.clone()));
    let dearer = world.snapshot.rooms.get_mut(&DOUBLE).unwrap();
    (dearer.price_min, dearer.price_max) = (euros(90_000), euros(90_000));
    let mut late = world.clone();
    late.snapshot.now = quoted.expires_at;
    assert_eq!(late.book(&asked).unwrap_err(), Refusal::QuoteExpired(quoted.expires_at));
    let mut other = asked.clone();
    other.stay = Stay::parse(HOTEL, dates(), vec![line(DOUBLE, 1)]).unwrap();
    assert_eq!(world.book(&other).unwrap_err(), Refusal::QuoteMismatch);
    world.book(&asked).unwrap();
    assert_eq!(world.booking().record.facts.price, quoted.price);
    assert_eq!(world.booking().record.facts.cancellation_policy, quoted.cancellation_policy);
}

#[test]
fn offers_tell_why_a_room_cannot_be_had() {
    let mut world = World::reserved();
    let ask = |world: &World, rooms, people| {
        let query = OfferQuery { hotel_id: HOTEL, dates: dates(), rooms, people };
        let found = offers(&world.snapshot, &query).unwrap();
        let of = |room| found.iter().find(|offer| offer.room_id == room).unwrap().clone();
        (of(DOUBLE), of(SUITE))
    };
    let (double, suite) = ask(&world, 1, 3);
    assert_eq!((double.status, double.available_quantity), (OfferStatus::Available, 1));
    assert_eq!(double.price.total, euros(20_002));
    assert_eq!(suite.status, OfferStatus::Unavailable(OfferReason::SoldOut));
    assert_eq!(ask(&world, 1, 4).0.status, OfferStatus::Unavailable(OfferReason::OccupancyExceeded));
    world.snapshot.rooms.get_mut(&DOUBLE).unwrap().is_active = false;
    assert_eq!(ask(&world, 1, 1).0.status, OfferStatus::Unavailable(OfferReason::StopSell));
}

#[test]
fn one_room_whose_price_cannot_be_told_is_left_out_and_the_others_are_offered() {
    let mut world = World::new();
    let most = euros(domain::Money::LIMIT - 1);
    let odd = world.snapshot.rooms.get_mut(&SUITE).unwrap();
    (odd.price_min, odd.price_max) = (most, most);
    let ask = |world: &World, dates| {
        let query = OfferQuery { hotel_id: HOTEL, dates, rooms: 1, people: 1 };
        offers(&world.snapshot, &query).unwrap().iter().map(|offer| offer.room_id).collect::<Vec<_>>()
    };
    assert_eq!(ask(&world, dates()), [DOUBLE], "two such nights are more than money can be");
    let one_night = StayDates::parse(date("2026-12-24"), date("2026-12-25")).unwrap();
    assert_eq!(ask(&world, one_night), [DOUBLE, SUITE], "one is not");
    let stay = Stay::parse(HOTEL, one_night, vec![line(SUITE, 1)]).unwrap();
    assert_eq!(quote(&world.snapshot, &stay, &world.rules).unwrap().price.total, most);
}
