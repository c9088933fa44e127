//! Countries: codes and English names.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invalid::Invalid;

/// Each country's English name and its other names; where they come from stands at the head of the file.
static COUNTRIES: LazyLock<BTreeMap<[u8; 2], Vec<&'static str>>> = LazyLock::new(|| {
    let lines = include_str!("../data/countries.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let code = columns.next()?.as_bytes().try_into().ok()?;
            Some((code, columns.collect()))
        })
        .collect()
});

/// A country of ISO 3166-1, by its alpha-2 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "IT", pattern = "^[A-Z]{2}$")]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Reads a code in capitals.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        <[u8; 2]>::try_from(text.as_bytes())
            .ok()
            .filter(|code| COUNTRIES.contains_key(code))
            .map(Self)
            .ok_or_else(|| Invalid::unknown("An ISO 3166-1 alpha-2 code such as IT."))
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The English name, as Unicode's CLDR has it: `Türkiye`.
    pub fn name(self) -> &'static str {
        self.names().next().unwrap_or_default()
    }

    /// All names that people look for it by, the English name first: `Türkiye`, `Turkey`.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        COUNTRIES.get(&self.0).into_iter().flatten().copied()
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl TryFrom<String> for CountryCode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<CountryCode> for String {
    fn from(country: CountryCode) -> Self {
        country.code().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_called_what_cldr_calls_it() {
        let source = include_str!("../tests/sources/cldr-48.2.0-en-territories.json");
        let source: serde_json::Value = serde_json::from_str(source).unwrap();
        let names = &source["main"]["en"]["localeDisplayNames"]["territories"];
        assert_eq!(COUNTRIES.len(), 250);
        for code in COUNTRIES.keys().map(|code| CountryCode(*code)) {
            assert_eq!(names[code.code()], code.name(), "{code}");
            assert!(code.names().all(|name| !name.is_empty() && name == name.trim()), "{code}");
        }
    }

    #[test]
    fn codes_are_read_in_capitals_only_and_old_names_are_still_known() {
        assert_eq!(CountryCode::parse("IT").unwrap().name(), "Italy");
        assert_eq!(CountryCode::parse("TR").unwrap().names().collect::<Vec<_>>(), ["Türkiye", "Turkey"]);
        assert!(CountryCode::parse("it").is_err());
        assert!(CountryCode::parse("ZZ").is_err());
    }
}
