use std::collections::BTreeMap;

use booking_core::{Refusal, refusal::CrowdedLine};
use domain::{Currency, HotelId, Instant, Money};
use serde_json::Value;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::*;
use crate::api::{
    bookings::request::BookingRequest, cancellation::request::CancellationRequest,
    quotes::request::QuoteRequest,
};

/// An operation whose request has fields of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Quote,
    Book,
    Cancel,
    Offers,
}

use Operation::{Book, Cancel, Offers, Quote};

/// Which operations may meet the refusal: one that is new must be put somewhere before this compiles.
fn met_by(refusal: &Refusal) -> &'static [Operation] {
    match refusal {
        Refusal::IdempotencyKeyReused => &[Book, Cancel],
        Refusal::ClientReferenceReused(_)
        | Refusal::QuoteExpired(_)
        | Refusal::QuoteMismatch
        | Refusal::PriceChanged { .. }
        | Refusal::ForeignCurrency(_)
        | Refusal::TooManyHolds { .. } => &[Book],
        Refusal::UnknownHotel(_) | Refusal::InvalidStay(_) | Refusal::Unpriceable(_) => {
            &[Quote, Book, Offers]
        }
        Refusal::UnknownRoom { .. }
        | Refusal::OccupancyExceeded(_)
        | Refusal::Restricted { .. }
        | Refusal::SoldOut(_) => &[Quote, Book],
        Refusal::UnknownBooking(_)
        | Refusal::ForeignPenalty(_)
        | Refusal::PenaltyChanged { .. }
        | Refusal::NotCancellable
        | Refusal::StillReserved => &[Cancel],
        // Reviews have no fields.
        Refusal::NotInReview
        | Refusal::RefundRenewed(_)
        | Refusal::AlreadyPaid
        | Refusal::CannotRebook
        | Refusal::ForeignCapture { .. } => &[],
    }
}

fn refusals() -> Vec<Refusal> {
    let eur = Currency::parse("EUR").unwrap();
    let money = Money::new(1, eur).unwrap();
    vec![
        Refusal::IdempotencyKeyReused,
        Refusal::ClientReferenceReused(domain::BookingId::from_uuid(Uuid::nil())),
        Refusal::UnknownHotel(HotelId::from_uuid(Uuid::nil())),
        Refusal::UnknownRoom { line: 1 },
        Refusal::InvalidStay(Invalid::new("past", "It has passed.")),
        Refusal::OccupancyExceeded(vec![CrowdedLine { line: 0, people: 4, occupancy: 2 }]),
        Refusal::Restricted { lines: vec![0] },
        Refusal::QuoteExpired(Instant::from_epoch_micros(0).unwrap()),
        Refusal::QuoteMismatch,
        Refusal::ForeignCurrency(eur),
        Refusal::ForeignPenalty(eur),
        Refusal::PriceChanged { expected: money, current: money },
        Refusal::TooManyHolds { open: 3, limit: 3 },
        Refusal::SoldOut(Vec::new()),
        Refusal::PenaltyChanged { accepted: money, current: money },
        Refusal::NotCancellable,
        Refusal::Unpriceable(domain::money::MoneyError::TooLarge),
        Refusal::UnknownBooking(domain::BookingId::from_uuid(Uuid::nil())),
        Refusal::StillReserved,
        Refusal::NotInReview,
        Refusal::RefundRenewed(domain::RefundId::from_uuid(Uuid::nil())),
        Refusal::AlreadyPaid,
        Refusal::CannotRebook,
        Refusal::ForeignCapture { captured: money, currency: eur },
    ]
}

fn refused(operation: Operation, refusal: Refusal) -> Problem {
    match operation {
        Quote | Book | Cancel => problem(refusal),
        Offers => of_query(refusal),
    }
}

/// A body's schema with everything it refers to.
struct Body {
    schema: Value,
    parts: BTreeMap<String, Value>,
}

impl Body {
    fn of<T: ToSchema + PartialSchema>() -> Self {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        let json = |schema: &_| serde_json::to_value(schema).unwrap();
        let parts = parts.iter().map(|(name, schema)| (name.clone(), json(schema))).collect();
        Self { schema: json(&T::schema()), parts }
    }

    fn has(&self, pointer: &str) -> bool {
        let steps: Vec<_> = pointer.trim_start_matches("#/").split('/').collect();
        self.leads(&self.schema, &steps)
    }

    fn leads(&self, schema: &Value, steps: &[&str]) -> bool {
        let [step, rest @ ..] = steps else { return true };
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return self.parts.get(name).is_some_and(|part| self.leads(part, steps));
        }
        let choices = ["oneOf", "anyOf", "allOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
        let is_item = step.parse::<usize>().is_ok() && schema["items"].is_object();
        choices.into_iter().any(|choice| self.leads(choice, steps))
            || schema["properties"].get(step).is_some_and(|field| self.leads(field, rest))
            || (is_item && self.leads(&schema["items"], rest))
    }
}

#[test]
fn every_refusal_points_at_a_field_of_its_own_operation() {
    let (quote, book, cancel) =
        (Body::of::<QuoteRequest>(), Body::of::<BookingRequest>(), Body::of::<CancellationRequest>());
    assert!(
        book.has("#/lines/0/room_id") && book.has("#/expected_total/currency") && !book.has("#/lines/0/x")
    );
    for refusal in refusals() {
        for operation in met_by(&refusal) {
            for error in refused(*operation, refusal.clone()).field_errors() {
                let entry = serde_json::to_value(error).unwrap();
                let found = match (operation, entry["pointer"].as_str(), entry["parameter"].as_str()) {
                    (Quote, Some(pointer), None) => quote.has(pointer),
                    (Book, Some(pointer), None) => book.has(pointer),
                    (Cancel, Some(pointer), None) => cancel.has(pointer),
                    (Offers, None, Some(name)) => name == "start_date",
                    (Book | Cancel, None, None) => entry["header"] == "Idempotency-Key",
                    _ => false,
                };
                assert!(found, "{operation:?} has no field {entry} of {refusal:?}");
            }
        }
    }
}

#[test]
fn a_refusal_is_counted_under_the_code_that_the_client_is_told() {
    for refusal in refusals() {
        assert_eq!(refusal.code(), problem(refusal.clone()).code().as_str(), "{refusal:?}");
    }
}
