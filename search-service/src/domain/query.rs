//! A search as asked for, parsed: every parameter in its range, every rule between two parameters checked.

use std::collections::BTreeSet;

use domain::{
    Currency, Faults, Instant, Invalid, LocalityId, StayDates, TimeZone,
    facility::FacilityCode,
    party::{PartyFaults, WholeParty},
};
use serde::Serialize;

use super::{
    criteria::{Condition, Criteria},
    document::{earliest_date, latest_date},
    parameters::{Include, SearchParameters, Sort},
    words::{MAX_WORDS, Word},
};

/// The longest text, in characters.
const MAX_TEXT: usize = 200;
/// The most values of a list.
const MAX_LIST: usize = 50;
/// Amounts lie below 2^53 (api.md, Money).
const MAX_AMOUNT: i64 = (1 << 53) - 1;

/// Where to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// All of these words, typos forgiven.
    Words(Vec<Word>),
    /// One locality.
    Locality(LocalityId),
}

/// A search that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Where.
    pub place: Place,
    /// When; none if any time will do.
    pub stay: Option<StayDates>,
    /// Units wanted, 1 to 9.
    pub rooms: u8,
    /// People of the whole party.
    pub people: u16,
    /// Any of these star ratings; empty for all.
    pub stars: BTreeSet<u8>,
    /// All of these facilities.
    pub tags: BTreeSet<FacilityCode>,
    /// The one currency.
    pub currency: Option<Currency>,
    /// The least per unit and night.
    pub price_min: Option<i64>,
    /// The most per unit and night.
    pub price_max: Option<i64>,
    /// The order.
    pub sort: Sort,
    /// Whether facets are wanted.
    pub facets: bool,
    /// Zones where the stay cannot be booked any more or not yet.
    closed_zones: BTreeSet<&'static str>,
}

impl Search {
    /// Checks the parameters against each other; `now` decides which dates have passed.
    pub fn parse(raw: &SearchParameters, now: Instant) -> Result<Self, Faults> {
        let mut faults = Faults::new();
        let place = keep(&mut faults, place(raw));
        let stay = keep(&mut faults, stay(raw, now));
        let party = party(raw).map_err(|wrong| note_all(&mut faults, wrong)).ok();
        let stars = keep(&mut faults, stars(raw));
        let tags =
            keep(&mut faults, list("tags", raw.tags.len()).map(|()| raw.tags.iter().cloned().collect()));
        keep(&mut faults, list("include", raw.include.len()));
        keep(&mut faults, prices(raw));
        keep(&mut faults, sort(raw));
        let (Some(place), Some(stay), Some(party), Some(stars), Some(tags), true) =
            (place, stay, party, stars, tags, faults.is_empty())
        else {
            return Err(faults);
        };
        Ok(Self {
            place,
            stay,
            rooms: party.units(),
            people: party.people(),
            stars,
            tags,
            currency: raw.currency,
            price_min: raw.price_min,
            price_max: raw.price_max,
            sort: raw.sort.unwrap_or_default(),
            facets: raw.include.contains(&Include::Facets),
            closed_zones: stay.map(|stay| closed_zones(stay, now)).unwrap_or_default(),
        })
    }

    /// Whether it asks for one locality, from whose centre distances count.
    pub fn in_a_locality(&self) -> bool {
        matches!(self.place, Place::Locality(_))
    }

    /// What makes two searches the same list, for page tokens.
    pub fn filters(&self) -> impl Serialize + use<> {
        let place = match &self.place {
            Place::Words(words) => words.iter().map(Word::text).collect::<Vec<_>>().join(" "),
            Place::Locality(id) => id.to_string(),
        };
        let party = (self.rooms, self.people);
        let price = (self.currency, self.price_min, self.price_max);
        ("search", place, self.stay, party, self.stars.clone(), self.tags.clone(), price, self.sort)
    }

    /// What a result must be, as far as `step` looks.
    pub fn criteria(&self, step: Step) -> Criteria {
        let mut criteria = Criteria { conditions: vec![Condition::Visible], ..Criteria::default() };
        self.add_place(&mut criteria);
        if step >= Step::Party {
            let per_room = self.people.div_ceil(u16::from(self.rooms));
            criteria.conditions.extend([Condition::Quantity(self.rooms), Condition::Occupancy(per_room)]);
        }
        if step >= Step::Price {
            criteria.conditions.extend(self.price_min.map(Condition::PriceFrom));
            criteria.conditions.extend(self.price_max.map(Condition::PriceTo));
        }
        if step >= Step::Zones && !self.closed_zones.is_empty() {
            criteria.conditions.push(Condition::NotInZones(self.closed_zones.clone()));
        }
        if let (Step::Nights, Some(stay)) = (step, self.stay) {
            criteria.conditions.push(Condition::Free { nights: stay.nights().collect(), rooms: self.rooms });
        }
        criteria
    }

    fn add_place(&self, criteria: &mut Criteria) {
        match &self.place {
            Place::Words(words) => criteria.words.clone_from(words),
            Place::Locality(id) => criteria.conditions.push(Condition::Locality(*id)),
        }
        if !self.stars.is_empty() {
            criteria.conditions.push(Condition::Stars(self.stars.clone()));
        }
        criteria.conditions.extend(self.tags.iter().cloned().map(Condition::Tag));
        criteria.conditions.extend(self.currency.map(Condition::Currency));
    }
}

/// How far the filters of a search go: each step holds those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Place, stars, tags and currency.
    Place,
    /// And big enough for the party.
    Party,
    /// And within the price range.
    Price,
    /// And sold for that time.
    Zones,
    /// And free on every night: everything.
    Nights,
}

impl Step {
    /// Every step in order.
    pub const ALL: [Self; 5] = [Self::Place, Self::Party, Self::Price, Self::Zones, Self::Nights];
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

/// A stay is refused only if it is past, or too far ahead, in every zone on earth.
fn sellable_somewhere(stay: StayDates, now: Instant) -> Result<StayDates, Invalid> {
    let (earliest, latest) = (earliest_date(now), latest_date(now));
    let there = stay.start_date().clamp(earliest, latest);
    stay.sellable_on(there)
}

/// The zones whose calendar does not let the stay be sold now.
fn closed_zones(stay: StayDates, now: Instant) -> BTreeSet<&'static str> {
    let everywhere =
        [earliest_date(now), latest_date(now)].iter().all(|today| stay.sellable_on(*today).is_ok());
    if everywhere {
        return BTreeSet::new();
    }
    let closed = |zone: &TimeZone| stay.sellable_on(zone.date_of(now)).is_err();
    TimeZone::all().filter(closed).map(TimeZone::name).collect()
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
