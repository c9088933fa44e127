//! What a room's search document must say. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;

/// Searches ask for at most so many units (architecture.md, Search documents).
const MOST_ROOMS: u32 = 9;

/// What the databases say of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) visible: bool,
    pub(super) quantity: u32,
    pub(super) occupancy: u8,
    pub(super) price: i64,
    pub(super) currency: String,
    pub(super) room_version: i64,
    pub(super) hotel_version: i64,
    /// The hotel's today; nights before it do not count.
    pub(super) today: NaiveDate,
    /// What is available on the touched nights.
    pub(super) nights: BTreeMap<NaiveDate, u32>,
}

/// What the index says of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Found {
    visible: bool,
    quantity: u32,
    occupancy: u8,
    price: i64,
    currency: Option<String>,
    #[serde(default)]
    taken: BTreeSet<String>,
    #[serde(default)]
    nights: BTreeMap<NaiveDate, FoundNight>,
    room: Option<Versioned>,
    hotel: Option<Versioned>,
}

#[derive(Debug, Clone, Deserialize)]
struct FoundNight {
    available: u32,
}

#[derive(Debug, Clone, Deserialize)]
struct Versioned {
    version: i64,
}

impl Expected {
    /// `2026-12-24:k` for every k units, up to nine, that cannot be had on a night.
    fn taken(&self) -> BTreeSet<String> {
        let most = self.quantity.min(MOST_ROOMS);
        let current = self.nights.range(self.today..);
        let tokens = current.flat_map(|(date, available)| {
            (1..=most).filter(|units| *available < *units).map(move |units| format!("{date}:{units}"))
        });
        tokens.collect()
    }
}

/// How the index differs from the databases.
pub(super) fn differences(expected: &Expected, found: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    let version = |part: &Option<Versioned>| part.as_ref().map_or(0, |part| part.version);
    let mut differ = |what: &str, databases: String, index: String| {
        if databases != index {
            wrong.push(format!("{what} is {databases}, the index says {index}"));
        }
    };
    differ("hotel version", expected.hotel_version.to_string(), version(&found.hotel).to_string());
    differ("room version", expected.room_version.to_string(), version(&found.room).to_string());
    differ("visible", expected.visible.to_string(), found.visible.to_string());
    differ("quantity", expected.quantity.to_string(), found.quantity.to_string());
    differ("occupancy", expected.occupancy.to_string(), found.occupancy.to_string());
    differ("price", expected.price.to_string(), found.price.to_string());
    differ("currency", expected.currency.clone(), found.currency.clone().unwrap_or_default());
    wrong.extend(of_tokens(expected, found));
    wrong.extend(of_nights(expected, found));
    wrong
}

fn of_tokens(expected: &Expected, found: &Found) -> Vec<String> {
    let wanted = expected.taken();
    let today = expected.today.to_string();
    let current: BTreeSet<String> =
        found.taken.iter().filter(|token| token.as_str() >= today.as_str()).cloned().collect();
    let missing = wanted.difference(&current).map(|token| format!("{token} is taken and still offered"));
    let extra = current.difference(&wanted).map(|token| format!("{token} is free and not offered"));
    missing.chain(extra).collect()
}

/// A touched night that the index does not know counts as all free.
fn of_nights(expected: &Expected, found: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    for (date, night) in found.nights.range(expected.today..) {
        let available = expected.nights.get(date).copied();
        if available != Some(night.available) {
            let says = available.map_or("untouched".to_owned(), |available| format!("{available} available"));
            wrong.push(format!("night {date} is {says}, the index says {} available", night.available));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn expected() -> Expected {
        Expected {
            visible: true,
            quantity: 3,
            occupancy: 2,
            price: 100,
            currency: "EUR".to_owned(),
            room_version: 1,
            hotel_version: 2,
            today: date("2026-12-01"),
            nights: BTreeMap::from([
                (date("2026-11-30"), 0),
                (date("2026-12-24"), 1),
                (date("2026-12-25"), 3),
            ]),
        }
    }

    fn found(change: impl FnOnce(&mut serde_json::Value)) -> Found {
        let mut document = json!({
            "visible": true, "quantity": 3, "occupancy": 2, "price": 100,
            "currency": "EUR", "taken": ["2026-11-30:1", "2026-12-24:2", "2026-12-24:3"],
            "nights": {"2026-12-24": {"available": 1, "version": 4}}, "room": {"version": 1}, "hotel": {"version": 2},
        });
        change(&mut document);
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn an_index_that_says_the_same_is_clean() {
        assert_eq!(differences(&expected(), &found(|_| ())), Vec::<String>::new());
    }

    #[test]
    fn every_difference_is_named() {
        let changes: [fn(&mut serde_json::Value); 6] = [
            |d| d["quantity"] = json!(4),
            |d| d["visible"] = json!(false),
            |d| d["room"] = json!({"version": 0}),
            |d| d["hotel"] = serde_json::Value::Null,
            |d| d["taken"] = json!(["2026-12-24:2"]),
            |d| d["nights"]["2026-12-24"]["available"] = json!(2),
        ];
        for change in changes {
            assert_eq!(differences(&expected(), &found(change)).len(), 1);
        }
    }
}
