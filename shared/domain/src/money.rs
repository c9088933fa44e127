//! Money: whole minor units and a currency, checked arithmetic, no floats anywhere.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invalid::Invalid;

/// The active currencies of ISO 4217 and how many decimal places each has, sorted by code.
const CURRENCIES: &[([u8; 3], u8)] = &[
    (*b"AED", 2),
    (*b"AFN", 2),
    (*b"ALL", 2),
    (*b"AMD", 2),
    (*b"ANG", 2),
    (*b"AOA", 2),
    (*b"ARS", 2),
    (*b"AUD", 2),
    (*b"AWG", 2),
    (*b"AZN", 2),
    (*b"BAM", 2),
    (*b"BBD", 2),
    (*b"BDT", 2),
    (*b"BGN", 2),
    (*b"BHD", 3),
    (*b"BIF", 0),
    (*b"BMD", 2),
    (*b"BND", 2),
    (*b"BOB", 2),
    (*b"BRL", 2),
    (*b"BSD", 2),
    (*b"BTN", 2),
    (*b"BWP", 2),
    (*b"BYN", 2),
    (*b"BZD", 2),
    (*b"CAD", 2),
    (*b"CDF", 2),
    (*b"CHF", 2),
    (*b"CLP", 0),
    (*b"CNY", 2),
    (*b"COP", 2),
    (*b"CRC", 2),
    (*b"CUP", 2),
    (*b"CVE", 2),
    (*b"CZK", 2),
    (*b"DJF", 0),
    (*b"DKK", 2),
    (*b"DOP", 2),
    (*b"DZD", 2),
    (*b"EGP", 2),
    (*b"ERN", 2),
    (*b"ETB", 2),
    (*b"EUR", 2),
    (*b"FJD", 2),
    (*b"FKP", 2),
    (*b"GBP", 2),
    (*b"GEL", 2),
    (*b"GHS", 2),
    (*b"GIP", 2),
    (*b"GMD", 2),
    (*b"GNF", 0),
    (*b"GTQ", 2),
    (*b"GYD", 2),
    (*b"HKD", 2),
    (*b"HNL", 2),
    (*b"HTG", 2),
    (*b"HUF", 2),
    (*b"IDR", 2),
    (*b"ILS", 2),
    (*b"INR", 2),
    (*b"IQD", 3),
    (*b"IRR", 2),
    (*b"ISK", 0),
    (*b"JMD", 2),
    (*b"JOD", 3),
    (*b"JPY", 0),
    (*b"KES", 2),
    (*b"KGS", 2),
    (*b"KHR", 2),
    (*b"KMF", 0),
    (*b"KPW", 2),
    (*b"KRW", 0),
    (*b"KWD", 3),
    (*b"KYD", 2),
    (*b"KZT", 2),
    (*b"LAK", 2),
    (*b"LBP", 2),
    (*b"LKR", 2),
    (*b"LRD", 2),
    (*b"LSL", 2),
    (*b"LYD", 3),
    (*b"MAD", 2),
    (*b"MDL", 2),
    (*b"MGA", 2),
    (*b"MKD", 2),
    (*b"MMK", 2),
    (*b"MNT", 2),
    (*b"MOP", 2),
    (*b"MRU", 2),
    (*b"MUR", 2),
    (*b"MVR", 2),
    (*b"MWK", 2),
    (*b"MXN", 2),
    (*b"MYR", 2),
    (*b"MZN", 2),
    (*b"NAD", 2),
    (*b"NGN", 2),
    (*b"NIO", 2),
    (*b"NOK", 2),
    (*b"NPR", 2),
    (*b"NZD", 2),
    (*b"OMR", 3),
    (*b"PAB", 2),
    (*b"PEN", 2),
    (*b"PGK", 2),
    (*b"PHP", 2),
    (*b"PKR", 2),
    (*b"PLN", 2),
    (*b"PYG", 0),
    (*b"QAR", 2),
    (*b"RON", 2),
    (*b"RSD", 2),
    (*b"RUB", 2),
    (*b"RWF", 0),
    (*b"SAR", 2),
    (*b"SBD", 2),
    (*b"SCR", 2),
    (*b"SDG", 2),
    (*b"SEK", 2),
    (*b"SGD", 2),
    (*b"SHP", 2),
    (*b"SLE", 2),
    (*b"SOS", 2),
    (*b"SRD", 2),
    (*b"SSP", 2),
    (*b"STN", 2),
    (*b"SVC", 2),
    (*b"SYP", 2),
    (*b"SZL", 2),
    (*b"THB", 2),
    (*b"TJS", 2),
    (*b"TMT", 2),
    (*b"TND", 3),
    (*b"TOP", 2),
    (*b"TRY", 2),
    (*b"TTD", 2),
    (*b"TWD", 2),
    (*b"TZS", 2),
    (*b"UAH", 2),
    (*b"UGX", 0),
    (*b"USD", 2),
    (*b"UYU", 2),
    (*b"UZS", 2),
    (*b"VES", 2),
    (*b"VND", 0),
    (*b"VUV", 0),
    (*b"WST", 2),
    (*b"XAF", 0),
    (*b"XCD", 2),
    (*b"XOF", 0),
    (*b"XPF", 0),
    (*b"YER", 2),
    (*b"ZAR", 2),
    (*b"ZMW", 2),
    (*b"ZWG", 2),
];

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "EUR", pattern = "^[A-Z]{3}$")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads an active code in capitals.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        <[u8; 3]>::try_from(text.as_bytes())
            .ok()
            .filter(|code| CURRENCIES.binary_search_by_key(code, |(known, _)| *known).is_ok())
            .map(Self)
            .ok_or_else(|| Invalid::unknown("An ISO 4217 code such as EUR."))
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Decimal places of the major unit: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn decimals(self) -> u8 {
        let place = CURRENCIES.binary_search_by_key(&self.0, |(known, _)| *known).ok();
        place.and_then(|at| CURRENCIES.get(at)).map_or(2, |(_, decimals)| *decimals)
    }
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

/// Arithmetic on money that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The two amounts are in different currencies.
    #[error("{0} and {1} cannot be put together")]
    Currencies(Currency, Currency),
    /// The result is 2^53 or more in minor units, which JSON clients cannot hold.
    #[error("the amount is too large")]
    TooLarge,
}

/// An amount in minor units (cents) of one currency; |amount| < 2^53, so every JSON client holds it exactly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "RawMoney", into = "RawMoney")]
pub struct Money {
    /// Minor units (cents), below 2^53 either way.
    #[schema(minimum = -9_007_199_254_740_991i64, maximum = 9_007_199_254_740_991i64, example = 12345)]
    amount: i64,
    /// ISO 4217.
    currency: Currency,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMoney {
    amount: i64,
    currency: Currency,
}

impl Money {
    /// The first amount that is too large: 2^53 minor units.
    pub const LIMIT: i64 = 1 << 53;

    /// So many minor units.
    pub fn new(amount: i64, currency: Currency) -> Result<Self, MoneyError> {
        if amount.unsigned_abs() < Self::LIMIT.unsigned_abs() {
            Ok(Self { amount, currency })
        } else {
            Err(MoneyError::TooLarge)
        }
    }

    /// Nothing, in that currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { amount: 0, currency }
    }

    /// Minor units.
    pub const fn amount(self) -> i64 {
        self.amount
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.amount == 0
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.amount
            .checked_add(other.amount)
            .ok_or(MoneyError::TooLarge)
            .and_then(|sum| Self::new(sum, self.currency))
    }

    /// The difference, which may be negative.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.amount
            .checked_sub(other.amount)
            .ok_or(MoneyError::TooLarge)
            .and_then(|rest| Self::new(rest, self.currency))
    }

    /// So many times the amount.
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        let product = self.amount.checked_mul(i64::from(count)).ok_or(MoneyError::TooLarge)?;
        Self::new(product, self.currency)
    }

    /// The middle of two amounts, halves up (api.md: a night until dynamic pricing).
    pub fn midpoint(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Currencies(self.currency, other.currency));
        }
        // Below 2^53 each, so neither the sum nor its half leaves an i64: the middle is money whenever both ends are.
        let middle = self.amount.saturating_add(other.amount).saturating_add(1).div_euclid(2);
        Self::new(middle, self.currency)
    }

    /// `percent` hundredths of the amount, halves up.
    pub fn percent(self, percent: u8) -> Result<Self, MoneyError> {
        let scaled =
            i128::from(self.amount).saturating_mul(i128::from(percent)).saturating_add(50).div_euclid(100);
        i64::try_from(scaled)
            .map_err(|_| MoneyError::TooLarge)
            .and_then(|part| Self::new(part, self.currency))
    }

    /// The sum of all, `zero(currency)` for none.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    /// Which is more; none between currencies.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.amount.cmp(&other.amount))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Currencies(self.currency, other.currency))
        }
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For people: `123.45 EUR`, `500 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = u32::from(self.currency.decimals());
        let unit = 10u64.pow(decimals);
        let (sign, amount) = (if self.amount < 0 { "-" } else { "" }, self.amount.unsigned_abs());
        let (major, minor) =
            (amount.checked_div(unit).unwrap_or(amount), amount.checked_rem(unit).unwrap_or(0));
        if decimals == 0 {
            write!(f, "{sign}{major} {}", self.currency)
        } else {
            let width = usize::from(self.currency.decimals());
            write!(f, "{sign}{major}.{minor:0width$} {}", self.currency)
        }
    }
}

impl TryFrom<RawMoney> for Money {
    type Error = MoneyError;

    fn try_from(raw: RawMoney) -> Result<Self, MoneyError> {
        Self::new(raw.amount, raw.currency)
    }
}

impl From<Money> for RawMoney {
    fn from(money: Money) -> Self {
        Self { amount: money.amount, currency: money.currency }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eur(amount: i64) -> Money {
        Money::new(amount, Currency::parse("EUR").unwrap()).unwrap()
    }

    #[test]
    fn the_currency_table_is_sorted_so_that_every_code_is_found() {
        assert!(CURRENCIES.is_sorted_by_key(|(code, _)| *code));
        assert_eq!(Currency::parse("JPY").unwrap().decimals(), 0);
        assert_eq!(Currency::parse("KWD").unwrap().decimals(), 3);
        assert!(Currency::parse("eur").is_err());
        assert!(Currency::parse("XXX").is_err());
    }

    #[test]
    fn money_is_shown_with_the_decimals_of_its_currency() {
        assert_eq!(eur(12345).to_string(), "123.45 EUR");
        assert_eq!(eur(-5).to_string(), "-0.05 EUR");
        assert_eq!(Money::new(500, Currency::parse("JPY").unwrap()).unwrap().to_string(), "500 JPY");
    }

    #[test]
    fn a_night_is_the_middle_of_both_prices_halves_up() {
        assert_eq!(eur(100).midpoint(eur(101)).unwrap(), eur(101));
        assert_eq!(eur(100).midpoint(eur(102)).unwrap(), eur(101));
        let most = Money::LIMIT - 1;
        assert_eq!(eur(most).midpoint(eur(most)).unwrap(), eur(most));
        assert_eq!(eur(most - 1).midpoint(eur(most)).unwrap(), eur(most));
        assert_eq!(eur(1 << 52).midpoint(eur(1 << 52)).unwrap(), eur(1 << 52));
        let usd = Money::zero(Currency::parse("USD").unwrap());
        assert!(matches!(eur(1).midpoint(usd), Err(MoneyError::Currencies(..))));
    }

    #[test]
    fn currencies_do_not_mix_and_large_amounts_are_refused() {
        let usd = Money::zero(Currency::parse("USD").unwrap());
        assert!(matches!(eur(1).plus(usd), Err(MoneyError::Currencies(..))));
        assert_eq!(Money::new(1 << 53, usd.currency()), Err(MoneyError::TooLarge));
        assert_eq!(eur((1 << 53) - 1).plus(eur(1)), Err(MoneyError::TooLarge));
        assert_eq!(eur(1 << 52).times(1 << 30), Err(MoneyError::TooLarge));
    }

    #[test]
    fn json_refuses_fractions_and_unknown_fields() {
        assert!(serde_json::from_str::<Money>(r#"{"amount": 1, "currency": "EUR"}"#).is_ok());
        assert!(serde_json::from_str::<Money>(r#"{"amount": 1.5, "currency": "EUR"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"amount": 1, "currency": "EUR", "x": 1}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"amount": 9007199254740992, "currency": "EUR"}"#).is_err());
    }

    proptest! {
        #[test]
        fn adding_then_taking_away_changes_nothing(a in -(1i64 << 51)..(1i64 << 51), b in -(1i64 << 51)..(1i64 << 51)) {
            prop_assert_eq!(eur(a).plus(eur(b)).unwrap().minus(eur(b)).unwrap(), eur(a));
        }

        #[test]
        fn a_hundred_percent_is_all_of_it_and_none_is_nothing(a in 0i64..(1 << 52)) {
            prop_assert_eq!(eur(a).percent(100).unwrap(), eur(a));
            prop_assert_eq!(eur(a).percent(0).unwrap(), eur(0));
        }
    }
}
