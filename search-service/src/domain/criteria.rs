//! The small algebra an index must understand: words that may be misspelt, and conditions on an entry.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::{Currency, LocalityId, facility::FacilityCode};

use super::{
    entry::{Entry, taken_token},
    ranking::{Cost, cost},
    words::Word,
};

/// What an entry must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Hotel and room are known and on sale.
    Visible,
    /// The hotel is in this locality.
    Locality(LocalityId),
    /// The hotel has one of these star ratings.
    Stars(BTreeSet<u8>),
    /// Hotel or room has this facility.
    Tag(FacilityCode),
    /// The hotel sells in this currency.
    Currency(Currency),
    /// One unit takes so many people.
    Occupancy(u16),
    /// The room has so many units.
    Quantity(u8),
    /// One unit and night costs at least so much, in minor units.
    PriceFrom(i64),
    /// One unit and night costs at most so much, in minor units.
    PriceTo(i64),
    /// So many units are to be had on each night.
    Free {
        /// The nights.
        nights: Vec<NaiveDate>,
        /// The units.
        rooms: u8,
    },
    /// The hotel is in none of these zones: there the stay lies in the past or too far ahead.
    NotInZones(BTreeSet<&'static str>),
}

impl Condition {
    /// Whether an entry is so: the meaning every index must give it.
    pub fn holds(&self, entry: &Entry) -> bool {
        match self {
            Self::Visible => entry.visible,
            Self::Locality(id) => entry.locality_id == Some(*id),
            Self::Stars(any) => any.contains(&entry.stars),
            Self::Tag(tag) => entry.tags.contains(tag),
            Self::Currency(currency) => entry.currency == Some(*currency),
            Self::Occupancy(people) => u16::from(entry.occupancy) >= *people,
            Self::Quantity(rooms) => entry.quantity >= u32::from(*rooms),
            Self::PriceFrom(amount) => entry.price >= *amount,
            Self::PriceTo(amount) => entry.price <= *amount,
            Self::Free { nights, rooms } => {
                !nights.iter().any(|night| entry.taken.contains(&taken_token(*night, *rooms)))
            }
            Self::NotInZones(zones) => !entry.time_zone.as_deref().is_some_and(|zone| zones.contains(zone)),
        }
    }
}

/// Which entries are meant: all words match and all conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Criteria {
    pub words: Vec<Word>,
    /// If set, all words together cost at most so much.
    pub at_most: Option<Cost>,
    pub conditions: Vec<Condition>,
}

impl Criteria {
    /// What the words cost in an entry that is meant; none if it is not.
    pub fn cost(&self, entry: &Entry) -> Option<Cost> {
        if !self.conditions.iter().all(|condition| condition.holds(entry)) {
            return None;
        }
        cost(&self.words, entry).filter(|cost| self.at_most.is_none_or(|most| *cost <= most))
    }
}
