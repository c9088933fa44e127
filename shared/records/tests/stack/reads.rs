use std::sync::Arc;

use domain::booking::{BookingStatus, LatePayment, PaymentStatus, StatusReason};
use records::{ActiveBookings, BookingView, PaymentFacts, Position, ReadError};

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_read_as_it_was_written() {
    let db = testkit::mysql::booking().await;
    let active = ActiveBookings::new(db.pool.clone());
    let mut record = testkit::booking::record();
    record.status = BookingStatus::Cancelled;
    record.status_reason = Some(StatusReason::HoldExpired);
    record.late_payment = Some(LatePayment::Refunded);
    record.cancelled_at = Some(record.updated_at);
    record.client_reference = Some(domain::ClientReference::parse("order-4711").unwrap());
    record.invoice_id = Some(testkit::unique_uuid().into());
    testkit::booking::insert(&db.pool, &record).await;
    let head = active.head(record.booking_id).await.unwrap().unwrap();
    assert_eq!((head.version, head.position), (1, Position::of(&record)));
    assert_eq!(active.record(record.booking_id).await.unwrap(), Some(record.clone()));
    let reference = record.client_reference.as_ref().unwrap();
    let found = active.by_reference(record.user_id, reference).await.unwrap();
    assert_eq!(found, Some(record.booking_id));
    let others = active.by_reference(testkit::unique_uuid().into(), reference).await.unwrap();
    assert_eq!(others, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_pending_until_the_provider_has_spoken() {
    let db = testkit::mysql::booking().await;
    let active = ActiveBookings::new(db.pool.clone());
    let record = testkit::booking::record();
    assert_eq!(active.money_of(&record).await.unwrap().payment, PaymentFacts::pending(&record));
    let sql = "insert into payments (payment_id, booking_id, hotel_id, user_id, status, amount, currency, captured, \
               refunded, provider_reference, booker_name, booker_email, language, version, created_at, updated_at) \
               values (?, ?, ?, ?, 'refund_due', 96000, 'EUR', 96000, 1000, 'pr_1', 'A', 'a@b.c', 'en', 1, now(6), now(6))";
    sqlx::query(sql)
        .bind(record.facts.payment_id.uuid())
        .bind(record.booking_id.uuid())
        .bind(record.hotel_id.uuid())
        .bind(record.user_id.uuid())
        .execute(&db.pool)
        .await
        .unwrap();
    let facts = active.money_of(&record).await.unwrap().payment;
    assert_eq!((facts.status, facts.refunded.amount()), (PaymentStatus::RefundDue, 1_000));
    assert_eq!(facts.provider_reference.as_deref(), Some("pr_1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_parse_is_corrupt_and_named() {
    let db = testkit::mysql::booking().await;
    let record = testkit::booking::record();
    testkit::booking::insert(&db.pool, &record).await;
    sqlx::query("update bookings set facts = '{'").execute(&db.pool).await.unwrap();
    let error = ActiveBookings::new(db.pool.clone()).record(record.booking_id).await.unwrap_err();
    assert!(matches!(error, ReadError::Corrupt { id, .. } if id == record.booking_id.uuid()), "{error:?}");
}

#[test]
fn a_booking_looks_as_the_api_says() {
    let mut record = testkit::booking::record();
    let view = serde_json::to_value(BookingView::unpaid(&record)).unwrap();
    let fields: Vec<&str> = view.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = [
        "booking_id",
        "confirmation_number",
        "client_reference",
        "user_id",
        "hotel_id",
        "start_date",
        "end_date",
        "nights",
        "status",
        "status_reason",
        "late_payment",
        "hotel",
        "lines",
        "booker",
        "language",
        "special_requests",
        "price",
        "cancellation_policy",
        "cancellation",
        "hold_expires_at",
        "checkout",
        "payment",
        "invoice_id",
        "cancelled_at",
        "created_at",
        "updated_at",
        "version",
    ];
    let mut sorted = (fields, wanted.to_vec());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1);
    assert_eq!(view["nights"], 2);
    assert_eq!(view["payment"]["status"], "pending");
    assert_eq!(view["lines"][0]["room_name"], "Deluxe double");
    assert!(view["hotel"].get("email").is_none(), "a hotel's address for mails is not for travellers");
    assert!(view["checkout"]["url"].as_str().unwrap().starts_with("https://pay.example/checkout/"));
    record.status = BookingStatus::Booked;
    let booked = serde_json::to_value(BookingView::unpaid(&record)).unwrap();
    assert!(booked["checkout"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_there_once_it_has_its_number_and_shows_what_was_booked() {
    let db = testkit::mysql::booking().await;
    let active = ActiveBookings::new(db.pool.clone());
    let mut record = testkit::booking::record();
    Arc::make_mut(&mut record.facts).hotel.name = "<script>alert(1)</script>".to_owned();
    let sql = "insert into invoices (invoice_id, booking_id, hotel_id, user_id, year, issued_at, total, currency, \
               version, created_at, updated_at) \
               values (?, ?, ?, ?, 2026, '2026-11-21 23:30:00', 96000, 'EUR', 1, now(6), now(6))";
    sqlx::query(sql)
        .bind(testkit::unique_uuid())
        .bind(record.booking_id.uuid())
        .bind(record.hotel_id.uuid())
        .bind(record.user_id.uuid())
        .execute(&db.pool)
        .await
        .unwrap();
    assert_eq!(active.invoice(record.booking_id).await.unwrap(), None);
    sqlx::query("update invoices set sequence = 42, number = 'PAR-2026-000042'")
        .execute(&db.pool)
        .await
        .unwrap();
    let numbered = active.invoice(record.booking_id).await.unwrap().unwrap();
    let view = records::InvoiceView::of(&record, numbered);
    let page = records::render_invoice(&record, &view).unwrap();
    for wanted in
        ["PAR-2026-000042", "22 November 2026", "Deluxe double", "960.00 EUR", "Ada Lovelace", "Italy"]
    {
        assert!(page.contains(wanted), "{wanted} is not on the invoice");
    }
    assert!(!page.contains("<script>"), "a name is not escaped");
}
