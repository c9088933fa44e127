//! Dates and amounts as a language writes them, and the words of our pages, for the languages that we have.
//!
//! Patterns and separators are those of CLDR 48 (`dateFormats-long`, `symbols`, `minimumGroupingDigits`); a currency is its
//! ISO code, since a symbol may be of several.

mod words;

use chrono::{Datelike as _, NaiveDate};
use domain::{Language, Money};

pub use words::{InvoiceWords, Words};

/// How a person of that language reads dates, amounts and our pages. English where we have no words.
#[derive(Debug, Clone, Copy)]
pub struct Wording {
    words: &'static Words,
    digits: Digits,
}

/// How long numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digits {
    decimal: &'static str,
    group: &'static str,
    /// So many digits stand before the first separator at least.
    leading: usize,
}

const POINT: Digits = Digits { decimal: ".", group: ",", leading: 1 };
const COMMA: Digits = Digits { decimal: ",", group: ".", leading: 1 };
const SWISS: Digits = Digits { decimal: ".", group: "\u{2019}", leading: 1 };
const FRENCH: Digits = Digits { decimal: ",", group: "\u{202F}", leading: 1 };
const FRENCH_SWISS: Digits = Digits { decimal: ".", group: "\u{202F}", leading: 1 };
const SPANISH: Digits = Digits { decimal: ",", group: ".", leading: 2 };
const PORTUGUESE: Digits = Digits { decimal: ",", group: "\u{A0}", leading: 2 };

impl Wording {
    /// Of a language tag: the words of its language, the numbers of its region.
    pub fn of(language: &Language) -> Self {
        let (primary, region) = (language.primary(), language.region());
        let words = words::ALL.into_iter().find(|words| words.code == primary).unwrap_or(&words::ENGLISH);
        let digits = match (words.code, region.as_deref()) {
            ("de" | "it", Some("CH" | "LI")) => SWISS,
            ("fr", Some("CH")) => FRENCH_SWISS,
            ("es", Some("MX" | "US" | "PR" | "GT" | "HN" | "NI" | "PA" | "PE" | "SV" | "DO")) => POINT,
            ("pt", Some("PT" | "AO" | "MZ" | "CV")) => PORTUGUESE,
            ("de" | "it" | "pt", _) => COMMA,
            ("fr", _) => FRENCH,
            ("es", _) => SPANISH,
            _ => POINT,
        };
        Self { words, digits }
    }

    /// The words of our pages.
    pub const fn words(&self) -> &'static Words {
        self.words
    }

    /// A day: `24. Dezember 2026`.
    pub fn date(&self, on: NaiveDate) -> String {
        let month = usize::try_from(on.month0()).ok().and_then(|at| self.words.months.get(at));
        let pattern = if on.day() == 1 { self.words.first_of_month } else { self.words.date };
        pattern
            .replace("{day}", &on.day().to_string())
            .replace("{month}", month.copied().unwrap_or_default())
            .replace("{year}", &on.year().to_string())
    }

    /// An amount: `1.234,50 EUR`.
    pub fn money(&self, money: Money) -> String {
        let plain = money.to_string();
        let (number, currency) = plain.split_once(' ').unwrap_or((&plain, ""));
        let (major, minor) = number.split_once('.').unwrap_or((number, ""));
        let (sign, major) = major.strip_prefix('-').map_or(("", major), |rest| ("-", rest));
        let decimal = if minor.is_empty() { "" } else { self.digits.decimal };
        format!("{sign}{}{decimal}{minor} {currency}", self.digits.grouped(major))
    }
}

impl Digits {
    fn grouped(self, major: &str) -> String {
        let count = major.chars().count();
        if count < self.leading.saturating_add(3) {
            return major.to_owned();
        }
        let mut grouped = String::new();
        for (at, digit) in major.chars().enumerate() {
            if at > 0 && (count - at).is_multiple_of(3) {
                grouped.push_str(self.group);
            }
            grouped.push(digit);
        }
        grouped
    }
}

#[cfg(test)]
mod tests {
    use domain::Currency;

    use super::*;

    fn of(tag: &str) -> Wording {
        Wording::of(&Language::parse(tag).unwrap())
    }

    fn money(amount: i64, currency: &str) -> Money {
        Money::new(amount, Currency::parse(currency).unwrap()).unwrap()
    }

    #[test]
    fn amounts_are_written_as_the_language_and_its_region_write_them() {
        for (tag, written) in [
            ("en", "1,234.50 EUR"),
            ("de", "1.234,50 EUR"),
            ("de-CH", "1’234.50 EUR"),
            ("DE-de-u-co-phonebk", "1.234,50 EUR"),
            ("fr", "1\u{202F}234,50 EUR"),
            ("it", "1.234,50 EUR"),
            ("es", "1234,50 EUR"),
            ("es-MX", "1,234.50 EUR"),
            ("pt-BR", "1.234,50 EUR"),
            ("pt-PT", "1234,50 EUR"),
            ("ja", "1,234.50 EUR"),
        ] {
            assert_eq!(of(tag).money(money(123_450, "EUR")), written, "{tag}");
        }
        assert_eq!(of("es").money(money(1_234_550, "EUR")), "12.345,50 EUR");
        assert_eq!(of("de").money(money(1_234_567, "JPY")), "1.234.567 JPY");
        assert_eq!(of("de").money(money(5, "KWD")), "0,005 KWD");
        assert_eq!(of("de").money(money(99_900, "EUR")), "999,00 EUR");
    }

    #[test]
    fn dates_are_written_as_the_language_writes_them() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (tag, written) in [
            ("en", "24 December 2026"),
            ("de-AT", "24. Dezember 2026"),
            ("fr", "24 décembre 2026"),
            ("it", "24 dicembre 2026"),
            ("es", "24 de diciembre de 2026"),
            ("pt-BR", "24 de dezembro de 2026"),
            ("zh-Hant-TW", "24 December 2026"),
        ] {
            assert_eq!(of(tag).date(day("2026-12-24")), written, "{tag}");
        }
        assert_eq!(of("fr-CA").date(day("2027-01-01")), "1er janvier 2027");
        assert_eq!(of("it").date(day("2027-01-01")), "1º gennaio 2027");
    }
}
