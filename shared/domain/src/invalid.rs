//! Why a value was refused.

use std::borrow::Cow;

/// Why a value was refused: a stable machine word and a sentence for a person.
///
/// The edge turns it into one entry of a problem's `errors`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{says}")]
pub struct Invalid {
    code: &'static str,
    says: Cow<'static, str>,
}

impl Invalid {
    /// A refusal with its stable `code` (such as `out_of_range`) and what to do about it.
    pub fn new(code: &'static str, says: impl Into<Cow<'static, str>>) -> Self {
        Self { code, says: says.into() }
    }

    /// The value lies outside its range; `says` names the range.
    pub fn out_of_range(says: impl Into<Cow<'static, str>>) -> Self {
        Self::new("out_of_range", says)
    }

    /// The value cannot be read as what it should be.
    pub fn malformed(says: impl Into<Cow<'static, str>>) -> Self {
        Self::new("malformed", says)
    }

    /// The value is well formed and not one we know.
    pub fn unknown(says: impl Into<Cow<'static, str>>) -> Self {
        Self::new("unknown", says)
    }

    /// The stable machine word.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for a person.
    pub fn says(&self) -> &str {
        &self.says
    }
}
