//! The parameters of a search, and the search that comes of them.

use std::collections::BTreeSet;

use ::domain::{
    Currency, Faults, Instant, Invalid, LocalityId, StayDates,
    facility::FacilityCode,
    party::{PartyFaults, WholeParty},
};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::domain::{
    query::{Place, Search, closed_zones, sellable_somewhere},
    ranking::Sort,
    words::{MAX_WORDS, Word},
};

/// The longest text, in characters.
const MAX_TEXT: usize = 200;
/// The most values of a list.
const MAX_LIST: usize = 50;
/// Amounts lie below 2^53 (api.md, Money).
const MAX_AMOUNT: i64 = (1 << 53) - 1;

/// The parameters of `GET /v1/search`, each readable; not yet checked against each other.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SearchParameters {
    /// Words of a hotel's name, its place, country or facilities; typos, accents and scripts are forgiven.
    /// Either this or `locality_id`.
    #[param(nullable = false, min_length = 1, max_length = 200, example = "maldvies")]
    pub q: Option<String>,
    /// Hotels of this locality.
    #[param(nullable = false, inline)]
    pub locality_id: Option<LocalityId>,
    /// Day of arrival. Both dates or none.
    #[serde(default, deserialize_with = "domain::date::deserialize_optional")]
    #[param(nullable = false, value_type = Option<String>, format = Date, example = "2026-12-24")]
    pub start_date: Option<NaiveDate>,
    /// Day of departure: 1 to 30 nights.
    #[serde(default, deserialize_with = "domain::date::deserialize_optional")]
    #[param(nullable = false, value_type = Option<String>, format = Date, example = "2026-12-26")]
    pub end_date: Option<NaiveDate>,
    /// Units wanted.
    #[param(nullable = false, minimum = 1, maximum = 9, default = 1)]
    pub rooms: Option<u8>,
    /// Adults of the whole party.
    #[param(nullable = false, minimum = 1, maximum = 450, default = 2)]
    pub adults: Option<u16>,
    /// Ages of the children of the whole party, 0 to 17, separated by commas; at most 20 for each of `rooms`.
    #[serde(default)]
    #[param(style = Form, explode = false, required = false, max_items = 180)]
    pub child_ages: Vec<u8>,
    /// Any of these star ratings, separated by commas.
    #[serde(default)]
    #[param(style = Form, explode = false, required = false, max_items = 50)]
    pub stars: Vec<u8>,
    /// All of these facilities (codes of `GET /v1/facilities`), separated by commas.
    #[serde(default)]
    #[param(inline, style = Form, explode = false, required = false, max_items = 50)]
    pub tags: Vec<FacilityCode>,
    /// Only hotels that sell in this currency; required with price filters, price sorts and price bands.
    #[param(nullable = false, inline)]
    pub currency: Option<Currency>,
    /// The least a unit costs per night on average, in minor units of `currency`.
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub price_min: Option<i64>,
    /// The most a unit costs per night on average, in minor units of `currency`.
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub price_max: Option<i64>,
    /// The order.
    #[param(nullable = false, inline)]
    pub sort: Option<Sort>,
    /// What to add to the answer.
    #[serde(default)]
    #[param(inline, style = Form, explode = false, required = false, max_items = 50)]
    pub include: Vec<Include>,
    /// Hotels per page; above 100 is cut to 100.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, default = 20)]
    pub page_size: Option<i64>,
    /// Where to go on: the `next_page_token` of the page before, with the same filters.
    #[param(nullable = false, max_length = 2048)]
    pub page_token: Option<String>,
}

/// What a search may add to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SearchInclude)]
pub enum Include {
    /// How many hotels each further filter would leave.
    Facets,
}

impl SearchParameters {
    /// Checks the parameters against each other; `now` decides which dates have passed.
    pub fn parse(&self, now: Instant) -> Result<Search, Faults> {
        let mut faults = Faults::new();
        let place = keep(&mut faults, place(self));
        let stay = keep(&mut faults, stay(self, now));
        let party = party(self).map_err(|wrong| note_all(&mut faults, wrong)).ok();
        let stars = keep(&mut faults, stars(self));
        let tags =
            keep(&mut faults, list("tags", self.tags.len()).map(|()| self.tags.iter().cloned().collect()));
        keep(&mut faults, list("include", self.include.len()));
        keep(&mut faults, prices(self));
        keep(&mut faults, sort(self));
        let (Some(place), Some(stay), Some(party), Some(stars), Some(tags), true) =
            (place, stay, party, stars, tags, faults.is_empty())
        else {
            return Err(faults);
        };
        Ok(Search {
            place,
            stay,
            rooms: party.units(),
            people: party.people(),
            stars,
            tags,
            currency: self.currency,
            price_min: self.price_min,
            price_max: self.price_max,
            sort: self.sort.unwrap_or_default(),
            facets: self.include.contains(&Include::Facets),
            closed_zones: stay.map(|stay| closed_zones(stay, now)).unwrap_or_default(),
        })
    }
}

type Checked<T> = Result<T, (&'static str, Invalid)>;

fn keep<T>(faults: &mut Faults, checked: Checked<T>) -> Option<T> {
    checked.map_err(|(name, invalid)| faults.note_parameter(name, invalid)).ok()
}

fn note_all(faults: &mut Faults, wrong: PartyFaults) {
    for (name, invalid) in wrong {
        faults.note_parameter(name, invalid);
    }
}

fn place(raw: &SearchParameters) -> Checked<Place> {
    match (&raw.q, raw.locality_id) {
        (None, None) => Err(("q", Invalid::new("required", "Either q or locality_id."))),
        (Some(_), Some(_)) => {
            Err(("locality_id", Invalid::new("conflict", "Either q or locality_id, not both.")))
        }
        (None, Some(id)) => Ok(Place::Locality(id)),
        (Some(text), None) => words(text).map(Place::Words).map_err(|invalid| ("q", invalid)),
    }
}

fn words(text: &str) -> Result<Vec<Word>, Invalid> {
    if text.chars().count() > MAX_TEXT {
        return Err(Invalid::out_of_range(format!("At most {MAX_TEXT} characters.")));
    }
    let words = Word::all_of(text);
    match words.len() {
        0 => Err(Invalid::new("empty", "At least one letter or digit.")),
        1..=MAX_WORDS => Ok(words),
        _ => Err(Invalid::out_of_range(format!("At most {MAX_WORDS} words."))),
    }
}

fn stay(raw: &SearchParameters, now: Instant) -> Checked<Option<StayDates>> {
    match (raw.start_date, raw.end_date) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(("end_date", Invalid::new("required", "Both dates or none."))),
        (None, Some(_)) => Err(("start_date", Invalid::new("required", "Both dates or none."))),
        (Some(start), Some(end)) => {
            let stay = StayDates::parse(start, end).map_err(|invalid| ("end_date", invalid))?;
            sellable_somewhere(stay, now).map_err(|invalid| ("start_date", invalid)).map(Some)
        }
    }
}

fn party(raw: &SearchParameters) -> Result<WholeParty, PartyFaults> {
    let ages: Vec<_> = raw.child_ages.iter().map(|age| i64::from(*age)).collect();
    let (rooms, adults) = (raw.rooms.unwrap_or(1), raw.adults.unwrap_or(2));
    WholeParty::parse(i64::from(rooms), i64::from(adults), &ages)
}

fn stars(raw: &SearchParameters) -> Checked<BTreeSet<u8>> {
    list("stars", raw.stars.len())?;
    let known = raw.stars.iter().all(|stars| (1..=5).contains(stars));
    known
        .then(|| raw.stars.iter().copied().collect())
        .ok_or(("stars", Invalid::out_of_range("Between 1 and 5.")))
}

fn list(name: &'static str, length: usize) -> Checked<()> {
    let short = length <= MAX_LIST;
    short.then_some(()).ok_or_else(|| (name, Invalid::out_of_range(format!("At most {MAX_LIST} values."))))
}

fn prices(raw: &SearchParameters) -> Checked<()> {
    for (name, amount) in [("price_min", raw.price_min), ("price_max", raw.price_max)] {
        if amount.is_some_and(|amount| !(0..=MAX_AMOUNT).contains(&amount)) {
            return Err((name, Invalid::out_of_range("Minor units, from 0 to 2^53 - 1.")));
        }
    }
    let priced = raw.price_min.is_some()
        || raw.price_max.is_some()
        || matches!(raw.sort, Some(Sort::Price | Sort::PriceDescending));
    if priced && raw.currency.is_none() {
        return Err(("currency", Invalid::new("required", "Prices compare in one currency only: name it.")));
    }
    match (raw.price_min, raw.price_max) {
        (Some(least), Some(most)) if least > most => {
            Err(("price_max", Invalid::new("inverted", "Not below price_min.")))
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

fn sort(raw: &SearchParameters) -> Checked<()> {
    let nowhere = raw.sort == Some(Sort::Distance) && raw.locality_id.is_none();
    (!nowhere).then_some(()).ok_or(("sort", Invalid::new("conflict", "sort=distance needs locality_id.")))
}

#[cfg(test)]
mod tests;
