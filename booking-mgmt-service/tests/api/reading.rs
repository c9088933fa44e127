use std::sync::Arc;

use domain::booking::{BookingRecord, BookingStatus};
use serde_json::Value;
use testkit::eventually;

use crate::stage::{SOON, Stage, booking, hex, stage, user};

fn path(record: &BookingRecord) -> String {
    format!("/v1/bookings/{}", record.booking_id)
}

async fn read(stage: &Stage, record: &BookingRecord) -> Value {
    stage.caller("traveller", record.user_id).get(&path(record)).await.expect(200)
}

async fn pay(stage: &Stage, record: &BookingRecord, status: &str) {
    let (payment, amount) = (hex(record.facts.payment_id), record.facts.price.due_now.amount());
    stage
        .db
        .execute(format!(
            "replace into payments (payment_id, booking_id, hotel_id, user_id, status, amount, currency, captured, refunded, \
             provider_reference, booker_name, booker_email, language, version, created_at, updated_at) values ({payment}, {}, \
             {}, {}, '{status}', {amount}, 'EUR', {amount}, 0, 'ch_1', 'Ada', 'a@b.c', 'en', 1, now(6), now(6))",
            hex(record.booking_id),
            hex(record.hotel_id),
            hex(record.user_id)
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_and_each_change_of_it_is_seen_on_the_very_next_read() {
    let stage = stage().await;
    let mut record = booking(user(), 10, BookingStatus::Reserved);
    let owner = stage.caller("traveller", record.user_id);
    owner.get(&path(&record)).await.expect_problem(404, "not_found");
    for version in 1..=20 {
        record.version = version;
        if version > 1 {
            record.status = BookingStatus::Booked;
        }
        stage.active(&record).await;
        // Twice: the second read may come from Redis, and must not be behind either.
        for _ in 0..2 {
            let reply = owner.get(&path(&record)).await;
            let body = reply.expect(200);
            assert_eq!((body["version"].as_i64(), reply.etag()), (Some(version), format!("\"{version}\"")));
            assert_eq!(body["status"], record.status.as_str());
        }
        let mine = owner.get("/v1/me/bookings?view=upcoming").await.expect(200);
        assert_eq!(mine["items"][0]["version"], version);
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_reserved_booking_shows_where_it_is_paid() {
    let stage = stage().await;
    let mut record = booking(user(), 10, BookingStatus::Reserved);
    stage.active(&record).await;
    let body = read(&stage, &record).await;
    assert!(body["checkout"]["url"].as_str().unwrap().starts_with("https://pay.example/checkout/"));
    assert_eq!(body["payment"]["status"], "pending");
    (record.status, record.version) = (BookingStatus::Booked, 2);
    stage.active(&record).await;
    assert_eq!(read(&stage, &record).await["checkout"], Value::Null);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payment_is_mysqls_word_of_this_moment_also_after_the_purge() {
    let stage = stage().await;
    let record = booking(user(), 10, BookingStatus::Completed);
    stage.active(&record).await;
    assert_eq!(read(&stage, &record).await["payment"]["status"], "pending");
    pay(&stage, &record, "succeeded").await;
    assert_eq!(read(&stage, &record).await["payment"]["provider_reference"], "ch_1");
    stage.archived(&record).await;
    stage.purge(&record).await;
    pay(&stage, &record, "refund_due").await;
    let body = read(&stage, &record).await;
    assert_eq!((&body["payment"]["status"], &body["status"]), (&"refund_due".into(), &"COMPLETED".into()));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_finds_ones_own_booking_also_after_the_purge_and_nobody_elses() {
    let stage = stage().await;
    let mut record = booking(user(), 10, BookingStatus::Cancelled);
    record.client_reference = Some(domain::ClientReference::parse("order/4711").unwrap());
    let owner = stage.caller("channel", record.user_id);
    let asked = "/v1/bookings?client_reference=order%2F4711";
    assert_eq!(owner.get(asked).await.expect(200)["items"], serde_json::json!([]));
    stage.active(&record).await;
    let found = |body: Value| {
        (body["items"][0]["booking_id"].as_str().map(str::to_owned), body["items"].as_array().unwrap().len())
    };
    let expected = (Some(record.booking_id.to_string()), 1);
    assert_eq!(found(owner.get(asked).await.expect(200)), expected);
    stage.archived(&record).await;
    stage.purge(&record).await;
    assert_eq!(found(owner.get(asked).await.expect(200)), expected);
    let other = stage.caller("traveller", user());
    assert_eq!(other.get(asked).await.expect(200)["items"], serde_json::json!([]));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_there_once_numbered_as_json_or_as_a_page() {
    let stage = stage().await;
    let mut record = booking(user(), 10, BookingStatus::Booked);
    Arc::make_mut(&mut record.facts).hotel.name = "<b>Paradiso</b>".to_owned();
    stage.active(&record).await;
    let owner = stage.caller("traveller", record.user_id);
    let invoice = format!("{}/invoice", path(&record));
    stage.invoice(&record, "").await;
    stage.db.execute("update invoices set number = null").await;
    owner.get(&invoice).await.expect_problem(404, "not_found");
    stage.db.execute("update invoices set number = 'PAR-2026-000042'").await;
    let body = owner.get(&invoice).await.expect(200);
    assert_eq!(
        (&body["number"], &body["price"]["total"]["amount"]),
        (&"PAR-2026-000042".into(), &96_000.into())
    );
    let page = owner.call(reqwest::Method::GET, &invoice).header("accept", "text/html").send().await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let text = page.text();
    assert!(text.contains("PAR-2026-000042") && text.contains("&lt;b&gt;Paradiso"), "{text}");
    assert!(!text.contains("<b>Paradiso"));
    stage.caller("traveller", user()).get(&invoice).await.expect_problem(404, "not_found");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_written_in_the_bookings_language() {
    let stage = stage().await;
    for (tag, language, words) in [
        ("de-CH", "de", ["Rechnung PAR-2026-000042", "960.00 EUR", "11. November 2026", "Gesamtbetrag"]),
        (
            "de-DE-u-co-phonebk",
            "de",
            ["Rechnung PAR-2026-000042", "960,00 EUR", "11. November 2026", "Zimmer"],
        ),
        ("pt-BR", "pt", ["Fatura PAR-2026-000042", "960,00 EUR", "11 de novembro de 2026", "Quarto"]),
        ("ja", "en", ["Invoice PAR-2026-000042", "960.00 EUR", "11 November 2026", "Room"]),
    ] {
        let mut record = booking(user(), 10, BookingStatus::Booked);
        Arc::make_mut(&mut record.facts).language = domain::Language::parse(tag).unwrap();
        stage.active(&record).await;
        stage.invoice(&record, "PAR-2026-000042").await;
        let owner = stage.caller("traveller", record.user_id);
        let invoice = format!("{}/invoice", path(&record));
        let page =
            owner.call(reqwest::Method::GET, &invoice).header("accept", "text/html").send().await.text();
        for word in words {
            assert!(page.contains(word), "{tag}, {word}: {page}");
        }
        assert!(page.contains(&format!("<html lang=\"{language}\">")), "{page}");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_redis_is_used_at_its_version_and_never_behind_mysql() {
    let stage = stage().await;
    let record = booking(user(), 10, BookingStatus::Booked);
    stage.active(&record).await;
    read(&stage, &record).await;
    let key = format!("vacancy:booking:{}", record.booking_id);
    let kept = || async {
        let value: Option<String> = redis_get(&stage, &key);
        value.filter(|value| value.starts_with("3:"))
    };
    let value = eventually(SOON, kept).await;
    // A body that only Redis can have given: MySQL has another name at this version.
    redis_set(&stage, &key, &value.replace("Hotel Paradiso", "From Redis"));
    assert_eq!(read(&stage, &record).await["hotel"]["name"], "From Redis");
    let mut next = record.clone();
    (next.status, next.version) = (BookingStatus::Completed, 4);
    stage.active(&next).await;
    assert_eq!(read(&stage, &next).await["hotel"]["name"], "Hotel Paradiso");
    stage.stop().await;
}

fn redis_get(stage: &Stage, key: &str) -> Option<String> {
    let mut ask = stage.redis.connect();
    testkit::redis::get(&mut ask, key)
}

fn redis_set(stage: &Stage, key: &str, value: &str) {
    testkit::redis::set(&mut stage.redis.connect(), key, value);
}
