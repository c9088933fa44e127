//! The facilities there are, and what each may stand on.

use std::collections::BTreeMap;

use ::domain::{Faults, Invalid, facility::FacilityCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most facilities a hotel or room may list: ours know fewer, a longer list is a mistake.
pub const MOST_FACILITIES: usize = 100;

/// What a facility may stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppliesTo {
    /// Hotels only.
    Hotel,
    /// Rooms only.
    Room,
    /// Hotels and rooms.
    Both,
}

impl AppliesTo {
    /// Reads the spelling of JSON and SQL.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "hotel" => Ok(Self::Hotel),
            "room" => Ok(Self::Room),
            "both" => Ok(Self::Both),
            _ => Err(Invalid::unknown("One of: hotel room both.")),
        }
    }

    const fn covers(self, other: Self) -> bool {
        matches!((self, other), (Self::Both, _) | (Self::Hotel, Self::Hotel) | (Self::Room, Self::Room))
    }
}

/// A facility: the codes that tag hotels and rooms, the same that search takes as `tags`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facility {
    /// The code, such as `sea_view`.
    pub code: FacilityCode,
    /// For people, in English.
    #[schema(example = "Sea view")]
    pub name: String,
    /// What it may stand on.
    pub applies_to: AppliesTo,
}

/// All facilities, by code.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(BTreeMap<FacilityCode, Facility>);

impl Catalogue {
    /// The catalogue of these facilities.
    pub fn new(facilities: impl IntoIterator<Item = Facility>) -> Self {
        Self(facilities.into_iter().map(|facility| (facility.code.clone(), facility)).collect())
    }

    /// Each facility, by code.
    pub fn facilities(&self) -> impl Iterator<Item = &Facility> {
        self.0.values()
    }

    /// Reads the field `facilities` of a hotel or room (`on`): known codes, sorted, repeats dropped.
    pub fn read(&self, raw: &[String], on: AppliesTo, faults: &mut Faults) -> Option<Vec<FacilityCode>> {
        if raw.len() > MOST_FACILITIES {
            faults.note("#/facilities", Invalid::out_of_range(format!("At most {MOST_FACILITIES}.")));
            return None;
        }
        let read = raw
            .iter()
            .enumerate()
            .map(|(at, code)| faults.take(&format!("#/facilities/{at}"), self.find(code, on)));
        // Collected before the options are looked at, so that every wrong code is noted.
        let read: Vec<Option<FacilityCode>> = read.collect();
        let mut codes = read.into_iter().collect::<Option<Vec<_>>>()?;
        codes.sort();
        codes.dedup();
        Some(codes)
    }

    fn find(&self, text: &str, on: AppliesTo) -> Result<FacilityCode, Invalid> {
        let code = FacilityCode::parse(text)?;
        match self.0.get(&code) {
            Some(facility) if facility.applies_to.covers(on) => Ok(code),
            Some(_) => Err(Invalid::new("not_applicable", "This facility does not apply here.")),
            None => Err(Invalid::unknown("A code of GET /v1/facilities.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let facility = |code: &str, applies_to| Facility {
            code: FacilityCode::parse(code).unwrap(),
            name: code.to_owned(),
            applies_to,
        };
        Catalogue::new([
            facility("pool", AppliesTo::Hotel),
            facility("sea_view", AppliesTo::Room),
            facility("wifi", AppliesTo::Both),
        ])
    }

    fn read(codes: &[&str], on: AppliesTo) -> Result<Vec<String>, Vec<(String, &'static str)>> {
        let raw: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        let mut faults = Faults::new();
        let read = catalogue().read(&raw, on, &mut faults);
        read.map(|codes| codes.into_iter().map(String::from).collect()).ok_or_else(|| {
            faults.iter().map(|fault| (fault.field.to_string(), fault.invalid.code())).collect()
        })
    }

    #[test]
    fn facilities_are_sorted_and_stand_once() {
        assert_eq!(read(&["wifi", "pool", "wifi"], AppliesTo::Hotel).unwrap(), ["pool", "wifi"]);
    }

    #[test]
    fn every_wrong_code_is_named_at_its_place() {
        let faults = read(&["pool", "nope", "sea_view", "A b"], AppliesTo::Hotel).unwrap_err();
        let expected = [
            ("#/facilities/1", "unknown"),
            ("#/facilities/2", "not_applicable"),
            ("#/facilities/3", "malformed"),
        ];
        assert_eq!(faults, expected.map(|(at, code)| (at.to_owned(), code)));
    }

    #[test]
    fn a_list_longer_than_any_catalogue_is_refused_whole() {
        assert_eq!(
            read(&["pool"; 101], AppliesTo::Hotel).unwrap_err(),
            [("#/facilities".to_owned(), "out_of_range")]
        );
    }
}
