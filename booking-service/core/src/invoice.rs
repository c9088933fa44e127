//! Numbers of invoices and credit notes: gapless per hotel and year (details.md, Invoices).

use chrono::Datelike;
use domain::{CreditNoteId, HotelId, Instant, InvoiceId, booking::BookingRecord, fold};

use crate::booking::Booking;

/// A series of numbers: gapless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// Whose papers.
    pub hotel_id: HotelId,
    /// The year in which they were issued, in the hotel's zone.
    pub year: u16,
    /// Which papers.
    pub paper: Paper,
}

/// A kind of paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Paper {
    /// `PAR-2026-000042`.
    Invoice,
    /// `PAR-C2026-000001`.
    CreditNote,
}

impl Paper {
    /// Its spelling in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
        }
    }
}

/// Which paper a number is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperId {
    /// An invoice.
    Invoice(InvoiceId),
    /// A credit note.
    CreditNote(CreditNoteId),
}

/// The next number of a series, given to a paper: the series must stand at `ordinal - 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesStep {
    /// The series.
    pub series: Series,
    /// From 1.
    pub ordinal: u32,
    /// The paper.
    pub paper: PaperId,
    /// The number as printed.
    pub number: String,
}

impl Series {
    /// The series of a paper of that booking issued at `issued_at`.
    pub fn of(record: &BookingRecord, paper: Paper, issued_at: Instant) -> Self {
        let year = record.facts.hotel.time_zone.wall_clock(issued_at).year();
        Self { hotel_id: record.hotel_id, year: u16::try_from(year).unwrap_or(0), paper }
    }

    /// The series that the booking's unnumbered papers belong to.
    pub fn needed(booking: &Booking) -> Vec<Self> {
        let invoice = booking.invoice.iter().filter(|invoice| invoice.number.is_none());
        let notes = booking.credit_notes.iter().filter(|note| note.number.is_none());
        invoice
            .map(|invoice| Self::of(&booking.record, Paper::Invoice, invoice.issued_at))
            .chain(notes.map(|note| Self::of(&booking.record, Paper::CreditNote, note.issued_at)))
            .collect()
    }

    /// A number as printed: the hotel's prefix, the year and six digits.
    pub fn number(self, hotel_name: &str, ordinal: u32) -> String {
        let mark = match self.paper {
            Paper::Invoice => "",
            Paper::CreditNote => "C",
        };
        format!("{}-{mark}{:04}-{ordinal:06}", prefix(hotel_name), self.year)
    }
}

/// The first three letters of the folded name, padded with X: `Hotel Paradiso` is `HOT`, `7 A` is `AXX`.
pub fn prefix(hotel_name: &str) -> String {
    let folded = fold::fold(hotel_name);
    let letters = folded.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase());
    letters.chain(std::iter::repeat('X')).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_hotels_letters_the_year_and_six_digits() {
        let series = |paper| Series { hotel_id: uuid::Uuid::nil().into(), year: 2026, paper };
        assert_eq!(series(Paper::Invoice).number("Paradiso", 42), "PAR-2026-000042");
        assert_eq!(series(Paper::CreditNote).number("Paradiso", 1), "PAR-C2026-000001");
        assert_eq!(series(Paper::Invoice).number("7 Ä", 1_000_000), "AXX-2026-1000000");
    }
}
