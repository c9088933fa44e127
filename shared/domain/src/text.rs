//! Text from outside: bounded, normalised, free of what breaks a line, a log or a mail header.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::{invalid::Invalid, language, visible};

/// Text of `MIN` to `MAX` characters after NFC and trimming; no control character,
/// nothing that hides or turns the direction, and not empty to the eye.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Reads one line of text.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        Self::read(raw, char::is_control)
    }

    /// Reads text that may hold line breaks and tabs.
    pub fn parse_lines(raw: &str) -> Result<Self, Invalid> {
        Self::read(raw, |c| c.is_control() && !matches!(c, '\n' | '\t'))
    }

    fn read(raw: &str, refused: impl Fn(char) -> bool) -> Result<Self, Invalid> {
        // A character is at most 4 bytes and NFC never grows text more than threefold.
        if raw.len() > MAX.saturating_mul(12) {
            return Err(Self::length());
        }
        let text: String = raw.replace("\r\n", "\n").trim().nfc().collect();
        if text.chars().any(refused) || visible::hides_something(&text) {
            let says = "No control characters, and none that hide or change the direction.";
            return Err(Invalid::new("forbidden_character", says));
        }
        if !text.is_empty() && !visible::shows_something(&text) {
            return Err(Invalid::new("invisible", "At least one visible character."));
        }
        let length = text.chars().count();
        if length < MIN || length > MAX { Err(Self::length()) } else { Ok(Self(text)) }
    }

    fn length() -> Invalid {
        Invalid::out_of_range(format!("Between {MIN} and {MAX} characters."))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MIN: usize, const MAX: usize> TryFrom<String> for Text<MIN, MAX> {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Invalid> {
        Self::parse_lines(&raw)
    }
}

impl<const MIN: usize, const MAX: usize> From<Text<MIN, MAX>> for String {
    fn from(text: Text<MIN, MAX>) -> Self {
        text.0
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Text<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(MIN)).max_length(Some(MAX));
        text.build().into()
    }
}

/// Named with its bounds, since a document has one schema of a name.
impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("Text{MIN}To{MAX}").into()
    }
}

/// A word with a grammar of its own: a type that is a checked `String`.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $schema:meta, $check:path, $says:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[$schema]
        pub struct $name(String);

        impl $name {
            /// Reads one.
            pub fn parse(raw: &str) -> Result<Self, Invalid> {
                if $check(raw) { Ok(Self(raw.to_owned())) } else { Err(Invalid::malformed($says)) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(raw: String) -> Result<Self, Invalid> {
                Self::parse(&raw)
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }
    };
}

word! {
    /// An address that mail can be sent to: ASCII, one `@`, a dotted host, at most 254 characters (RFC 5321 4.5.3.1).
    Email, schema(value_type = String, format = "email", example = "ada@example.com", max_length = 254), is_email, "An email address such as ada@example.com."
}
word! {
    /// A telephone number in E.164: `+` and 7 to 15 digits, the first not 0.
    Phone, schema(value_type = String, example = "+390612345678", pattern = r"^\+[1-9][0-9]{6,14}$"), is_phone, "An E.164 number such as +390612345678."
}
word! {
    /// A BCP 47 language tag such as `en`, `pt-BR` or `de-DE-u-co-phonebk`.
    Language, schema(value_type = String, example = "en", pattern = "^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$", max_length = 100), language::is_well_formed, "A BCP 47 tag such as en or pt-BR."
}
word! {
    /// What a caller calls the booking: 1 to 64 visible ASCII characters, unique for the caller.
    ClientReference, schema(value_type = String, example = "order-4711", pattern = "^[!-~]{1,64}$"), is_reference, "Between 1 and 64 visible ASCII characters."
}

impl Language {
    /// English, where nothing else is known.
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// The primary subtag in lower case: `pt` of `pt-BR`.
    pub fn primary(&self) -> String {
        self.0.split('-').next().unwrap_or("en").to_ascii_lowercase()
    }

    /// The region in upper case, if there is one: `BR` of `pt-BR`.
    pub fn region(&self) -> Option<String> {
        language::region(&self.0).map(str::to_ascii_uppercase)
    }
}

fn is_email(raw: &str) -> bool {
    let local_byte = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-.".contains(&b);
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let Some((local, host)) = raw.split_once('@') else { return false };
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    raw.len() <= 254
        && (1..=64).contains(&local.len())
        && dots
        && local.bytes().all(local_byte)
        && host.contains('.')
        && host.split('.').all(label)
}

fn is_phone(raw: &str) -> bool {
    raw.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

fn is_reference(raw: &str) -> bool {
    (1..=64).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_composed_and_counted_in_characters() {
        assert_eq!(Text::<1, 4>::parse(" Cafe\u{301} ").unwrap().as_str(), "Café");
        assert!(Text::<1, 3>::parse("🏨🏨🏨").is_ok());
        assert!(Text::<1, 3>::parse("    ").is_err());
        assert!(Text::<0, 3>::parse("abcd").is_err());
    }

    #[test]
    fn text_that_cannot_be_seen_is_refused() {
        for bad in ["\u{301}", "\u{300}\u{301}", "\u{20dd}"] {
            assert_eq!(Text::<1, 40>::parse(bad).unwrap_err().code(), "invisible", "{bad:?}");
        }
        for bad in ["\u{3164}", "\u{ad}", "\u{2800}", "\u{200d}", "\u{fe0f}", "\u{e0100}", "Ritz\u{3164}"] {
            assert_eq!(Text::<1, 40>::parse(bad).unwrap_err().code(), "forbidden_character", "{bad:?}");
            assert!(Text::<0, 40>::parse_lines(bad).is_err(), "{bad:?}");
        }
        for blank in ["\u{a0}", "\u{3000}", "\u{2003}"] {
            assert_eq!(Text::<1, 40>::parse(blank).unwrap_err().code(), "out_of_range", "{blank:?}");
        }
    }

    #[test]
    fn text_that_breaks_a_line_or_turns_its_direction_is_refused() {
        for bad in
            ["a\0b", "a\r\nBcc: x", "a\u{202E}b", "a\u{200B}b", "a\u{1b}[31m", "a\u{2028}b", "a\u{2029}b"]
        {
            assert_eq!(Text::<1, 40>::parse(bad).unwrap_err().code(), "forbidden_character", "{bad:?}");
        }
        assert!(Text::<1, 40>::parse_lines("a\r\nb\tc").is_ok());
    }

    #[test]
    fn words_keep_to_their_grammar() {
        for good in ["ada@example.com", "a.b+c@x-y.example"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in ["ada", "ada@x", "a@b@c.d", ".a@b.c", "a@-b.c", "a b@c.d", "a@b.c\r\nBcc: x@y.z", "a@b..c"]
        {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert!(Phone::parse("+390612345678").is_ok());
        assert!(Phone::parse("0612345678").is_err());
        assert_eq!(Language::parse("pt-BR").unwrap().region().as_deref(), Some("BR"));
        assert!(Language::parse("x").is_err());
        assert!(ClientReference::parse("a b").is_err());
    }
}
