//! Entity tags: a resource's version in quotes.

use super::{Code, FieldError, Problem};

/// What `If-Match` demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// `*`: any version, as long as it is there.
    Any,
    /// Exactly this version.
    Version(i64),
    /// A well-formed tag that no version of ours has: nothing matches it.
    Never,
}

impl Precondition {
    /// Reads the header's value: `*` or one strong tag. Weak tags never match (RFC 9110, 13.1.1).
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let weak = text.strip_prefix("W/");
        let opaque = weak.unwrap_or(text).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match opaque {
            Some(tag) if !tag.contains('"') => {
                Ok(tag.parse().ok().filter(|_| weak.is_none()).map_or(Self::Never, Self::Version))
            }
            _ => Err(malformed()),
        }
    }

    /// The version it names, or 412 `stale_version` if it can match none; `None` for `*`.
    pub fn version(self) -> Result<Option<i64>, Problem> {
        match self {
            Self::Any => Ok(None),
            Self::Version(version) => Ok(Some(version)),
            Self::Never => Err(Problem::new(Code::StaleVersion)),
        }
    }

    /// 412 `stale_version` unless `current` is what it demands.
    pub fn check(self, current: i64) -> Result<(), Problem> {
        match self.version()? {
            Some(version) if version != current => Err(Problem::new(Code::StaleVersion)),
            Some(_) | None => Ok(()),
        }
    }
}

fn malformed() -> Problem {
    Problem::new(Code::MalformedHeader).errors(vec![FieldError::header(
        "If-Match",
        "malformed",
        "An entity tag such as \"3\", or *.",
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_strong_tag_of_ours_names_a_version() {
        assert_eq!(Precondition::parse("\"3\"").unwrap(), Precondition::Version(3));
        assert_eq!(Precondition::parse("*").unwrap(), Precondition::Any);
        assert_eq!(Precondition::parse("W/\"3\"").unwrap(), Precondition::Never);
        assert_eq!(Precondition::parse("\"abc\"").unwrap(), Precondition::Never);
        for wrong in ["3", "", "\"3", "\"1\", \"2\""] {
            assert_eq!(Precondition::parse(wrong).unwrap_err().code(), Code::MalformedHeader, "{wrong}");
        }
    }

    #[test]
    fn another_version_is_stale() {
        assert!(Precondition::Version(3).check(3).is_ok());
        assert_eq!(Precondition::Version(3).check(4).unwrap_err().code(), Code::StaleVersion);
        assert_eq!(Precondition::Never.check(4).unwrap_err().code(), Code::StaleVersion);
    }
}
