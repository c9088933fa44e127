//! Entity tags: a resource's version in quotes, and the lists of them in `If-Match` and `If-None-Match`.

use actix_web::http::header::EntityTag;

use super::{Code, FieldError, Problem};

/// The most tags that are read: a client has read a handful of versions.
const MOST: usize = 32;

/// What `If-Match` demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// `*`: any version, as long as it is there.
    Any,
    /// One of these versions.
    OneOf(Tags),
}

/// Entity tags, compared as the text they are (RFC 9110, 8.8.3): `"03"` is not `"3"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags(Vec<EntityTag>);

impl Tags {
    /// Reads a list such as `"3", W/"4"`; `None` if it is none.
    fn parse(text: &str) -> Option<Self> {
        let mut tags = Vec::new();
        let mut rest = text.trim();
        while tags.len() < MOST {
            let end = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?.find('"')?;
            let opening = if rest.starts_with("W/") { 3 } else { 1 };
            let (tag, after) = rest.split_at_checked(end.checked_add(opening)?.checked_add(1)?)?;
            tags.push(tag.parse().ok()?);
            rest = match after.trim_start() {
                "" => return Some(Self(tags)),
                more => more.strip_prefix(',')?.trim_start(),
            };
        }
        None
    }

    /// Whether the resource's strong tag is among them; weak ones never match here (RFC 9110, 13.1.1).
    fn have_strong(&self, current: &EntityTag) -> bool {
        self.0.iter().any(|tag| tag.strong_eq(current))
    }
}

impl Precondition {
    /// Reads the header's value: `*` or a list of tags.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        Tags::parse(text).map(Self::OneOf).ok_or_else(malformed)
    }

    /// 412 `stale_version` unless `current` is what it demands.
    pub fn check(&self, current: i64) -> Result<(), Problem> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(tags) if tags.have_strong(&EntityTag::new_strong(current.to_string())) => Ok(()),
            Self::OneOf(_) => Err(Problem::new(Code::StaleVersion)),
        }
    }
}

/// Whether `If-None-Match` names this tag (or any), so that the caller has the answer already. Weak tags match here
/// (RFC 9110, 13.1.2); what cannot be read matches nothing, since the whole answer is always right.
pub(crate) fn is_known(if_none_match: &str, tag: &str) -> bool {
    let known =
        |tags: Tags| tag.parse().is_ok_and(|tag: EntityTag| tags.0.iter().any(|own| own.weak_eq(&tag)));
    if_none_match.trim() == "*" || Tags::parse(if_none_match).is_some_and(known)
}

fn malformed() -> Problem {
    Problem::new(Code::MalformedHeader).errors(vec![FieldError::header(
        "If-Match",
        "malformed",
        "Entity tags such as \"3\", or *.",
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strong_tag_of_the_list_must_be_the_version_to_the_letter() {
        let passes = |text: &str| Precondition::parse(text).unwrap().check(3).is_ok();
        for text in ["\"3\"", " * ", "\"3\", \"4\"", "\"2\",\"3\"", "W/\"3\", \"3\"", "\"a,b\" , \"3\""] {
            assert!(passes(text), "{text}");
        }
        for text in ["\"4\"", "W/\"3\"", "\"+3\"", "\"03\"", "\"abc\"", "\"\"", "\"1\", \"2\"", "\"3,4\""] {
            assert!(!passes(text), "{text}");
        }
        for wrong in
            ["3", "", "\" 3\"", "\"3", "\"1\" \"2\"", "\"1\",", ", \"1\"", "*, \"3\"", "w/\"3\"", "\"1\", x"]
        {
            assert_eq!(Precondition::parse(wrong).unwrap_err().code(), Code::MalformedHeader, "{wrong}");
        }
        let endless = vec!["\"3\""; 1000].join(",");
        assert_eq!(Precondition::parse(&endless).unwrap_err().code(), Code::MalformedHeader);
    }

    #[test]
    fn what_the_caller_has_already_is_known_by_any_tag_of_the_list() {
        for text in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(is_known(text, "\"a\""), "{text}");
        }
        for text in ["\"b\"", "a", "", "\"a"] {
            assert!(!is_known(text, "\"a\""), "{text}");
        }
    }
}
