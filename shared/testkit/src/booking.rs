//! A booking to begin a test with, and its row.

use domain::{BookingId, booking::BookingRecord};
use platform::ids::{Ids as _, SystemIds};
use serde_json::{Value, json};
use sqlx::{MySqlConnection, MySqlPool};

use crate::unique::unique_uuid;

/// A RESERVED booking with fresh ids: two nights from 2026-12-24 in Rome, one line of two units, 960.00 EUR. Change what
/// the test is about.
pub fn record() -> BookingRecord {
    let (room, payment) = (unique_uuid(), unique_uuid());
    let booking: BookingId = SystemIds.uuid().into();
    let value = json!({
        "booking_id": booking, "hotel_id": unique_uuid(), "user_id": unique_uuid(),
        "start_date": "2026-12-24", "end_date": "2026-12-26",
        "status": "RESERVED", "status_reason": null, "late_payment": null,
        "hold_expires_at": "2026-11-21T19:28:00.000000Z", "client_reference": null, "invoice_id": null,
        "cancelled_at": null, "penalty": null, "cancellation_note": null, "version": 1,
        "created_at": "2026-11-21T19:23:00.000000Z", "updated_at": "2026-11-21T19:23:00.000000Z",
        "facts": facts(room, payment),
    });
    serde_json::from_value(value).expect("a booking")
}

fn facts(room: uuid::Uuid, payment: uuid::Uuid) -> Value {
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let night = |date: &str| json!({"date": date, "amount": eur(24_000)});
    json!({
        "lines": [{"line": 1, "room_id": room, "room_name": "Deluxe double", "quantity": 2, "adults": 2, "child_ages": [4]}],
        "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@mail.example", "phone": null},
        "language": "en", "special_requests": null,
        "price": {
            "lines": [{"line": 1, "room_id": room, "quantity": 2, "nights": [night("2026-12-24"), night("2026-12-25")],
                       "amount": eur(96_000)}],
            "charges": [], "total": eur(96_000), "due_now": eur(96_000), "due_at_hotel": eur(0),
        },
        "cancellation_policy": {
            "free_until": "2026-12-23T23:00:00.000000Z",
            "steps": [{"from": "2026-12-23T23:00:00.000000Z", "penalty": eur(96_000)}],
        },
        "hotel": {
            "name": "Hotel Paradiso", "time_zone": "Europe/Rome", "country_code": "IT", "currency": "EUR",
            "check_in_time": "15:00", "check_out_time": "11:00", "phone": "+390612345678", "email": "desk@paradiso.example",
        },
        "payment_id": payment, "checkout_url": "https://pay.example/checkout/1?expires=2&sig=3",
        "checkout_expires_at": "2026-11-21T19:27:00.000000Z",
    })
}

/// Writes the booking's row as booking-service would; replaces one of the same id.
pub async fn insert(pool: &MySqlPool, record: &BookingRecord) {
    let mut connection = pool.acquire().await.expect("a connection");
    insert_in(&mut connection, record).await;
}

/// The same within a transaction.
pub async fn insert_in(connection: &mut MySqlConnection, record: &BookingRecord) {
    let sql = "replace into bookings (booking_id, hotel_id, share, user_id, start_date, end_date, status, status_reason, \
               late_payment, hold_expires_at, due_at, version, idempotency_scope, idempotency_hash, client_reference, payment_id, \
               invoice_id, cancelled_at, penalty, cancellation_note, actor_kind, actor_id, created_at, updated_at, facts) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'traveller', ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(record.booking_id.uuid())
        .bind(record.hotel_id.uuid())
        .bind(record.hotel_id.share())
        .bind(record.user_id.uuid())
        .bind(record.dates.start_date())
        .bind(record.dates.end_date())
        .bind(record.status.as_str())
        .bind(record.status_reason.map(domain::booking::StatusReason::as_str))
        .bind(record.late_payment.map(domain::booking::LatePayment::as_str))
        .bind(record.hold_expires_at.naive_utc())
        .bind(record.due_at().naive_utc())
        .bind(record.version)
        .bind(scope(record).as_slice())
        .bind([7u8; 32].as_slice())
        .bind(record.client_reference.as_ref().map(domain::ClientReference::as_str))
        .bind(record.facts.payment_id.uuid())
        .bind(record.invoice_id.map(domain::InvoiceId::uuid))
        .bind(record.cancelled_at.map(domain::Instant::naive_utc))
        .bind(record.penalty.map(domain::Money::amount))
        .bind(record.cancellation_note.as_ref().map(domain::Text::as_str))
        .bind(record.user_id.uuid())
        .bind(record.created_at.naive_utc())
        .bind(record.updated_at.naive_utc())
        .bind(serde_json::to_vec(&record.facts).expect("facts are JSON"))
        .execute(connection)
        .await
        .expect("the booking's row can be written");
}

/// A scope of its own for each booking.
fn scope(record: &BookingRecord) -> [u8; 32] {
    let mut scope = [0; 32];
    let (front, _) = scope.split_at_mut(16);
    front.copy_from_slice(record.booking_id.uuid().as_bytes());
    scope
}
