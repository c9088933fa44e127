//! What a token carries is what was quoted.

use domain::{StayDates, booking::Party};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    Quote, Refusal, Stay, StayLine, quote,
    tests::fixture::{DOUBLE, HOTEL, World, date, dates, euros, line, request, room, rules, snapshot},
};

#[test]
fn a_quote_is_refused_where_the_booking_would_be() {
    let world = World::reserved();
    assert!(matches!(quote(&world.snapshot, &request().stay, &world.rules), Err(Refusal::SoldOut(_))));
}

#[test]
fn the_longest_quote_stays_short() {
    let mut world = snapshot();
    let end = date("2026-12-24").checked_add_days(chrono::Days::new(30)).unwrap();
    let lines = (0..9u128).map(|n| {
        let id = Uuid::from_u128(u128::MAX - n).into();
        let mut stock = room(id, 9);
        stock.occupancy = 50;
        (stock.price_min, stock.price_max) = (euros(99_999_999), euros(99_999_999));
        world.rooms.insert(id, stock);
        StayLine { room_id: id, quantity: 1, party: Party::parse(30, vec![17; 20]).unwrap() }
    });
    let lines = lines.collect();
    let stay = Stay::parse(HOTEL, StayDates::parse(date("2026-12-24"), end).unwrap(), lines).unwrap();
    let quoted = quote(&world, &stay, &rules()).unwrap();
    let json = serde_json::to_vec(&quoted).unwrap();
    // Base 64 takes 4/3 and the signature 43 characters of 2 KiB.
    assert!(json.len() <= 1_500, "{} bytes", json.len());
}

#[test]
fn a_token_with_prices_for_fewer_nights_is_no_quote() {
    let quoted = quote(&snapshot(), &request().stay, &rules()).unwrap();
    let json = serde_json::to_string(&quoted).unwrap();
    assert!(serde_json::from_str::<Quote>(&json.replacen("[[2,10001]]", "[[1,10001]]", 1)).is_err());
}

proptest! {
    #[test]
    fn a_quote_reads_back_as_it_was(
        low in 1i64..1_000_000, more in 0i64..1_000_000, quantity in 1u8..=3, nights in 1u64..=30,
    ) {
        let mut world = snapshot();
        let stock = world.rooms.get_mut(&DOUBLE).unwrap();
        (stock.price_min, stock.price_max) = (euros(low), euros(low + more));
        let end = dates().start_date().checked_add_days(chrono::Days::new(nights)).unwrap();
        let stay = StayDates::parse(dates().start_date(), end).unwrap();
        let stay = Stay::parse(HOTEL, stay, vec![line(DOUBLE, quantity)]).unwrap();
        let quoted = quote(&world, &stay, &rules()).unwrap();
        prop_assert!(quoted.price.adds_up());
        let json = serde_json::to_string(&quoted).unwrap();
        prop_assert_eq!(serde_json::from_str::<Quote>(&json).unwrap(), quoted);
    }
}
