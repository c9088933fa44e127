//! A search that can be run: every value in its range, every rule between two of them checked.

use std::collections::BTreeSet;

use domain::{Currency, Instant, Invalid, LocalityId, StayDates, TimeZone, facility::FacilityCode};
use serde::Serialize;

use super::{
    criteria::{Condition, Criteria},
    document::{earliest_date, latest_date},
    ranking::Sort,
    words::Word,
};

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
    pub closed_zones: BTreeSet<&'static str>,
}

impl Search {
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

/// A stay is refused only if it is past, or too far ahead, in every zone on earth.
pub fn sellable_somewhere(stay: StayDates, now: Instant) -> Result<StayDates, Invalid> {
    let (earliest, latest) = (earliest_date(now), latest_date(now));
    let there = stay.start_date().clamp(earliest, latest);
    stay.sellable_on(there)
}

/// The zones whose calendar does not let the stay be sold now.
pub fn closed_zones(stay: StayDates, now: Instant) -> BTreeSet<&'static str> {
    let everywhere =
        [earliest_date(now), latest_date(now)].iter().all(|today| stay.sellable_on(*today).is_ok());
    if everywhere {
        return BTreeSet::new();
    }
    let closed = |zone: &TimeZone| stay.sellable_on(zone.date_of(now)).is_err();
    TimeZone::all().filter(closed).map(TimeZone::name).collect()
}

#[cfg(test)]
mod tests;
