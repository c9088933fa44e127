//! Prices in the country's own currency.

use domain::Currency;

/// What a thousand US dollars are worth, roughly, in whole units: only so that sample prices look like prices. Where a
/// currency is missing the hotel charges dollars.
const PER_1000_USD: &[(&str, u64)] = &[
    ("AED", 3_673),
    ("ARS", 1_400_000),
    ("AUD", 1_520),
    ("AZN", 1_700),
    ("BDT", 122_000),
    ("BHD", 376),
    ("BOB", 6_910),
    ("BRL", 5_400),
    ("CAD", 1_380),
    ("CDF", 2_500_000),
    ("CHF", 800),
    ("CLP", 940_000),
    ("CNY", 7_120),
    ("COP", 3_900_000),
    ("CRC", 505_000),
    ("CZK", 21_000),
    ("DKK", 6_400),
    ("DOP", 62_000),
    ("DZD", 130_000),
    ("EGP", 48_000),
    ("ETB", 145_000),
    ("EUR", 860),
    ("GBP", 750),
    ("GEL", 2_710),
    ("GHS", 11_000),
    ("GTQ", 7_660),
    ("HKD", 7_790),
    ("HUF", 335_000),
    ("IDR", 16_500_000),
    ("ILS", 3_300),
    ("INR", 88_000),
    ("IQD", 1_310_000),
    ("ISK", 123_000),
    ("JOD", 709),
    ("JPY", 150_000),
    ("KES", 129_000),
    ("KRW", 1_420_000),
    ("KWD", 306),
    ("KZT", 530_000),
    ("LKR", 302_000),
    ("MAD", 9_150),
    ("MUR", 45_500),
    ("MXN", 18_500),
    ("MYR", 4_200),
    ("MZN", 63_900),
    ("NGN", 1_480_000),
    ("NOK", 10_000),
    ("NPR", 141_000),
    ("NZD", 1_740),
    ("OMR", 385),
    ("PEN", 3_450),
    ("PHP", 58_000),
    ("PKR", 282_000),
    ("PLN", 3_650),
    ("QAR", 3_640),
    ("RON", 4_370),
    ("RSD", 100_000),
    ("RUB", 81_000),
    ("SAR", 3_750),
    ("SEK", 9_450),
    ("SGD", 1_290),
    ("THB", 32_500),
    ("TND", 2_900),
    ("TRY", 41_800),
    ("TWD", 30_500),
    ("TZS", 2_460_000),
    ("UAH", 41_700),
    ("UGX", 3_480_000),
    ("USD", 1_000),
    ("UYU", 39_900),
    ("UZS", 12_100_000),
    ("VND", 26_300_000),
    ("XAF", 564_000),
    ("XOF", 564_000),
    ("ZAR", 17_300),
    ("ZMW", 22_600),
];

/// What took the place of money that GeoNames still names.
const SUCCESSORS: [(&str, &str); 1] = [("BGN", "EUR")];

/// The currency a hotel of this country charges in.
pub(super) fn currency(code: &str) -> &'static str {
    let code = SUCCESSORS.iter().find(|(old, _)| *old == code).map_or(code, |(_, new)| *new);
    let known = PER_1000_USD.iter().find(|(known, _)| *known == code && Currency::choose(code).is_ok());
    known.map_or("USD", |(known, _)| *known)
}

/// An amount of US cents in minor units of that currency, rounded to what a hotel would print; at least 1.
pub(super) fn amount(us_cents: u64, code: &str) -> i64 {
    let rate = PER_1000_USD.iter().find(|(known, _)| *known == code).map_or(1_000, |(_, rate)| *rate);
    let decimals = Currency::parse(code).map_or(2, Currency::decimals);
    let minor = 10u64.pow(u32::from(decimals));
    // Cents of a dollar are hundredths, the rate is for a thousand.
    let exact = us_cents.saturating_mul(rate).saturating_mul(minor) / 100_000;
    i64::try_from(rounded(exact.max(1))).unwrap_or(i64::MAX)
}

/// To three digits: 12,345 becomes 12,300.
fn rounded(exact: u64) -> u64 {
    let step = 10u64.pow(exact.ilog10().saturating_sub(2));
    let half = step / 2;
    exact.saturating_add(half).checked_div(step).unwrap_or(exact).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_in_minor_units_of_the_countrys_currency() {
        assert_eq!(amount(10_000, "USD"), 10_000);
        assert_eq!(amount(10_000, "EUR"), 8_600);
        assert_eq!(amount(10_000, "JPY"), 15_000);
        assert_eq!(amount(10_000, "KWD"), 30_600);
        assert_eq!(amount(0, "EUR"), 1);
    }

    #[test]
    fn every_currency_of_the_table_is_one() {
        for (code, _) in PER_1000_USD {
            assert!(Currency::parse(code).is_ok(), "{code}");
            assert_eq!(currency(code), *code);
        }
        assert_eq!(currency("KPW"), "USD");
        assert_eq!(currency("BGN"), "EUR", "new hotels may not charge what is no longer money");
        assert_eq!(currency(""), "USD");
    }
}
