//! Money: whole minor units and a currency, checked arithmetic, no floats anywhere.

use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::currency::Currency;

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
