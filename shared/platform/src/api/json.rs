//! JSON bodies, strictly: UTF-8, no duplicate keys, at most [`DEEPEST`] levels; errors with a pointer (api.md, PROBLEM).

mod shaped;

use std::{borrow::Cow, collections::HashSet, fmt};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use self::shaped::Shaped;
use super::{Code, FieldError, Problem};
use crate::serde_says::{is_number_out_of_range, is_unknown_field, missing_field};

/// How deep objects and arrays may be nested: ours need 5, a parser's stack is not the caller's to use.
pub const DEEPEST: usize = 32;

/// The longest message of the parser that is passed on, in characters: it may quote the caller's own text.
const LONGEST_MESSAGE: usize = 200;

/// Parses a body. 400 `malformed_json` if it is no JSON of ours, 422 with a pointer if it is of the wrong shape.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("The body is not UTF-8."))?;
    check_form(text)?;
    let value = serde_json::from_str(text).map_err(|error| malformed(shortened(&error.to_string())))?;
    T::deserialize(Shaped(&value)).map_err(|_| explain::<T>(&value))
}

fn malformed(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(Code::MalformedJson).detail(detail)
}

fn check_form(text: &str) -> Result<(), Problem> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Strict { depth: 0 }.deserialize(&mut reader).and_then(|()| reader.end());
    match read {
        Err(error) if is_number_out_of_range(&error.to_string()) => Err(huge_number(text)),
        read => read.map_err(|error| malformed(shortened(&error.to_string()))),
    }
}

/// Reads once more, this time keeping the path, to say where the number stands.
fn huge_number(text: &str) -> Problem {
    let mut track = serde_path_to_error::Track::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    // The error is known; only where it happened is wanted.
    let _known = Strict { depth: 0 }.deserialize(tracked);
    let entry = FieldError::pointer(pointer(&track.path()), "out_of_range", "The number is too large.");
    Problem::new(Code::InvalidField).errors(vec![entry])
}

/// The body is JSON but not of `T`'s shape: reads it once more to say where and why.
fn explain<T: DeserializeOwned>(value: &Value) -> Problem {
    match serde_path_to_error::deserialize::<_, T>(Shaped(value)) {
        // Only the plain read refused it; that cannot be, and is still the body's fault.
        Ok(_) => Problem::new(Code::InvalidField),
        Err(error) => refusal(pointer(error.path()), &error.inner().to_string()),
    }
}

/// The problem for the parser's message about a place in a body.
fn refusal(place: String, message: &str) -> Problem {
    if is_unknown_field(message) {
        let entry = FieldError::pointer(place, "unknown_field", "This operation does not know this field.");
        return Problem::new(Code::UnknownField).errors(vec![entry]);
    }
    let entry = match missing_field(message) {
        Some(name) => FieldError::pointer(join(&place, name), "required", "This field is required."),
        None => FieldError::pointer(place, "invalid", shortened(message)),
    };
    Problem::new(Code::InvalidField).errors(vec![entry])
}

pub(crate) fn shortened(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect()
}

/// A path as a JSON pointer in a URI fragment (RFC 6901, section 6): `~` and `/` escaped, then percent-encoded.
fn pointer(path: &Path) -> String {
    let mut text = String::from("#");
    for segment in path {
        match segment {
            Segment::Seq { index } => text = join(&text, &index.to_string()),
            Segment::Map { key } => text = join(&text, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

/// What a URI fragment does not hold as it is (RFC 3986, 3.5); what is not ASCII is always encoded.
const NOT_IN_FRAGMENTS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The pointer to a member of what `pointer` points to. An endless key of the caller's is cut.
pub(crate) fn join(pointer: &str, key: &str) -> String {
    let key: String = key.chars().take(LONGEST_MESSAGE).collect();
    let key = key.replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{}", utf8_percent_encode(&key, NOT_IN_FRAGMENTS))
}

/// Reads any JSON and keeps nothing, refusing duplicate keys and too deep nesting.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(E::custom(format_args!("nested deeper than {DEEPEST}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        let mut seen = Keys::default();
        while let Some(key) = entries.next_key_seed(KeyText)? {
            if !seen.insert(key) {
                return Err(A::Error::custom("a key stands twice in one object"));
            }
            entries.next_value_seed(inside)?;
        }
        Ok(())
    }
}

/// The keys of one object: a short list is searched, a long one hashed.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    const FEW: usize = 24;

    fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.few.len() < Self::FEW {
            let is_new = !self.few.contains(&key);
            self.few.push(key);
            return is_new;
        }
        !self.few.contains(&key) && self.many.insert(key)
    }
}

/// A key, borrowed where it has no escapes.
struct KeyText;

impl<'de> DeserializeSeed<'de> for KeyText {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeyText {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests;
