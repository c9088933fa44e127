//! What a table of the archive holds, as some thousand numbers.

use std::collections::BTreeSet;

use chrono::{Datelike as _, NaiveDate};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Parts of a table: as many as two bytes tell apart. Of bookings that are copied meanwhile each makes one part unlike: with 8,000 of
/// them an eighth of all bookings is looked up one by one.
const PARTS: usize = 1 << 16;

/// A row of `bookings_by_user` or `bookings_by_hotel`: whose partition, key, content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
struct Sum {
    rows: u64,
    hashes: u128,
}

/// A table in parts, each booking in one of them: where two tables differ in a few bookings, only their parts differ. 2 MiB, and
/// four of them are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums(Vec<Sum>);

/// How many bookings are in each part of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counts(Vec<u64>);

/// Parts that are to be looked at booking by booking.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(BTreeSet<u16>);

impl Sum {
    fn add(&mut self, line: &Line<'_>) {
        self.rows = self.rows.saturating_add(1);
        self.hashes = self.hashes.wrapping_add(line.hash());
    }
}

impl Default for Sums {
    fn default() -> Self {
        Self(vec![Sum::default(); PARTS])
    }
}

impl Sums {
    pub(super) fn add(&mut self, line: &Line<'_>) {
        if let Some(sum) = self.0.get_mut(usize::from(part_of(line.booking_id))) {
            sum.add(line);
        }
    }

    /// How many rows there are in all.
    pub(super) fn rows(&self) -> u64 {
        self.0.iter().map(|sum| sum.rows).sum()
    }

    /// The parts that another table has otherwise.
    pub(super) fn unlike(&self, other: &Self) -> Parts {
        Parts::where_unlike(&self.0, &other.0)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self(vec![0; PARTS])
    }
}

impl Counts {
    pub(super) fn add(&mut self, booking: Uuid) {
        if let Some(count) = self.0.get_mut(usize::from(part_of(booking))) {
            *count = count.saturating_add(1);
        }
    }

    /// How many there are in all.
    pub(super) fn rows(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The parts of which another list has more or fewer.
    pub(super) fn unlike(&self, other: &Self) -> Parts {
        Parts::where_unlike(&self.0, &other.0)
    }
}

impl Parts {
    fn where_unlike<T: PartialEq>(these: &[T], others: &[T]) -> Self {
        let pairs = (0..=u16::MAX).zip(these.iter().zip(others));
        Self(pairs.filter(|(_, (this, other))| this != other).map(|(part, _)| part).collect())
    }

    pub(super) fn or(mut self, mut more: Self) -> Self {
        self.0.append(&mut more.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a booking is in one of them.
    pub(super) fn have(&self, booking: Uuid) -> bool {
        self.0.contains(&part_of(booking))
    }
}

/// The last two bytes of a booking's id are random, its first ones are the time.
fn part_of(booking: Uuid) -> u16 {
    let [.., high, low] = *booking.as_bytes();
    u16::from_be_bytes([high, low])
}

impl Line<'_> {
    /// Whether both are the same row of a table, of the same version and status.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        Self { record: None, ..*self } == Self { record: None, ..*other }
    }

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

    #[test]
    fn tables_that_differ_in_one_booking_differ_in_its_part_alone() {
        let table = |changed: u128| {
            let mut sums = Sums::default();
            for booking in 0..1_000 {
                let version = Some(if booking == changed { 3 } else { 2 });
                sums.add(&Line { version, ..line(booking) });
            }
            sums
        };
        assert_eq!(table(7).rows(), 1_000);
        assert!(table(7).unlike(&table(7)).is_empty());
        let unlike = table(7).unlike(&table(2_000));
        let named: Vec<u128> = (0..1_000).filter(|booking| unlike.have(Uuid::from_u128(*booking))).collect();
        assert_eq!(named, [7]);
    }

    #[test]
    fn a_list_with_one_more_booking_differs_in_its_part_alone() {
        let list = |bookings: u128| {
            let mut counts = Counts::default();
            for booking in 0..bookings {
                counts.add(Uuid::from_u128(booking));
            }
            counts
        };
        assert_eq!((list(1_001).rows(), list(1_001).unlike(&list(1_001))), (1_001, Parts::default()));
        let unlike = list(1_001).unlike(&list(1_000));
        assert!(unlike.have(Uuid::from_u128(1_000)) && !unlike.have(Uuid::from_u128(999)));
    }
}
