//! Facets: how many hotels each further filter would leave.

use std::collections::BTreeMap;

use domain::{Currency, facility::FacilityCode};

/// The most tags that are counted: the most frequent ones, ties by code.
pub const MAX_TAGS: usize = 100;

/// Hotels by star rating, tag and price band.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// Hotels by star rating, 1 to 5.
    pub stars: BTreeMap<u8, u64>,
    /// Hotels that have the tag on themselves or on a room that was found, most first.
    pub tags: Vec<(FacilityCode, u64)>,
    /// Hotels with a room in the band, ascending; only bands with hotels, and only with a currency.
    pub price_bands: Vec<(Band, u64)>,
}

/// A range of prices per unit and night in minor units, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Band {
    /// From this amount on.
    pub from: i64,
    /// Below this amount.
    pub to: i64,
}

impl Band {
    /// Whether an amount lies in it.
    pub const fn holds(self, amount: i64) -> bool {
        self.from <= amount && amount < self.to
    }
}

/// The bands of a currency: 0, then 1, 2, 5, 10, 20, 50 ... major units up to 5,000,000, then all above. Steps that grow
/// with the price suit every currency, however small its unit.
pub fn bands(currency: Currency) -> Vec<Band> {
    let major = 10_i64.pow(u32::from(currency.decimals()));
    let powers = (0..7).map(|power| 10_i64.pow(power));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|step| step * power * major));
    let mut from = 0;
    let mut bands: Vec<Band> = Vec::new();
    for to in steps.chain([1 << 53]) {
        bands.push(Band { from, to });
        from = to;
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_amount_once() {
        for code in ["EUR", "JPY", "KWD"] {
            let bands = bands(Currency::parse(code).unwrap());
            for amount in [0, 1, 99, 100, 12_345, (1 << 53) - 1] {
                assert_eq!(bands.iter().filter(|band| band.holds(amount)).count(), 1, "{code} {amount}");
            }
        }
    }
}
