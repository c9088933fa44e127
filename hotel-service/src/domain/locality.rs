//! Cities and areas that hotels lie in.

use ::domain::{CountryCode, GeoPoint, LocalityId, TimeZone, fold, hotel::LocalityFacts};
use serde::Serialize;
use utoipa::ToSchema;

/// The most folded names of a locality that an event carries (details.md, Search text).
pub const MOST_NAMES: usize = 300;

/// A city or area as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Locality)]
pub struct Place {
    /// The locality.
    pub locality_id: LocalityId,
    /// Its usual name.
    #[schema(example = "Rome")]
    pub name: String,
    /// Its country.
    pub country_code: CountryCode,
    /// Its centre.
    #[serde(flatten)]
    pub point: GeoPoint,
}

/// A city or area with all its names.
#[derive(Debug, Clone, PartialEq)]
pub struct Locality {
    /// What the API shows.
    pub place: Place,
    /// All its names, folded, the usual one first, without repeats, at most [`MOST_NAMES`].
    pub names: Vec<String>,
}

impl Locality {
    /// As events carry it.
    pub fn facts(&self) -> LocalityFacts {
        let place = self.place.clone();
        LocalityFacts {
            locality_id: place.locality_id,
            name: place.name,
            country_code: place.country_code,
            point: place.point,
            names: self.names.clone(),
        }
    }
}

/// A city or area as it is brought in: with what only lists and seeds need.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLocality {
    /// The locality with its names.
    pub locality: Locality,
    /// Its IANA zone.
    pub time_zone: TimeZone,
    /// How many people live there: lists are in this order.
    pub population: u64,
}

/// Names folded, the usual one first, without empty ones and repeats, at most [`MOST_NAMES`].
pub fn folded_names<'a>(usual: &'a str, others: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    std::iter::once(usual)
        .chain(others)
        .map(fold::fold)
        .filter(|name| !name.is_empty() && seen.insert(name.clone()))
        .take(MOST_NAMES)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_once_each_with_the_usual_one_first() {
        assert_eq!(folded_names("Roma", ["Rome", "ROMA", "Рим", "…"]), ["roma", "rome", "rim"]);
        let many: Vec<String> = (0..500).map(|n| format!("name {n}")).collect();
        assert_eq!(folded_names("usual", many.iter().map(String::as_str)).len(), MOST_NAMES);
    }
}
