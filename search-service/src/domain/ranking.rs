//! The order of results: ours, never a library's score.
//!
//! Relevance is (edits, field, stars, price, id). Edits and field become one small whole number, the cost, so that an
//! index can add it up exactly; fewer is better.

use std::{cmp::Ordering, collections::BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{entry::Entry, words::Word};

/// The order of results. Ties: price, then id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SearchSort)]
pub enum Sort {
    /// Fewest edits, best field, most stars.
    #[default]
    Relevance,
    /// The cheapest first.
    Price,
    /// The dearest first.
    #[serde(rename = "-price")]
    PriceDescending,
    /// Most stars first.
    Stars,
    /// Nearest to the locality's centre first; needs `locality_id`.
    Distance,
}

/// Where a word was found; the better places first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// One of the locality's names.
    Place,
    /// The hotel's name.
    Name,
    /// The country's English name.
    Country,
    /// A facility of the hotel or the room.
    Facility,
}

impl Field {
    /// Every field, best first.
    pub const ALL: [Self; 4] = [Self::Place, Self::Name, Self::Country, Self::Facility];

    /// What a hit in this field costs beside the edits.
    pub const fn cost(self) -> u32 {
        match self {
            Self::Place => 0,
            Self::Name => 1,
            Self::Country => 2,
            Self::Facility => 3,
        }
    }

    /// The words of this field.
    pub fn words(self, entry: &Entry) -> &BTreeSet<String> {
        match self {
            Self::Place => &entry.place_words,
            Self::Name => &entry.name_words,
            Self::Country => &entry.country_words,
            Self::Facility => &entry.facility_words,
        }
    }
}

/// What one edit costs: above the costs of the fields of all words of a query together (12 x 3).
const EDIT: u32 = 64;

/// What an index gives per word before it subtracts the cost: above the highest cost of a word (2 x 64 + 3).
/// 12 x 256 is far below 2^24, so a 32-bit float adds it up exactly.
pub const BASE: u32 = 256;

/// What it costs to match a query's words; the sum over them of each one's cheapest match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u32);

impl Cost {
    /// The cost of one word found in `field` after `edits`.
    pub fn of(edits: u8, field: Field) -> Self {
        Self(u32::from(edits) * EDIT + field.cost())
    }

    /// The cost behind an index's score: [`BASE`] for each of `words` minus the cost.
    pub fn from_score(score: u32, words: usize) -> Self {
        let whole = BASE.saturating_mul(u32::try_from(words).unwrap_or(u32::MAX));
        Self(whole.saturating_sub(score))
    }

    /// The score of a match of this cost on `words` words.
    pub fn score(self, words: usize) -> u32 {
        BASE.saturating_mul(u32::try_from(words).unwrap_or(u32::MAX)).saturating_sub(self.0)
    }

    /// How many edits it holds.
    pub const fn edits(self) -> u32 {
        self.0 / EDIT
    }

    /// The highest cost with `edits` edits.
    pub const fn ceiling(edits: u32) -> Self {
        Self(edits.saturating_mul(EDIT).saturating_add(EDIT - 1))
    }

    const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// What it costs to match all `words` in one entry; none if one of them is not there.
pub fn cost(words: &[Word], entry: &Entry) -> Option<Cost> {
    words.iter().try_fold(Cost::default(), |sum, word| Some(sum.plus(cheapest(word, entry)?)))
}

fn cheapest(word: &Word, entry: &Entry) -> Option<Cost> {
    let in_field = |field: Field| {
        let edits = field.words(entry).iter().filter_map(|indexed| word.edits_to(indexed)).min();
        edits.map(|edits| Cost::of(edits, field))
    };
    Field::ALL.into_iter().filter_map(in_field).min()
}

/// An entry that holds all words of a search.
#[derive(Debug, Clone, Copy)]
pub struct Match<'a> {
    /// What it costs to match them.
    pub cost: Cost,
    pub entry: &'a Entry,
}

/// The order of two matches. Only of one hotel can two be equal but for the room.
pub fn order(sort: Sort, a: &Match<'_>, b: &Match<'_>) -> Ordering {
    let (left, right) = (a.entry, b.entry);
    let by_price = left.price.cmp(&right.price);
    let by_stars = right.stars.cmp(&left.stars);
    let wanted = match sort {
        Sort::Relevance => a.cost.cmp(&b.cost).then(by_stars).then(by_price),
        Sort::Price => by_price,
        Sort::PriceDescending => by_price.reverse(),
        Sort::Stars => by_stars.then(by_price),
        Sort::Distance => left.distance_m.cmp(&right.distance_m).then(by_price),
    };
    wanted.then(left.hotel_id.cmp(&right.hotel_id)).then(left.room_id.cmp(&right.room_id))
}

/// The order in which a hotel shows one of its fitting rooms: the cheapest, under [`Sort::PriceDescending`] the dearest.
pub fn shown_first(sort: Sort, left: &Entry, right: &Entry) -> Ordering {
    let by_price = left.price.cmp(&right.price);
    let by_price = if sort == Sort::PriceDescending { by_price.reverse() } else { by_price };
    by_price.then(left.room_id.cmp(&right.room_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::MAX_WORDS;

    #[test]
    fn fewer_edits_beat_any_field() {
        assert!(Cost::of(0, Field::Facility) < Cost::of(1, Field::Place));
        let all_in_the_last_field = u32::try_from(MAX_WORDS).unwrap() * Field::Facility.cost();
        assert!(all_in_the_last_field < EDIT);
        assert!(Cost::of(2, Field::Facility).0 < BASE);
    }

    #[test]
    fn a_cost_survives_the_way_through_a_score() {
        let cost = Cost::of(2, Field::Country);
        assert_eq!(Cost::from_score(cost.score(3), 3), cost);
        assert_eq!(cost.edits(), 2);
        assert!(cost <= Cost::ceiling(2) && cost > Cost::ceiling(1));
    }
}
