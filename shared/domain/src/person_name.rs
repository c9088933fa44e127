//! A person's name as a stranger may type it: it goes into mails, so it is a name and no message.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;

use crate::{invalid::Invalid, text::Text};

/// A given or family name: 1 to 60 characters of one line, and no link in it.
///
/// Whoever books may write to anybody's address; a greeting is no place for "pay at https://…". Sixty characters hold
/// the longest names of passports (39 characters in ICAO 9303, more in full), and are short for a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 60, example = "Ada")]
pub struct PersonName(Text<1, 60>);

impl PersonName {
    /// Reads a name.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let name = Text::parse(raw)?;
        if is_link(name.as_str()) {
            return Err(Invalid::new("link", "A name, without a web address in it."));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Whether mail programs or people would take a part of a name for a web address, in wide letters too.
pub fn is_link(name: &str) -> bool {
    let plain: String = name.nfkc().flat_map(char::to_lowercase).collect();
    let has_path = |word: &str| word.split_once('.').is_some_and(|(_, rest)| rest.contains('/'));
    plain.contains("://") || plain.contains("www.") || plain.split_whitespace().any(has_path)
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for PersonName {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Invalid> {
        Self::parse(&raw)
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_names() {
        for name in
            ["Ada", "J.R.R.", "St. John", "D'Arcy-O'Neil", "-", "王", "María José de la Santísima Trinidad"]
        {
            assert_eq!(PersonName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_name_carries_no_link_and_no_sentence() {
        for link in [
            "Pay at https://evil.example/x",
            "WWW.evil.example",
            "ｗｗｗ.evil.example",
            "evil.example/x",
            "http：//evil.example",
        ] {
            assert_eq!(PersonName::parse(link).unwrap_err().code(), "link", "{link}");
        }
        let line = "Your parcel is held at the customs office, please call us back today";
        assert_eq!(PersonName::parse(line).unwrap_err().code(), "out_of_range");
        assert!(PersonName::parse("\u{3164}").is_err());
        assert!(PersonName::parse("a\nb").is_err());
    }
}
