//! What the core refuses, as problems: one table for all operations.

use booking_core::{Refusal, ShortNight};
use domain::Invalid;
use platform::{
    api::{Code, FieldError, Problem, ProblemMembers, UnavailableNight},
    idempotency,
};

use crate::bookings::BookingError;

impl From<BookingError> for Problem {
    fn from(error: BookingError) -> Self {
        match error {
            BookingError::Refused(refusal) => problem(refusal),
            BookingError::Unknown(booking) => problem(Refusal::UnknownBooking(booking)),
            full @ BookingError::Overloaded => Self::new(Code::Overloaded).retry_after(1).source(full),
            full @ BookingError::InProgress => Self::new(Code::RequestInProgress).retry_after(1).source(full),
            failed @ BookingError::Failed => Self::internal(failed),
            BookingError::Unavailable(source) => Self::unavailable(source),
            BookingError::Unreadable(source) => Self::internal(source),
            error @ BookingError::Stuck => Self::unavailable(error),
        }
    }
}

/// The problem for a refusal about a body.
pub fn problem(refusal: Refusal) -> Problem {
    let says = refusal.to_string();
    match refusal {
        Refusal::IdempotencyKeyReused => idempotency::reused(),
        Refusal::ClientReferenceReused(_) => {
            at(Code::ClientReferenceReused, "#/client_reference", "reused", says)
        }
        Refusal::UnknownHotel(_) => unknown("#/hotel_id".to_owned()),
        Refusal::UnknownRoom { line } => unknown(format!("#/lines/{line}/room_id")),
        Refusal::InvalidStay(invalid) => dates(&invalid),
        Refusal::OccupancyExceeded(_) | Refusal::Restricted { .. } => about_lines(&refusal),
        Refusal::QuoteExpired(_) => Problem::new(Code::QuoteExpired).detail(says),
        Refusal::QuoteMismatch => quote_mismatch(),
        Refusal::ForeignCurrency(_) => at(Code::InvalidField, "#/expected_total/currency", "unknown", says),
        Refusal::ForeignPenalty(_) => at(Code::InvalidField, "#/accepted_penalty/currency", "unknown", says),
        Refusal::PriceChanged { expected, current } => {
            Problem::new(Code::PriceChanged).detail(says).members(ProblemMembers {
                expected_total: Some(expected),
                current_total: Some(current),
                ..ProblemMembers::default()
            })
        }
        Refusal::TooManyHolds { .. } => Problem::new(Code::TooManyHolds).detail(says).retry_after(60),
        Refusal::SoldOut(short) => sold_out(&short),
        Refusal::UnknownBooking(_) | Refusal::NotInReview | Refusal::RefundRenewed(_) => Problem::not_found(),
        Refusal::PenaltyChanged { accepted, current } => {
            Problem::new(Code::PenaltyChanged).detail(says).members(ProblemMembers {
                accepted_penalty: Some(accepted),
                current_penalty: Some(current),
                ..ProblemMembers::default()
            })
        }
        Refusal::NotCancellable | Refusal::StillReserved => Problem::new(Code::NotCancellable).detail(says),
        Refusal::AlreadyPaid => Problem::new(Code::AlreadyExists).detail(says),
        Refusal::Unpriceable(_) | Refusal::CannotRebook | Refusal::ForeignCapture { .. } => {
            Problem::new(Code::Restricted).detail(says)
        }
    }
}

/// 422 `quote_mismatch`: a token of another stay, or none of ours.
pub fn quote_mismatch() -> Problem {
    let detail = "Take a new quote for this stay.".to_owned();
    at(Code::QuoteMismatch, "#/quote_token", "mismatch", detail)
}

/// The problem for a refusal about a hotel in the path and dates in the query.
pub fn of_query(refusal: Refusal) -> Problem {
    if let Refusal::UnknownHotel(_) = refusal {
        return Problem::not_found();
    }
    if let Refusal::InvalidStay(invalid) = &refusal {
        let entry = FieldError::parameter("start_date", invalid.code(), invalid.says().to_owned());
        return Problem::new(Code::InvalidStay).errors(vec![entry]);
    }
    problem(refusal)
}

fn at(code: Code, pointer: &str, word: &'static str, detail: String) -> Problem {
    Problem::new(code).errors(vec![FieldError::pointer(pointer, word, detail)])
}

fn unknown(pointer: String) -> Problem {
    let entry = FieldError::pointer(pointer, "unknown", "There is no such thing.");
    Problem::new(Code::InvalidField).errors(vec![entry])
}

fn dates(invalid: &Invalid) -> Problem {
    at(Code::InvalidStay, "#/start_date", invalid.code(), invalid.says().to_owned())
}

fn about_lines(refusal: &Refusal) -> Problem {
    let entry = |line: usize, field: &str, word: &'static str, detail: String| {
        FieldError::pointer(format!("#/lines/{line}/{field}"), word, detail)
    };
    if let Refusal::OccupancyExceeded(lines) = refusal {
        let says = |people, occupancy| format!("{people} people, the room sleeps {occupancy}.");
        let errors = lines.iter().map(|crowded| {
            entry(crowded.line, "adults", "occupancy_exceeded", says(crowded.people, crowded.occupancy))
        });
        return Problem::new(Code::OccupancyExceeded).errors(errors.collect());
    }
    let lines: &[usize] = if let Refusal::Restricted { lines } = refusal { lines } else { &[] };
    let errors = lines.iter().map(|line| entry(*line, "room_id", "stop_sell", "Not on sale.".to_owned()));
    Problem::new(Code::Restricted).errors(errors.collect())
}

fn sold_out(short: &[ShortNight]) -> Problem {
    let nights: Vec<_> = short
        .iter()
        .map(|night| UnavailableNight {
            room_id: night.room_id,
            date: night.date,
            available_quantity: night.available,
        })
        .collect();
    let says = short.first().map_or_else(String::new, |night| {
        format!("{} left on {}, {} asked for.", night.available, night.date, night.wanted)
    });
    Problem::new(Code::SoldOut)
        .detail(says)
        .members(ProblemMembers { unavailable: Some(nights), ..ProblemMembers::default() })
}

#[cfg(test)]
mod tests;
