//! Invariant 7: the search index says what MySQL says.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::{Currency, Instant, Money, TimeZone};
use platform::causes::BoxError;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{FromRow, MySql, QueryBuilder};
use uuid::Uuid;

use super::{
    Check, Tally, bookings,
    search_rule::{Expected, Found, differences},
};
use crate::admin::Stores;

pub(super) struct Search;

/// Documents of one answer: one with all its nights is some 30 KB.
const DOCUMENTS: u32 = 200;

const FIELDS: [&str; 10] = [
    "room_id",
    "visible",
    "quantity",
    "occupancy",
    "price",
    "currency",
    "taken",
    "nights",
    "room.version",
    "hotel.version",
];

#[async_trait]
impl Check for Search {
    fn name(&self) -> &'static str {
        "search"
    }

    fn promise(&self) -> &'static str {
        "the index says of each room what MySQL says, none missing, none extra (7)"
    }

    fn converges(&self) -> bool {
        true
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let now = stores.now().await?;
        let mut tally = Tally::new(stores.settings.audit.shown);
        let alias = &stores.settings.elasticsearch.alias;
        stores.ask_search(&format!("/{alias}/_refresh"), None).await?;
        let (mut after, mut behind) = (Uuid::nil(), Uuid::nil().to_string());
        loop {
            let hits = hits(stores, &behind).await?;
            let next = hits.last().map(|hit| hit.sort.0.clone());
            let found = documents(hits, &mut tally);
            let last = found.last().map_or(after, |(room, _)| *room);
            let last = if next.is_some() { last } else { Uuid::max() };
            compare(&expected(stores, after, last, now).await?, &found, &mut tally);
            let Some(next) = next else { return Ok(tally) };
            (after, behind) = (last, next);
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_source")]
    source: Value,
    /// Where it stands, whatever it says.
    sort: (String,),
}

/// What is known of a room, or why it cannot be read: one odd room never hides the others.
type Read<T> = Result<T, String>;

/// The next documents of rooms in the order of their ids, which is MySQL's order too.
async fn hits(stores: &Stores, behind: &str) -> Result<Vec<Hit>, BoxError> {
    let query = json!({
        "size": DOCUMENTS, "track_total_hits": false, "query": {"exists": {"field": "room_id"}},
        "sort": [{"room_id": "asc"}], "search_after": [behind], "_source": FIELDS,
    });
    let path = format!("/{}/_search", stores.settings.elasticsearch.alias);
    let answer: Value = stores.ask_search(&path, Some(&query)).await?;
    let answer: Answer = serde_json::from_value(answer)?;
    Ok(answer.hits.hits)
}

/// What the documents say; one whose room cannot be read is of no room.
fn documents(hits: Vec<Hit>, tally: &mut Tally) -> Vec<(Uuid, Read<Found>)> {
    let mut found = Vec::with_capacity(hits.len());
    for Hit { source, sort: (at,) } in hits {
        match at.parse::<Uuid>() {
            Ok(room) => found.push((room, serde_json::from_value(source).map_err(|error| error.to_string()))),
            Err(error) => tally.judge([format!("the document of room `{at}` cannot be read: {error}")]),
        }
    }
    found
}

fn compare(expected: &BTreeMap<Uuid, Read<Expected>>, found: &[(Uuid, Read<Found>)], tally: &mut Tally) {
    let documents: BTreeMap<Uuid, &Read<Found>> =
        found.iter().map(|(room, document)| (*room, document)).collect();
    for (room, expected) in expected {
        match (expected, documents.get(room)) {
            (Err(says), _) => tally.judge([format!("room {room} cannot be read in MySQL: {says}")]),
            (Ok(_), Some(Err(says))) => {
                tally.judge([format!("room {room} cannot be read in the index: {says}")]);
            }
            (Ok(expected), Some(Ok(document))) => {
                let wrong = differences(expected, document).into_iter();
                tally.judge(wrong.map(|says| format!("room {room}: {says}")));
            }
            (Ok(expected), None) if expected.visible => {
                tally.judge([format!("room {room} is on sale and not in the index")]);
            }
            (Ok(_), None) => tally.look(),
        }
    }
    for room in documents.keys().filter(|room| !expected.contains_key(*room)) {
        tally.judge([format!("room {room} is in the index and not in MySQL")]);
    }
}

#[derive(FromRow)]
struct Row {
    room_id: Uuid,
    quantity: u32,
    occupancy: u8,
    price_min: i64,
    price_max: i64,
    currency: String,
    visible: bool,
    time_zone: String,
    room_version: i64,
    hotel_version: i64,
}

type Nights = BTreeMap<Uuid, BTreeMap<NaiveDate, u32>>;

/// What MySQL says of the rooms behind `after` up to `last`.
async fn expected(
    stores: &Stores,
    after: Uuid,
    last: Uuid,
    now: Instant,
) -> Result<BTreeMap<Uuid, Read<Expected>>, BoxError> {
    let sql = "select r.room_id, r.quantity, r.occupancy, r.price_min, r.price_max, r.currency, \
               (r.is_active and h.is_active and h.suspended_at is null) as visible, h.time_zone, r.version as room_version, \
               h.version as hotel_version from rooms r join hotels h on h.hotel_id = r.hotel_id \
               where r.room_id > ? and r.room_id <= ? order by r.room_id";
    let rows: Vec<Row> = sqlx::query_as(sql).bind(after).bind(last).fetch_all(&stores.hotel).await?;
    let mut all = BTreeMap::new();
    for chunk in rows.chunks(usize::try_from(DOCUMENTS).unwrap_or(1)) {
        let mut nights = nights(stores, chunk).await?;
        for row in chunk {
            let nights = nights.remove(&row.room_id).unwrap_or_default();
            all.insert(row.room_id, row.expect(nights, now).map_err(|error| error.to_string()));
        }
    }
    Ok(all)
}

async fn nights(stores: &Stores, rows: &[Row]) -> Result<Nights, sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(
        "select room_id, date, available_quantity from available_rooms where room_id in ",
    );
    bookings::in_list(&mut sql, rows.iter().map(|row| row.room_id));
    let found: Vec<(Uuid, NaiveDate, u32)> = sql.build_query_as().fetch_all(&stores.booking).await?;
    let mut nights = Nights::new();
    for (room, date, available) in found {
        nights.entry(room).or_default().insert(date, available);
    }
    Ok(nights)
}

impl Row {
    fn expect(&self, nights: BTreeMap<NaiveDate, u32>, now: Instant) -> Result<Expected, BoxError> {
        let currency = Currency::parse(&self.currency)?;
        let price = Money::new(self.price_min, currency)?.midpoint(Money::new(self.price_max, currency)?)?;
        Ok(Expected {
            visible: self.visible,
            quantity: self.quantity,
            occupancy: self.occupancy,
            price: price.amount(),
            currency: self.currency.clone(),
            room_version: self.room_version,
            hotel_version: self.hotel_version,
            today: TimeZone::parse(&self.time_zone)?.date_of(now),
            nights,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(room: u128, price_max: i64) -> Row {
        Row {
            room_id: Uuid::from_u128(room),
            quantity: 3,
            occupancy: 2,
            price_min: 100,
            price_max,
            currency: "EUR".to_owned(),
            visible: true,
            time_zone: "Europe/Rome".to_owned(),
            room_version: 1,
            hotel_version: 1,
        }
    }

    #[test]
    fn one_room_that_cannot_be_read_is_named_and_the_others_are_judged() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let rooms = [row(1, 200), row(2, i64::MAX), row(3, 200)];
        let expected = rooms
            .iter()
            .map(|row| (row.room_id, row.expect(BTreeMap::new(), now).map_err(|error| error.to_string())));
        let hit = |at: String| Hit { source: json!({"visible": "perhaps"}), sort: (at,) };
        let hits = vec![hit("none".to_owned()), hit(Uuid::from_u128(3).to_string())];
        let mut tally = Tally::new(9);
        let found = documents(hits, &mut tally);
        compare(&expected.collect(), &found, &mut tally);
        assert_eq!((tally.checked, tally.breaches), (4, 4));
        let parts = ["room `none`", "not in the index", "in MySQL", "in the index"];
        for (says, part) in tally.shown.iter().zip(parts) {
            assert!(says.contains(part), "{says}");
        }
    }
}
