//! An example of each problem: what a client that meets it has to go on.

use domain::{Currency, Money, RoomId};
use serde_json::Value;
use uuid::Uuid;

use crate::api::{Code, FieldError, Occasion, Problem, ProblemMembers, UnavailableNight};

/// The problem of this code as it is answered.
pub(super) fn example(code: Code) -> Value {
    let problem = Problem::new(code).errors(errors(code)).members(members(code));
    let occasion = Occasion {
        docs_base: "https://docs.vacancy.example",
        path: "/v1/bookings",
        request_id: "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70",
    };
    serde_json::from_slice(&problem.to_json(&occasion)).unwrap_or_default()
}

/// What is wrong where, for the codes that say it: a pointer begins with `#`, a header with a capital.
const ENTRIES: &[(Code, &str, &str, &str)] = &[
    (Code::MalformedHeader, "If-Match", "malformed", "The ETag of a version, or *."),
    (Code::IdempotencyKeyMissing, "Idempotency-Key", "required", "A key of your choice, such as a UUID."),
    (Code::InvalidPageToken, "page_token", "invalid", "Take next_page_token as it is."),
    (Code::InvalidField, "#/lines/0/quantity", "out_of_range", "Between 1 and 9."),
    (Code::UnknownField, "#/price", "unknown_field", "There is no such field."),
    (Code::ImmutableField, "#/currency", "immutable", "It can never change."),
    (Code::InvalidStay, "#/end_date", "inverted", "end_date comes after start_date."),
    (Code::OccupancyExceeded, "#/lines/0/adults", "occupancy_exceeded", "4 people, the room sleeps 3."),
    (Code::Restricted, "#/lines/0/room_id", "stop_sell", "Not on sale."),
    (Code::QuoteMismatch, "#/quote_token", "mismatch", "Take a new quote for this stay."),
    (Code::IdempotencyKeyReused, "Idempotency-Key", "reused", "Take a new key for another request."),
    (Code::ClientReferenceReused, "#/client_reference", "reused", "It names another booking of yours."),
];

fn errors(code: Code) -> Vec<FieldError> {
    let entries = ENTRIES.iter().filter(|(of, ..)| *of == code);
    let entry = |(_, at, word, says): &(Code, &'static str, &'static str, &'static str)| {
        if at.starts_with('#') {
            FieldError::pointer(*at, *word, *says)
        } else if at.starts_with(|first: char| first.is_ascii_uppercase()) {
            FieldError::header(*at, *word, *says)
        } else {
            FieldError::parameter(*at, *word, *says)
        }
    };
    entries.map(entry).collect()
}

/// The members of its own that a code has.
fn members(code: Code) -> ProblemMembers {
    let sold_out = ProblemMembers { unavailable: Some(vec![night()]), ..ProblemMembers::default() };
    let price_changed = ProblemMembers {
        expected_total: euros(24_690),
        current_total: euros(26_000),
        ..ProblemMembers::default()
    };
    let penalty_changed = ProblemMembers {
        accepted_penalty: euros(0),
        current_penalty: euros(24_690),
        ..ProblemMembers::default()
    };
    let all = [
        (Code::SoldOut, sold_out),
        (Code::PriceChanged, price_changed),
        (Code::PenaltyChanged, penalty_changed),
    ];
    all.into_iter().find(|(of, _)| *of == code).map(|(_, members)| members).unwrap_or_default()
}

fn night() -> UnavailableNight {
    UnavailableNight {
        room_id: RoomId::from_uuid(Uuid::from_u128(0x0193_a5c0_7d1e_7c3a_9b1f_2f6a_1c9d_8e71)),
        date: chrono::NaiveDate::from_ymd_opt(2026, 12, 24).unwrap_or_default(),
        available_quantity: 1,
    }
}

fn euros(amount: i64) -> Option<Money> {
    Currency::parse("EUR").ok().and_then(|euro| Money::new(amount, euro).ok())
}
