//! Elasticsearch against the executable specification: the same documents and queries give the same ordered ids.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{
    TimeZone,
    hotel::{HotelChanged, RoomChanged},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRng, TestRunner},
};

use super::Lease;
use crate::{
    api::parameters::{Include, SearchParameters},
    domain::{
        document::{Night, RoomDocument},
        page::Window,
        query::Step,
        ranking::{Cost, Sort},
        samples::{self, euros, now},
    },
    index::{Hits, Index, Query, Stamped, Stored, memory::MemoryIndex},
};

/// Words close to each other, so that misspelt ones hit several.
const WORDS: &[&str] =
    &["roma", "rome", "nome", "amor", "mora", "romano", "romana", "ab", "ba", "paradiso", "paradosi"];
const TAGS: &[&str] = &["pool", "spa", "sea_view", "roma"];
const COUNTRIES: &[&str] = &["IT", "MV", "RO", "OM"];
const ZONES: &[&str] = &["Europe/Rome", "Asia/Tokyo", "Pacific/Pago_Pago"];
const HOTELS: usize = 60;
const QUERIES: usize = 300;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => "[amor]{1,7}",
    ]
}

fn some<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    proptest::sample::subsequence(all, 0..=2)
}

fn hotel(number: usize) -> impl Strategy<Value = HotelChanged> {
    let names = (word(), proptest::collection::vec(word(), 1..3), proptest::sample::select(COUNTRIES));
    let rest = (proptest::option::of(1_u8..=5), some(TAGS), proptest::sample::select(ZONES), -3_i32..3);
    (names, rest, prop::bool::weighted(0.9)).prop_map(move |((name, cities, country), rest, is_active)| {
        let (star_rating, tags, zone, north) = rest;
        let mut hotel = samples::hotel(&format!("{name} {number}"), &cities[0], country);
        hotel.locality.locality_id = samples::named(&format!("city {}", number % 3)).into();
        hotel.locality.names = cities;
        hotel.point = domain::GeoPoint::parse(41.9 + f64::from(north) / 100.0, 12.5).unwrap();
        hotel.star_rating = star_rating;
        hotel.facilities = samples::codes(&tags);
        hotel.time_zone = TimeZone::parse(zone).unwrap();
        hotel.is_active = is_active;
        hotel
    })
}

fn room(hotel: HotelChanged, number: usize) -> impl Strategy<Value = RoomDocument> {
    let sizes = (0_u32..12, 1_u8..5, 1_i64..6);
    let nights = proptest::collection::btree_map(20_u32..31, 0_u32..6, 0..6);
    (sizes, some(TAGS), prop::bool::weighted(0.9), nights).prop_map(
        move |(sizes, tags, is_active, nights)| {
            let (quantity, occupancy, price) = sizes;
            let price = euros(price * 5_000);
            let mut room = samples::room(&hotel, &format!("Room {number}"));
            room = RoomChanged { quantity, occupancy, price_min: price, price_max: price, is_active, ..room };
            room.facilities = samples::codes(&tags);
            let mut document = samples::document(&hotel, &room);
            for (day, available) in nights {
                document.hear_night(night(day), Night { available, version: 1 });
            }
            document
        },
    )
}

fn night(day: u32) -> NaiveDate {
    // From the 21st of November, which is today in some zones and yesterday in others.
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn parameters() -> impl Strategy<Value = SearchParameters> {
    let place = prop_oneof![
        3 => proptest::collection::vec(word(), 1..3).prop_map(|words| (Some(words.join(" ")), None)),
        1 => (0..3).prop_map(|city| (None, Some(samples::named(&format!("city {city}")).into()))),
    ];
    let stay = proptest::option::of((21_u32..28, 1_u32..3));
    let party = (1_u8..5, 1_u16..8);
    let filters = (proptest::option::of(1_u8..=5), some(TAGS), proptest::option::of((0_i64..4, 1_i64..4)));
    let sort = proptest::sample::select(
        &[Sort::Relevance, Sort::Price, Sort::PriceDescending, Sort::Stars, Sort::Distance][..],
    );
    (place, stay, party, filters, sort).prop_map(
        |((q, locality_id), stay, (rooms, adults), filters, sort)| {
            let (stars, tags, price) = filters;
            let far = sort == Sort::Distance && locality_id.is_none();
            SearchParameters {
                q,
                locality_id,
                start_date: stay.map(|(from, _)| night(from)),
                end_date: stay.map(|(from, nights)| night(from + nights)),
                rooms: Some(rooms),
                adults: Some(adults),
                stars: stars.into_iter().collect(),
                tags: samples::codes(&tags.into_iter().take(1).collect::<Vec<_>>()),
                currency: domain::Currency::parse("EUR").ok(),
                price_min: price.map(|(least, _)| least * 5_000),
                price_max: price.map(|(least, more)| (least + more) * 5_000),
                sort: Some(if far { Sort::Relevance } else { sort }),
                include: vec![Include::Facets],
                ..SearchParameters::default()
            }
        },
    )
}

fn drawn<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

fn query(raw: &SearchParameters, most_edits: Option<u32>) -> Query {
    let search = raw.parse(now()).unwrap();
    let mut criteria = search.criteria(Step::Nights);
    criteria.at_most = most_edits.filter(|_| !criteria.words.is_empty()).map(Cost::ceiling);
    Query {
        criteria,
        sort: search.sort,
        window: Window::new(2, 30),
        nights: search.stay.iter().flat_map(|stay| stay.nights()).collect(),
        facets: Some(search.currency),
    }
}

async fn fill(runner: &mut TestRunner, indices: [&dyn Index; 2]) {
    let mut rooms = Vec::new();
    for number in 0..HOTELS {
        let hotel = drawn(runner, &hotel(number));
        for number in 0..=(number % 3) {
            let document = drawn(runner, &room(hotel.clone(), number));
            rooms.push(Stamped { document, stamp: None });
        }
    }
    for index in indices {
        let stored = index.store_rooms(&rooms).await.unwrap();
        assert!(stored.iter().all(|stored| *stored == Stored::Written));
        index.refresh().await.unwrap();
    }
}

fn ids(hits: &Hits) -> Vec<String> {
    hits.hits.iter().map(|hit| format!("{} {:?}", hit.room.room_id, hit.cost)).collect()
}

#[tokio::test]
async fn elasticsearch_gives_the_same_ordered_ids_as_the_specification() {
    let seed = std::env::var("SEARCH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7_u8);
    let rng = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let lease = Lease::new().await;
    let memory = MemoryIndex::default();
    fill(&mut runner, [&memory, &*lease.index]).await;
    let (mut found, mut sorts) = (0, BTreeMap::new());
    for _ in 0..QUERIES {
        let raw = drawn(&mut runner, &parameters());
        let query = query(&raw, drawn(&mut runner, &proptest::option::of(0_u32..3)));
        let meant = memory.search(&query).await.unwrap();
        let given = lease.index.search(&query).await.unwrap();
        assert_eq!(ids(&given), ids(&meant), "{raw:#?}");
        assert_eq!(given, meant, "{raw:#?}");
        found += meant.hits.len();
        *sorts.entry(format!("{:?}", query.sort)).or_insert(0) += usize::from(!meant.hits.is_empty());
    }
    assert!(found > QUERIES, "the queries found next to nothing, so they compared nothing");
    assert!(sorts.values().all(|some| *some > 3), "an order was hardly compared: {sorts:?}");
    lease.release().await;
}
