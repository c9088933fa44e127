//! Query strings and forms, strictly: each parameter known, once, readable. Lists are comma-separated (`stars=4,5`).

use std::{borrow::Cow, collections::HashSet};

use percent_encoding::percent_decode;
use serde::{
    de::{
        DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_path_to_error::Segment;

use super::{
    Code, FieldError, Problem,
    json::{join, shortened},
};
use crate::serde_says::{is_unknown_field, missing_field};

/// How many parameters are read: no operation has half as many.
const MOST: usize = 64;

/// Where the parameters stand, which decides how an error names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// In the URL.
    Query,
    /// In the body.
    Form,
}

impl Of {
    fn refusal(self, name: &str, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Problem {
        let entry = match self {
            Self::Query => FieldError::parameter(shortened(name), code, detail),
            Self::Form => FieldError::pointer(join("#", name), code, detail),
        };
        Problem::new(Code::InvalidField).errors(vec![entry])
    }
}

/// Parses `text` as parameters of `T`, a struct of plain fields, options, and lists.
pub fn parse<T: DeserializeOwned>(text: &[u8], of: Of) -> Result<T, Problem> {
    let pairs = split(text, of)?;
    let mut track = serde_path_to_error::Track::new();
    let read = T::deserialize(serde_path_to_error::Deserializer::new(Pairs(&pairs), &mut track));
    read.map_err(|error| {
        let path = track.path();
        let name = path.iter().find_map(|segment| match segment {
            Segment::Map { key } => Some(key.as_str()),
            Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
        });
        explain(of, name, &error.to_string())
    })
}

fn explain(of: Of, name: Option<&str>, message: &str) -> Problem {
    if let Some(missing) = missing_field(message) {
        return of.refusal(missing, "required", "This parameter is required.");
    }
    let name = name.unwrap_or_default();
    if is_unknown_field(message) {
        return of.refusal(name, "unknown", "This operation does not know this parameter.");
    }
    of.refusal(name, "invalid", shortened(message))
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

fn split(text: &[u8], of: Of) -> Result<Vec<Pair<'_>>, Problem> {
    let mut pairs = Vec::new();
    let mut seen = HashSet::new();
    for part in text.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        let name = decode(halves.next().unwrap_or_default());
        let name = name.map_err(|raw| of.refusal(&raw, "malformed", "Not percent-encoded UTF-8."))?;
        let value = decode(halves.next().unwrap_or_default());
        let value = value.map_err(|_| of.refusal(&name, "malformed", "Not percent-encoded UTF-8."))?;
        if !seen.insert(name.clone()) {
            return Err(of.refusal(&name, "repeated", "This parameter stands more than once."));
        }
        if seen.len() > MOST {
            return Err(of.refusal(&name, "too_many", "Too many parameters."));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Decodes one part; what is not UTF-8 comes back with its bytes replaced, to name it.
fn decode(part: &[u8]) -> Result<Cow<'_, str>, String> {
    if part.contains(&b'+') {
        let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        let decoded = percent_decode(&spaced).collect::<Vec<u8>>();
        return String::from_utf8(decoded)
            .map(Cow::Owned)
            .map_err(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    }
    percent_decode(part).decode_utf8().map_err(|_| String::from_utf8_lossy(part).into_owned())
}

type ReadError = serde::de::value::Error;

/// All parameters, as a struct.
struct Pairs<'a>(&'a [Pair<'a>]);

impl<'de> Deserializer<'de> for Pairs<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_map(MapDeserializer::new(self.0.iter().map(|(name, value)| (Text(name), Text(value)))))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let known = self.0.iter().map(|(name, value)| (Field { name, fields }, Text(value)));
        visitor.visit_map(MapDeserializer::new(known))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A parameter's name, refused unless the struct has it, even where the struct itself would ignore it.
struct Field<'a> {
    name: &'a str,
    fields: &'static [&'static str],
}

impl<'de> IntoDeserializer<'de, ReadError> for Field<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Field<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.fields.contains(&self.name) {
            return visitor.visit_borrowed_str(self.name);
        }
        // The visitor sees the name first, so that the error's path has it.
        let _ = visitor.visit_borrowed_str::<ReadError>(self.name);
        Err(ReadError::unknown_field(self.name, &[]))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A parameter's value: text that is read as what the field wants.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'de> IntoDeserializer<'de, ReadError> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! read_as {
    ($($method:ident $visit:ident $kind:ty, $wanted:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match plain::<$kind>(self.0) {
                Some(value) => visitor.$visit(value),
                None => Err(ReadError::custom(concat!("expected ", $wanted))),
            }
        }
    )*};
}

/// Numbers and truth values are spelled as in JSON: Rust's own parsers also take `+2`, `02`, `inf`.
fn plain<T: DeserializeOwned>(text: &str) -> Option<T> {
    if text.contains(char::is_whitespace) { None } else { serde_json::from_str(text).ok() }
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = ReadError;

    read_as! {
        deserialize_bool visit_bool bool, "true or false";
        deserialize_i8 visit_i8 i8, "a whole number from -128 to 127";
        deserialize_i16 visit_i16 i16, "a whole number from -32768 to 32767";
        deserialize_i32 visit_i32 i32, "a whole number of 32 bits";
        deserialize_i64 visit_i64 i64, "a whole number of 64 bits";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number of 32 bits, not negative";
        deserialize_u64 visit_u64 u64, "a whole number of 64 bits, not negative";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.0.is_empty() {
            return visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<Text<'de>>()));
        }
        if self.0.split(',').any(str::is_empty) {
            return Err(ReadError::custom("an item of the list is empty"));
        }
        visitor.visit_seq(SeqDeserializer::new(self.0.split(',').map(Text)))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let text: serde::de::value::BorrowedStrDeserializer<'de, ReadError> =
            serde::de::value::BorrowedStrDeserializer::new(self.0);
        text.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier
        ignored_any
    }
}

#[cfg(test)]
mod tests {
    use domain::HotelId;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Sort {
        Price,
        Stars,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Search {
        q: Option<String>,
        rooms: Option<u8>,
        #[serde(default)]
        stars: Vec<u8>,
        #[serde(default)]
        tags: Vec<String>,
        sort: Option<Sort>,
        hotel: Option<HotelId>,
        #[serde(default, deserialize_with = "domain::date::deserialize_optional")]
        from: Option<chrono::NaiveDate>,
    }

    fn read(query: &str) -> Result<Search, Problem> {
        parse(query.as_bytes(), Of::Query)
    }

    #[test]
    fn parameters_are_read_as_what_they_are() {
        let search = read("q=caf%C3%A9+roma&rooms=2&stars=4,5&sort=price&from=2026-12-24").unwrap();
        assert_eq!(search.q.as_deref(), Some("café roma"));
        assert_eq!((search.rooms, search.stars, search.sort), (Some(2), vec![4, 5], Some(Sort::Price)));
        assert!(search.from.is_some());
        assert!(read("stars=").unwrap().stars.is_empty(), "an empty list is written without items");
    }

    #[test]
    fn a_parameter_that_is_unknown_repeated_or_unreadable_is_named() {
        for (query, name) in [
            ("colour=red", "colour"),
            ("q=a&q=b", "q"),
            ("rooms=-1", "rooms"),
            ("rooms=1.5", "rooms"),
            ("rooms=", "rooms"),
            ("q=%ff", "q"),
            ("sort=size", "sort"),
            ("hotel=1", "hotel"),
            ("stars=4,x", "stars"),
            ("stars=4,", "stars"),
            ("stars=4,,5", "stars"),
            ("stars=,", "stars"),
            ("tags=pool,", "tags"),
            ("tags=,pool", "tags"),
            ("rooms=%2B2", "rooms"),
            ("rooms=02", "rooms"),
            ("rooms=%0A2", "rooms"),
            ("from=2026-02-30", "from"),
            ("from=2026-2-3", "from"),
            ("from=+2026-02-03", "from"),
        ] {
            let problem = read(query).unwrap_err();
            assert_eq!(problem.code(), Code::InvalidField, "{query}");
            let entry = serde_json::to_value(&problem.field_errors()[0]).unwrap();
            assert_eq!(entry["parameter"], name, "{query}");
        }
    }
}
