//! Plans are written whole, read back as decided, and told in order.

use booking_core::{
    CancelledBy, Command, Created, KeptAnswer, KeyHolder, PaymentEvent, ProviderSaid, Refusal, Wanted,
};
use domain::{
    ClientReference, Currency, Money,
    booking::{BookingStatus, LatePayment, PaymentStatus},
};
use uuid::Uuid;

use super::stage::{Stage, TOLD, cancel, digest, new_id, paid, soon};
use crate::store::Parties;

/// Version, happening, statuses before and after, kind and subject of the actor, reason.
type LogRow = (i64, String, String, String, String, Option<String>, Option<String>);

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_read_back_as_it_was_decided_through_its_whole_life() {
    let stage = Stage::with(3, 1).await;
    let request = stage.request(&[(stage.double, 2), (stage.suite, 1)], 0, 2);
    let Created::New(made) = stage.book(&request).await.unwrap() else { panic!("no new booking") };
    let id = made.booking_id;
    assert_eq!(stage.snapshot(id).await.bookings[&id].record, *made);
    stage.pay(id, "pr-1").await;
    stage.command(id, &Command::NumberPapers).await.unwrap();
    let cancelled = stage.command(id, &cancel(CancelledBy::Traveller)).await.unwrap();
    let booking = stage.snapshot(id).await.bookings[&id].clone();
    assert_eq!(booking.record, cancelled.after);
    let refund = booking.refunds[0].refund_id;
    stage.command(id, &Command::RefundConfirmed(refund)).await.unwrap();
    stage.command(id, &Command::NumberPapers).await.unwrap();
    let booking = stage.snapshot(id).await.bookings[&id].clone();
    assert_eq!(booking.record.version, 6);
    assert_eq!(booking.own_payment().status, PaymentStatus::Refunded);
    assert_eq!(booking.invoice.unwrap().number.unwrap(), format!("PAR-{}-000001", year(&stage).await));
    assert_eq!(
        booking.credit_notes[0].number.clone().unwrap(),
        format!("PAR-C{}-000001", year(&stage).await)
    );
    stage.nights_add_up().await;
    let told: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "select version from {TOLD} where booking_id = ? order by outbox_id, place"
    )))
    .bind(id.to_string())
    .fetch_all(&stage.lease.pool)
    .await
    .unwrap();
    assert_eq!(told, [1, 2, 3, 4, 5, 6], "one event for each version, in order");
    let nights = format!("select count(*) from {TOLD} where date is not null");
    assert_eq!(stage.count(&nights).await, 8, "four nights taken and given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transition_leaves_who_did_it_and_why_with_it() {
    let stage = Stage::with(1, 0).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let id = stage.booked(&request).await;
    let (kind, user, subject): (String, Uuid, String) =
        sqlx::query_as("select actor_kind, actor_id, actor_subject from bookings")
            .fetch_one(&stage.lease.pool)
            .await
            .unwrap();
    assert_eq!(
        (kind.as_str(), Some(user.into()), Some(subject)),
        ("channel", request.actor.user_id, request.actor.subject)
    );
    assert_eq!(stage.count("select count(*) from booking_log").await, 0, "its own row is the first entry");
    stage.pay(id, "pr-1").await;
    stage.command(id, &Command::NumberPapers).await.unwrap();
    stage.command(id, &cancel(CancelledBy::Hotel)).await.unwrap();
    let entries: Vec<LogRow> = sqlx::query_as(
        "select version, happening, from_status, to_status, actor_kind, actor_subject, reason from booking_log \
         where booking_id = ? order by version",
    )
    .bind(id.uuid())
    .fetch_all(&stage.lease.pool)
    .await
    .unwrap();
    let entry = |version, words: [&str; 4], subject: Option<&str>, reason: Option<&str>| {
        let [happening, from, to, kind] = words.map(str::to_owned);
        (version, happening, from, to, kind, subject.map(str::to_owned), reason.map(str::to_owned))
    };
    assert_eq!(
        entries,
        [
            entry(2, ["booked", "RESERVED", "BOOKED", "provider"], None, None),
            entry(3, ["invoiced", "BOOKED", "BOOKED", "system"], None, None),
            entry(4, ["cancelled", "BOOKED", "CANCELLED", "manager"], Some("auth0|somebody"), Some("hotel")),
        ]
    );
}

async fn year(stage: &Stage) -> i32 {
    use chrono::Datelike;
    stage.ledger.load(&Wanted::default()).await.unwrap().now.utc().year()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_ends_gives_its_rooms_back_and_owes_a_void_and_a_late_payment_takes_them_again() {
    let stage = Stage::with(1, 0).await;
    let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    sqlx::query("update dev_clock set offset_us = 600000000").execute(&stage.lease.pool).await.unwrap();
    stage.command(id, &Command::ProviderSaid(ProviderSaid::NoAnswer)).await.unwrap();
    let booking = stage.snapshot(id).await.bookings[&id].clone();
    assert_eq!(booking.record.status, BookingStatus::Cancelled);
    assert_eq!(booking.voids.len(), 1);
    stage.nights_add_up().await;
    assert_eq!(stage.pay(id, "pr-1").await.after.status, BookingStatus::Booked);
    assert!(stage.snapshot(id).await.bookings[&id].voids_owed().next().is_none());
    stage.nights_add_up().await;
}

/// A payment in review is no transition: it is all that tells this hold from one that nobody has paid.
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_whose_payment_waits_for_review_ends_without_a_void() {
    let stage = Stage::with(1, 0).await;
    let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let another = Money::new(7, Currency::parse("EUR").unwrap()).unwrap();
    stage.command(id, &paid("pr-1", another)).await.unwrap();
    sqlx::query("update dev_clock set offset_us = 600000000").execute(&stage.lease.pool).await.unwrap();
    stage.command(id, &Command::ProviderSaid(ProviderSaid::NoAnswer)).await.unwrap();
    let booking = stage.snapshot(id).await.bookings[&id].clone();
    assert_eq!((booking.record.status, booking.record.version), (BookingStatus::Cancelled, 2));
    assert_eq!(booking.payments[0].status, PaymentStatus::InReview);
    assert!(booking.voids.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_finds_its_booking_and_another_body_is_refused() {
    let stage = Stage::with(1, 0).await;
    let mut request = stage.request(&[(stage.double, 1)], 0, 1);
    request.client_reference = Some(ClientReference::parse("order-1").unwrap());
    let Created::New(made) = stage.book(&request).await.unwrap() else { panic!("no new booking") };
    stage.pay(made.booking_id, "pr-1").await;
    assert_eq!(
        stage.book(&request).await.unwrap(),
        Created::Repeat(made.clone()),
        "sold out or not, as it was"
    );
    let mut other = request.clone();
    other.key.hash = booking_core::Digest::new([2; 32]);
    assert_eq!(stage.book(&other).await.unwrap_err(), Refusal::IdempotencyKeyReused);
    let mut reused = request.clone();
    reused.key.scope = digest();
    assert_eq!(stage.book(&reused).await.unwrap_err(), Refusal::ClientReferenceReused(made.booking_id));
    assert_eq!(stage.count("select count(*) from bookings").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_and_a_callback_are_written_with_their_plan_and_found_again() {
    let stage = Stage::with(1, 0).await;
    let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let snapshot = stage.snapshot(id).await;
    let booking = snapshot.booking(id).unwrap();
    let answer = KeptAnswer {
        key: booking_core::IdempotencyKey { scope: digest(), hash: digest() },
        operation_id: "cancel_booking".to_owned(),
        user_id: booking.record.user_id,
        booking_id: id,
        hotel_id: booking.record.hotel_id,
        status: 200,
        etag: Some("\"2\"".to_owned()),
        body: b"{}".to_vec(),
    };
    let said = PaymentEvent {
        webhook_id: "msg_1".to_owned(),
        kind: "payment.failed".to_owned(),
        payment_id: Some(booking.record.facts.payment_id),
        booking_id: Some(id),
        hotel_id: None,
        refund_id: None,
        provider_reference: None,
        amount: None,
        failure_code: None,
        sent_at: Some(snapshot.now),
        outcome: "recorded",
        body: b"{}".to_vec(),
    };
    let ids = super::stage::ids();
    let (_, plan) =
        booking_core::decide(&snapshot, booking, &cancel(CancelledBy::Traveller), &ids, &stage.rules)
            .unwrap();
    let plan = plan.and_answer(answer.clone()).and_payment_event(said);
    stage.ledger.commit(&plan, &soon()).await.unwrap();
    let again = stage.ledger.load(&Wanted::default().and_scope(answer.key.scope)).await.unwrap();
    assert_eq!(again.keys[&answer.key.scope].holder, KeyHolder::Answer(answer));
    assert_eq!(stage.count("select count(*) from payment_events where outcome = 'recorded'").await, 1);
}

async fn purge_all(stage: &Stage) {
    let purge = "insert into purged_bookings (booking_id, hotel_id, user_id, idempotency_scope, idempotency_hash, \
                 payment_id, actor_kind, status, start_date, end_date, version, purged_at, created_at, updated_at) \
                 select booking_id, hotel_id, user_id, idempotency_scope, idempotency_hash, payment_id, actor_kind, status, \
                 start_date, end_date, version, now(6), now(6), now(6) from bookings";
    sqlx::query(purge).execute(&stage.lease.pool).await.unwrap();
    sqlx::query("delete from bookings").execute(&stage.lease.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_booking_is_stays_known_behind_its_purge() {
    let stage = Stage::with(1, 0).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let id = stage.booked(&request).await;
    let whose = Some(Parties { hotel_id: stage.hotel, user_id: request.user_id });
    assert_eq!(stage.ledger.parties(id).await.unwrap(), whose);
    stage.command(id, &cancel(CancelledBy::Traveller)).await.unwrap();
    purge_all(&stage).await;
    assert_eq!(stage.ledger.parties(id).await.unwrap(), whose);
    assert_eq!(stage.ledger.parties(new_id()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_for_a_purged_booking_is_refunded_beside_its_row() {
    let stage = Stage::with(1, 0).await;
    let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let gone = stage.command(id, &cancel(CancelledBy::Traveller)).await.unwrap().after;
    purge_all(&stage).await;
    let wanted = Wanted::booking(gone.facts.payment_id.booking_id());
    let snapshot = stage.ledger.load(&wanted).await.unwrap();
    let capture =
        booking_core::Capture { provider_reference: "pr-9".to_owned(), amount: gone.facts.price.due_now };
    let late = Command::PaymentSucceeded(capture);
    let revived = snapshot.revive(&gone).unwrap();
    let ids = super::stage::ids();
    let (_, plan) = booking_core::decide(&snapshot, &revived, &late, &ids, &stage.rules).unwrap();
    stage.ledger.commit(&plan, &soon()).await.unwrap();
    let snapshot = stage.ledger.load(&wanted).await.unwrap();
    assert_eq!(snapshot.purged[&id].version, gone.version + 1);
    // The archive has not heard of the late money yet; the next decision must not forget it.
    let revived = snapshot.revive(&gone).unwrap();
    assert_eq!(revived.record.late_payment, Some(LatePayment::Refunded));
    let confirmed = Command::RefundConfirmed(revived.refunds[0].refund_id);
    let ids = super::stage::ids();
    let (decided, _) = booking_core::decide(&snapshot, &revived, &confirmed, &ids, &stage.rules).unwrap();
    assert_eq!(decided.after.late_payment, Some(LatePayment::Refunded));
    assert_eq!(
        stage.count("select count(*) from booking_log where version = 3 and actor_kind = 'provider'").await,
        1
    );
    let told = "select count(*) from outbox where json_value(convert(entries using utf8mb4), '$[0].booking.version') = 3 \
                and json_value(convert(entries using utf8mb4), '$[0].booking.facts.booker.email') is not null";
    assert_eq!(stage.count(told).await, 1, "the facts of a purged booking stand with its event");
}
