//! A day of the calendar as text: `2026-12-24` and no other spelling.

use chrono::NaiveDate;
use serde::{Deserialize as _, Deserializer, de::Error as _};

use crate::invalid::Invalid;

/// Reads a day: four digits, two, two, with hyphens, that the calendar has. Chrono alone also takes `2026-1-2`,
/// signs and white space.
pub fn parse(text: &str) -> Result<NaiveDate, Invalid> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse()
        .ok()
        .filter(|_| is_plain)
        .ok_or_else(|| Invalid::malformed("A date such as 2026-12-24 that the calendar has."))
}

/// For `#[serde(deserialize_with = "domain::date::deserialize")]`: the field is read by [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveDate, D::Error> {
    parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// As [`deserialize`] for a field that may be absent (which also needs `#[serde(default)]`) or null.
pub fn deserialize_optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NaiveDate>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    text.map(|text| parse(&text).map_err(D::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plain_form_of_a_date_is_read() {
        for bad in [
            "2026-1-2",
            "2027-1-025",
            "+2026-12-24",
            "+026-12-24",
            " 2026-12-24",
            " 026-12-24",
            "2026-12-24 ",
            "20261224",
            "2026-12-24T00:00:00Z",
            "2026-02-29",
            "",
            "２０２６-12-24",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse("2028-02-29").is_ok());
    }
}
