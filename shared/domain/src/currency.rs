//! Currencies: codes, decimal places, and which of them are still money.
//!
//! As ISO 4217 lists them on 2026-01-01 (`tests/sources`), without funds, metals and units of account. A currency that
//! is withdrawn stays readable for ever, since bookings and hotels keep it; nobody can choose it for something new.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invalid::Invalid;

/// Each number of decimal places, with the codes that have so many, sorted.
const BY_DECIMALS: &[(u8, &[&str])] = &[(2, HUNDREDTHS), (0, WHOLE), (3, THOUSANDTHS)];

const WHOLE: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF",
    "XPF",
];

const HUNDREDTHS: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BMD",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP",
    "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP",
    "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR",
    "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP",
    "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN",
    "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP",
    "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD",
    "TZS", "UAH", "USD", "UYU", "UZS", "VES", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW", "ZWG",
];

const THOUSANDTHS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// What is no longer money, and since when: the Caribbean guilder and the euro took their places.
const WITHDRAWN: &[(&str, &str)] = &[("ANG", "2025-03-31"), ("BGN", "2026-01-01")];

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "EUR", pattern = "^[A-Z]{3}$")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a code in capitals, withdrawn or not.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let code = text.as_bytes().try_into().ok().filter(|_| decimals_of(text).is_some());
        code.map(Self).ok_or_else(|| Invalid::unknown("An ISO 4217 code such as EUR."))
    }

    /// Reads a currency for something new: one that is withdrawn is refused.
    pub fn choose(text: &str) -> Result<Self, Invalid> {
        let currency = Self::parse(text)?;
        match WITHDRAWN.iter().find(|(code, _)| *code == text) {
            Some((code, since)) => {
                Err(Invalid::new("withdrawn", format!("{code} is no longer money since {since}.")))
            }
            None => Ok(currency),
        }
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Decimal places of the major unit: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn decimals(self) -> u8 {
        decimals_of(self.code()).unwrap_or(2)
    }
}

fn decimals_of(code: &str) -> Option<u8> {
    let found = BY_DECIMALS.iter().find(|(_, codes)| codes.binary_search(&code).is_ok());
    found.map(|(decimals, _)| *decimals)
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Currency {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const SOURCE: &str = include_str!("../tests/sources/iso-4217-2026-01-01.xml");
    /// In ISO's list beside funds, and nobody's money in a hotel: units of account, and the bolívar's second code.
    const LEFT_OUT: &[&str] = &["UYW", "VED", "XAD"];

    /// What stands between a tag and its end.
    fn text<'a>(entry: &'a str, tag: &str) -> Option<&'a str> {
        entry.split_once(&format!("<{tag}>"))?.1.split_once('<').map(|(text, _)| text)
    }

    fn listed() -> BTreeMap<&'static str, u8> {
        let entries = SOURCE.split("<CcyNtry>").filter(|entry| !entry.contains("IsFund=\"true\""));
        let coins =
            entries.filter_map(|entry| Some((text(entry, "Ccy")?, text(entry, "CcyMnrUnts")?.parse().ok()?)));
        coins.filter(|(code, _)| !LEFT_OUT.contains(code)).collect()
    }

    #[test]
    fn what_can_be_chosen_is_what_iso_lists_with_its_decimals() {
        let choosable =
            BY_DECIMALS.iter().flat_map(|(_, codes)| *codes).filter_map(|code| Currency::choose(code).ok());
        let choosable: BTreeMap<String, u8> =
            choosable.map(|currency| (currency.to_string(), currency.decimals())).collect();
        let listed = listed().into_iter().map(|(code, decimals)| (code.to_owned(), decimals));
        assert_eq!(choosable, listed.collect());
    }

    #[test]
    fn what_is_withdrawn_is_read_and_not_chosen() {
        for code in ["ANG", "BGN"] {
            assert_eq!(Currency::parse(code).unwrap().to_string(), code);
            assert_eq!(Currency::choose(code).unwrap_err().code(), "withdrawn");
        }
        assert!(Currency::choose("XCG").is_ok());
    }

    #[test]
    fn every_code_is_found_and_no_other() {
        assert!(BY_DECIMALS.iter().all(|(_, codes)| codes.is_sorted()));
        assert_eq!(Currency::parse("JPY").unwrap().decimals(), 0);
        assert_eq!(Currency::parse("KWD").unwrap().decimals(), 3);
        for text in ["eur", "XXX", "", "EURO", "é"] {
            assert!(Currency::parse(text).is_err(), "{text}");
        }
    }
}
