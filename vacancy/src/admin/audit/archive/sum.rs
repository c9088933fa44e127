//! What a table of the archive holds, as one number.

use chrono::{Datelike as _, NaiveDate};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A row of `bookings_by_user` or `bookings_by_hotel`: whose partition, key, content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// The user, or the hotel.
    pub(super) owner: Uuid,
    /// The year, or the year and month.
    pub(super) part: &'a str,
    pub(super) start_date: NaiveDate,
    pub(super) booking_id: Uuid,
    pub(super) version: Option<i64>,
    pub(super) status: Option<&'a str>,
    pub(super) record: Option<&'a str>,
}

/// So many rows, and the sum of what each of them hashes to: alike for the same rows in any order, and for no others that
/// anybody could find.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    hashes: u128,
}

impl Sum {
    pub(super) fn add(&mut self, line: &Line<'_>) {
        self.rows = self.rows.saturating_add(1);
        self.hashes = self.hashes.wrapping_add(line.hash());
    }
}

impl Line<'_> {
    fn hash(&self) -> u128 {
        let mut sha = Sha256::new();
        sha.update(self.owner);
        sha.update(self.booking_id);
        sha.update(self.start_date.num_days_from_ce().to_be_bytes());
        sha.update([u8::from(self.version.is_some())]);
        sha.update(self.version.unwrap_or_default().to_be_bytes());
        for text in [Some(self.part), self.status, self.record] {
            // With its length, so that no text can stand for two.
            sha.update(text.map_or(usize::MAX, str::len).to_be_bytes());
            sha.update(text.unwrap_or_default());
        }
        sha.finalize().iter().take(16).fold(0, |hash, byte| hash << 8 | u128::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(booking: u128) -> Line<'static> {
        Line {
            owner: Uuid::from_u128(1),
            part: "2026",
            start_date: NaiveDate::default(),
            booking_id: Uuid::from_u128(booking),
            version: Some(2),
            status: Some("CANCELLED"),
            record: Some("{}"),
        }
    }

    fn sum(lines: &[Line<'_>]) -> Sum {
        let mut sum = Sum::default();
        for line in lines {
            sum.add(line);
        }
        sum
    }

    #[test]
    fn the_same_rows_are_alike_in_any_order_and_others_are_not() {
        let (one, two) = (line(1), line(2));
        let both = sum(&[one, two]);
        assert_eq!(both, sum(&[two, one]));
        for other in [
            Line { owner: Uuid::nil(), ..two },
            Line { part: "2027", ..two },
            Line { start_date: NaiveDate::MAX, ..two },
            Line { booking_id: Uuid::nil(), ..two },
            Line { version: None, ..two },
            Line { version: Some(0), ..two },
            Line { status: None, ..two },
            Line { status: Some("CANCELLED{"), record: Some("}"), ..two },
            Line { record: Some(""), ..two },
            Line { record: None, ..two },
            one,
        ] {
            assert_ne!(both, sum(&[one, other]), "{other:?}");
        }
        assert_ne!(both, sum(&[one]));
    }
}
