//! One row that cannot be read stops nothing but itself.

use std::time::Duration;

use booking_service::queries::nights;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Stage, day, event, paid};

const DEADLINE: Duration = Duration::from_secs(15);

async fn breaks(stage: &Stage, sql: &str, booking: &Value) {
    let id: Uuid = booking["booking_id"].as_str().unwrap().parse().unwrap();
    let broken = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).bind(id).execute(stage.pool()).await;
    assert_eq!(broken.unwrap().rows_affected(), 1);
}

/// Two paid bookings, the first of them unreadable.
async fn a_broken_and_a_sound_one(stage: &Stage) -> (Value, Value) {
    let broken = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let sound = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.pay(&broken).await;
    // Its number is given first: whoever gives it writes the row whole.
    testkit::wait::eventually_equals(DEADLINE, 1, || async {
        let sql = "select count(*) from invoices where number is not null";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(stage.pool()).await.unwrap()
    })
    .await;
    breaks(stage, "update bookings set facts = 'x' where booking_id = ?", &broken).await;
    stage.pay(&sound).await;
    (broken, sound)
}

#[tokio::test(flavor = "multi_thread")]
async fn stays_behind_a_broken_one_are_completed() {
    let stage = Stage::plain().await;
    let (broken, sound) = a_broken_and_a_sound_one(&stage).await;
    stage.advance("P14D").await;
    stage.becomes(&sound, "COMPLETED").await;
    assert_eq!(stage.status(&broken).await.0, "BOOKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn stays_behind_one_whose_log_contradicts_it_are_completed() {
    let stage = Stage::plain().await;
    let stuck = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let sound = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    for booking in [&stuck, &sound] {
        stage.pay(booking).await;
    }
    let sql = "insert into booking_log (booking_id, hotel_id, version, at, happening, from_status, to_status, actor_kind) \
               select booking_id, hotel_id, version + 1, updated_at, 'completed', 'BOOKED', 'COMPLETED', 'system' \
               from bookings where booking_id = ?";
    breaks(&stage, sql, &stuck).await;
    stage.advance("P14D").await;
    stage.becomes(&sound, "COMPLETED").await;
    assert_eq!(stage.status(&stuck).await.0, "BOOKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_behind_a_broken_booking_get_their_numbers() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.pay(&booking).await;
    let numbered = || async {
        let sql = "select count(*) from invoices where number is not null";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(stage.pool()).await.unwrap()
    };
    testkit::wait::eventually_equals(DEADLINE, 1, numbered).await;
    // The oldest that waits is one that cannot be read.
    let sql = "update invoices set number = null, sequence = null where booking_id = ?";
    breaks(&stage, "update bookings set facts = 'x' where booking_id = ?", &booking).await;
    breaks(&stage, sql, &booking).await;
    let sound = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.pay(&sound).await;
    testkit::wait::eventually_equals(DEADLINE, 1, numbered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconciliation_goes_on_behind_a_broken_booking() {
    let stage = Stage::with("jobs.reconcile_ms", 300).await;
    let who = stage.traveller();
    let broken = stage.book(&who, &[(stage.deluxe, 1)]).await;
    let sound = stage.book(&who, &[(stage.deluxe, 1)]).await;
    for booking in [&broken, &sound] {
        let payment = booking["payment"]["payment_id"].as_str().unwrap();
        stage.provider.capture(payment, &booking["price"]["due_now"], &format!("pr_{payment}"));
    }
    breaks(&stage, "update bookings set facts = 'x' where booking_id = ?", &broken).await;
    stage.advance("PT5M1S").await;
    stage.becomes(&sound, "BOOKED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_leaves_out_what_cannot_be_read_and_shows_the_rest() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let broken = stage.book(&who, &[(stage.deluxe, 1)]).await;
    let sound = stage.book(&who, &[(stage.deluxe, 1)]).await;
    let less = json!({"amount": 1_000, "currency": "EUR"});
    for booking in [&broken, &sound] {
        let reference = booking["booking_id"].as_str().unwrap();
        let body = event("payment.succeeded", booking, &less, reference);
        assert_eq!(stage.callback(reference, &body, 0).await.status, 204);
    }
    breaks(&stage, "update payments set currency = '???' where booking_id = ?", &broken).await;
    let operator = stage.operator();
    let listed = operator.get("/v1/payments/reviews").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["booking_id"], sound["booking_id"]);
    let first = operator.get("/v1/payments/reviews?page_size=1").await.expect(200);
    assert!(first["next_page_token"].is_string(), "a page of nothing that can be read still has a next one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_cannot_be_read_is_not_offered_and_hides_no_other() {
    let stage = Stage::plain().await;
    let sql = "update room_stock set currency = '???' where room_id = ?";
    let broken = sqlx::query(sql).bind(stage.deluxe.uuid()).execute(stage.pool()).await;
    assert_eq!(broken.unwrap().rows_affected(), 1);
    let path = format!("/v1/hotels/{}/offers?start_date={}&end_date={}", stage.hotel, day(10), day(12));
    let offers = stage.http().get(&path).await.expect(200);
    assert_eq!(offers["items"].as_array().unwrap().len(), 1);
    assert_eq!(offers["items"][0]["room_id"], stage.single.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_behind_a_batch_of_broken_ones_are_listed_and_sent() {
    let stage = Stage::with("jobs.owed_batch", 2).await;
    stage.provider.silent(true);
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    for reference in ["pr_1", "pr_2", "pr_3", "pr_4"] {
        assert_eq!(stage.callback(reference, &paid(&booking, reference), 0).await.status, 204);
    }
    let sql = "update refunds set currency = if(provider_reference = 'pr_4', currency, '???'), attempts = 0, \
               next_attempt_at = null";
    assert_eq!(sqlx::query(sql).execute(stage.pool()).await.unwrap().rows_affected(), 3);
    let operator = stage.operator();
    let listed = operator.get("/v1/payments/refunds").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let sql = "select refund_id from refunds where provider_reference = 'pr_2'";
    let broken: Uuid = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
    let retry = operator.post(&format!("/v1/payments/refunds/{broken}/retry"), &json!({})).await;
    retry.expect_problem(500, "internal");
    stage.provider.silent(false);
    testkit::wait::eventually_equals(DEADLINE, 1, || async { stage.provider.refunds().len() }).await;
    let sql = "select count(*) from refunds where status = 'owed' and last_error is not null \
               and next_attempt_at > utc_timestamp(6) + interval 1 minute";
    let put_off = || async { sqlx::query_scalar::<_, i64>(sql).fetch_one(stage.pool()).await.unwrap() };
    testkit::wait::eventually_equals(DEADLINE, 2, put_off).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nights_of_a_day_are_taken_back_though_one_has_no_room() {
    let stage = Stage::with("jobs.night_tombstone_ms", 200).await;
    stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let sql = "update available_rooms set room_id = ? where date = ?";
    let broken = sqlx::query(sql).bind(testkit::unique_uuid()).bind(day(10)).execute(stage.pool()).await;
    assert_eq!(broken.unwrap().rows_affected(), 1);
    stage.advance("P14D").await;
    for date in [day(10), day(11)] {
        let taken_back = || async { nights::is_taken_back(stage.pool(), date).await.unwrap() };
        testkit::wait::eventually_equals(DEADLINE, true, taken_back).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_behind_a_batch_of_broken_ones_end() {
    let stage = Stage::with("jobs.sweep_batch", 2).await;
    let who = stage.traveller();
    for _ in 0..2 {
        let broken = stage.book(&who, &[(stage.deluxe, 1)]).await;
        breaks(&stage, "update bookings set facts = 'x' where booking_id = ?", &broken).await;
    }
    let sound = stage.book(&who, &[(stage.deluxe, 1)]).await;
    stage.advance("PT5M1S").await;
    stage.becomes(&sound, "CANCELLED").await;
}
