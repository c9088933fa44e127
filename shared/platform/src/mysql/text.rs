//! Statements as literal text, many in one packet: begin, rows, guards and all in one round trip (what it saves is measured in
//! decision 0018).
//!
//! Nothing that somebody wrote can end a literal: SQL is `&'static str` of ours, and a value reaches the server as digits, as a
//! date, as a word of plain letters, or as hex.

use std::fmt::Write as _;

use chrono::{NaiveDate, NaiveDateTime};
use uuid::Uuid;

/// SQL being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(String);

/// A value that can be written into SQL.
pub trait Literal {
    /// Writes it so that the server reads exactly this value.
    fn write_to(&self, sql: &mut String);
}

impl Text {
    /// Begins with SQL of ours.
    pub fn new(sql: &'static str) -> Self {
        Self(sql.to_owned())
    }

    /// Goes on with SQL of ours.
    pub fn push(&mut self, sql: &'static str) -> &mut Self {
        self.0.push_str(sql);
        self
    }

    /// Goes on with what was written elsewhere.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// Goes on with a value.
    pub fn value(&mut self, value: &(impl Literal + ?Sized)) -> &mut Self {
        value.write_to(&mut self.0);
        self
    }

    /// `(a, b, …)`
    pub fn row(&mut self, values: &[&dyn Literal]) -> &mut Self {
        self.0.push('(');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.0.push_str(", ");
            }
            value.write_to(&mut self.0);
        }
        self.0.push(')');
        self
    }

    /// `(a, b, …)` of one kind.
    pub fn list<T: Literal>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        self.0.push('(');
        self.separated(values, |text, value| {
            text.value(&value);
        });
        self.0.push(')');
        self
    }

    /// Each of them, with commas between.
    pub fn separated<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.0.push_str(", ");
            }
            write(self, item);
        }
        self
    }

    /// The same with other SQL of ours in one place: for mistakes that are planted.
    #[cfg(feature = "planted_faults")]
    #[must_use]
    pub fn replaced(&self, from: &str, to: &'static str) -> Self {
        Self(self.0.replacen(from, to, 1))
    }

    /// What is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl Literal for [u8] {
    fn write_to(&self, sql: &mut String) {
        sql.push_str("x'");
        hex(self, sql);
        sql.push('\'');
    }
}

impl Literal for Uuid {
    fn write_to(&self, sql: &mut String) {
        self.as_bytes().as_slice().write_to(sql);
    }
}

impl Literal for [u8; 32] {
    fn write_to(&self, sql: &mut String) {
        self.as_slice().write_to(sql);
    }
}

impl Literal for Vec<u8> {
    fn write_to(&self, sql: &mut String) {
        self.as_slice().write_to(sql);
    }
}

/// Words of plain letters as they are, everything else as hex: no quote, no backslash and no character set matters.
impl Literal for str {
    fn write_to(&self, sql: &mut String) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if self.bytes().all(plain) {
            sql.push('\'');
            sql.push_str(self);
        } else {
            sql.push_str("_utf8mb4 x'");
            hex(self.as_bytes(), sql);
        }
        sql.push('\'');
    }
}

impl Literal for String {
    fn write_to(&self, sql: &mut String) {
        self.as_str().write_to(sql);
    }
}

impl<T: Literal + ?Sized> Literal for &T {
    fn write_to(&self, sql: &mut String) {
        (**self).write_to(sql);
    }
}

impl<T: Literal> Literal for Option<T> {
    fn write_to(&self, sql: &mut String) {
        match self {
            Some(value) => value.write_to(sql),
            None => sql.push_str("null"),
        }
    }
}

macro_rules! displayed {
    ($($kind:ty => $format:literal),*) => {
        $(impl Literal for $kind {
            fn write_to(&self, sql: &mut String) {
                // Writing to a string does not fail.
                let _ = write!(sql, $format, self);
            }
        })*
    };
}

displayed!(i64 => "{}", u64 => "{}", u32 => "{}", u16 => "{}", u8 => "{}", NaiveDate => "date'{}'");

impl Literal for NaiveDateTime {
    fn write_to(&self, sql: &mut String) {
        let _ = write!(sql, "timestamp'{}'", self.format("%Y-%m-%d %H:%M:%S%.6f"));
    }
}

fn hex(bytes: &[u8], sql: &mut String) {
    data_encoding::HEXLOWER.encode_append(bytes, sql);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: &(impl Literal + ?Sized)) -> String {
        let mut text = Text::default();
        text.value(value);
        text.0
    }

    #[test]
    fn values_are_written_as_the_server_reads_them() {
        assert_eq!(written(&-7_i64), "-7");
        assert_eq!(written("hold_expired"), "'hold_expired'");
        assert_eq!(written("O'Neill"), "_utf8mb4 x'4f274e65696c6c'");
        assert_eq!(written(&[0_u8, 255][..]), "x'00ff'");
        assert_eq!(written(&None::<i64>), "null");
        let at: NaiveDateTime = "2026-11-21T19:23:00.5".parse().unwrap();
        assert_eq!(written(&at), "timestamp'2026-11-21 19:23:00.500000'");
        assert_eq!(written(&at.date()), "date'2026-11-21'");
        assert_eq!(Text::new("in ").list([1_u8, 2]).as_str(), "in (1, 2)");
        assert_eq!(Text::new("").row(&[&1_u8, &"a"]).as_str(), "(1, 'a')");
    }

    proptest! {
        #[test]
        fn nothing_that_somebody_wrote_ends_a_literal(text in any::<String>()) {
            let sql = written(text.as_str());
            prop_assert!(sql.is_ascii());
            prop_assert_eq!(sql.matches('\'').count(), 2);
            prop_assert!(!sql.contains(['\\', '\0', ';', '?']));
        }
    }
}
