//! Facilities: the codes that tag hotels and rooms, the same that search takes as `tags`.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invalid::Invalid;

/// The code of a facility: lower-case words joined by `_`, 2 to 40 characters, such as `sea_view`.
/// `GET /v1/facilities` lists those that there are, and what each applies to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "sea_view", pattern = "^[a-z][a-z0-9_]{1,39}$")]
pub struct FacilityCode(String);

impl FacilityCode {
    /// Reads a code.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bytes = text.as_bytes();
        let letters = bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_');
        let starts = bytes.first().is_some_and(u8::is_ascii_lowercase);
        if (2..=40).contains(&bytes.len()) && letters && starts {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::malformed("A facility code such as sea_view; GET /v1/facilities lists them."))
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As search folds it: `sea view`.
    pub fn words(&self) -> String {
        self.0.replace('_', " ")
    }
}

impl fmt::Display for FacilityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FacilityCode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<FacilityCode> for String {
    fn from(code: FacilityCode) -> Self {
        code.0
    }
}
