use std::sync::Arc;

use domain::{
    ClientReference, HotelId, InvoiceId, Money, Text,
    booking::{BookingRecord, BookingStatus, StatusReason},
};
use serde_json::{Value, json};
use testkit::{Token, unique_uuid};

use crate::stage::{booking, stage, user};

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_for_whose_it_is_for_its_hotel_and_for_operators_and_others_learn_nothing() {
    let stage = stage().await;
    let record = booking(user(), 10, BookingStatus::Completed);
    let archived = booking(record.user_id, 11, BookingStatus::Completed);
    let manager = stage.hotel(record.hotel_id).await;
    stage.hotel(archived.hotel_id).await;
    stage.active(&record).await;
    stage.archived(&archived).await;
    let path = format!("/v1/bookings/{}", record.booking_id);
    for (role, who) in [
        ("traveller", record.user_id.uuid()),
        ("channel", record.user_id.uuid()),
        ("manager", manager),
        ("operator", unique_uuid()),
    ] {
        stage.caller(role, who).get(&path).await.expect(200);
    }
    let absent = format!("/v1/bookings/{}", unique_uuid());
    for (role, who) in [
        ("traveller", unique_uuid()),
        ("channel", unique_uuid()),
        ("manager", unique_uuid()),
        // The owner's id without the role that goes with it.
        ("traveller", manager),
        ("manager", record.user_id.uuid()),
    ] {
        let caller = stage.caller(role, who);
        let mut bodies = Vec::new();
        for path in [&path, &format!("/v1/bookings/{}", archived.booking_id), &absent] {
            let mut body = caller.get(path).await.expect_problem(404, "not_found");
            for own in ["instance", "request_id"] {
                body[own] = serde_json::Value::Null;
            }
            bodies.push(body);
        }
        assert!(bodies.iter().all(|body| *body == bodies[2]), "{bodies:?}");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_at_which_it_is_paid_is_for_whose_it_is_alone() {
    let stage = stage().await;
    let record = booking(user(), 10, BookingStatus::Reserved);
    let manager = stage.hotel(record.hotel_id).await;
    stage.active(&record).await;
    let path = format!("/v1/bookings/{}", record.booking_id);
    let own = stage.caller("traveller", record.user_id).get(&path).await.expect(200);
    assert!(own["checkout"]["url"].as_str().unwrap().contains("&sig="), "{own}");
    let list = format!("/v1/hotels/{}/bookings", record.hotel_id);
    for caller in [stage.caller("manager", manager), stage.caller("operator", unique_uuid())] {
        assert_eq!(caller.get(&path).await.expect(200)["checkout"], Value::Null);
        assert_eq!(caller.get(&list).await.expect(200)["items"][0]["checkout"], Value::Null);
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_learns_who_booked_once_the_booking_has_been_paid() {
    let stage = stage().await;
    let mut record = booking(user(), 10, BookingStatus::Reserved);
    let manager = stage.caller("manager", stage.hotel(record.hotel_id).await);
    let path = format!("/v1/bookings/{}", record.booking_id);
    let list = format!("/v1/hotels/{}/bookings", record.hotel_id);
    let history = format!("{path}/history");
    record.status_reason = Some(StatusReason::Traveller);
    record.client_reference = Some(ClientReference::parse("lovelace-1").unwrap());
    Arc::make_mut(&mut record.facts).special_requests = Some(Text::parse("Lovelace: a quiet room.").unwrap());
    record.cancellation_note = Some(Text::parse("Lovelace cannot come.").unwrap());
    // Held and ended unpaid, then paid after all, and cancelled as a paid one.
    let invoice = Some(InvoiceId::from_uuid(unique_uuid()));
    for (status, invoice_id, known) in [
        (BookingStatus::Reserved, None, false),
        (BookingStatus::Cancelled, None, false),
        (BookingStatus::Booked, invoice, true),
        (BookingStatus::Cancelled, invoice, true),
    ] {
        (record.status, record.invoice_id, record.version) = (status, invoice_id, record.version + 1);
        stage.active(&record).await;
        stage.db.execute("update bookings set actor_subject = 'auth0|ada'").await;
        let one = manager.get(&path).await.expect(200);
        let listed = manager.get(&list).await.expect(200);
        for shown in [&one, &listed["items"][0]] {
            let notes = [&shown["special_requests"], &shown["cancellation"]["note"]];
            let told = [
                &shown["booker"]["email"],
                &shown["user_id"],
                &shown["client_reference"],
                notes[0],
                notes[1],
            ];
            assert_eq!(told.map(Value::is_string), [known; 5], "{shown}");
            assert_eq!(shown.to_string().to_lowercase().contains("lovelace"), known, "{shown}");
        }
        let actor = &manager.get(&history).await.expect(200)["items"][0]["actor"];
        assert_eq!([&actor["user_id"], &actor["subject"]].map(Value::is_string), [known; 2], "{actor}");
        let own = stage.caller("traveller", record.user_id).get(&path).await.expect(200);
        assert_eq!(own["booker"]["family_name"], "Lovelace");
        let support = stage.caller("operator", unique_uuid()).get(&path).await.expect(200);
        assert_eq!(support["booker"]["family_name"], "Lovelace");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_given_with_a_cancellation_reaches_the_other_side_with_what_it_cost() {
    let stage = stage().await;
    for reason in [StatusReason::Hotel, StatusReason::Traveller] {
        let mut record = booking(user(), 10, BookingStatus::Cancelled);
        let manager = stage.caller("manager", stage.hotel(record.hotel_id).await);
        record.status_reason = Some(reason);
        record.cancelled_at = Some(record.updated_at);
        record.invoice_id = Some(InvoiceId::from_uuid(unique_uuid()));
        record.penalty = Some(Money::new(16_000, record.facts.price.total.currency()).unwrap());
        record.cancellation_note = Some(Text::parse("Burst pipe; see Hotel Verdi.").unwrap());
        stage.active(&record).await;
        stage.credit_note(&record, 80_000).await;
        let told = json!({
            "by": reason, "note": "Burst pipe; see Hotel Verdi.",
            "penalty": {"amount": 16_000, "currency": "EUR"}, "refund": {"amount": 80_000, "currency": "EUR"},
        });
        let path = format!("/v1/bookings/{}", record.booking_id);
        for caller in [stage.caller("traveller", record.user_id), manager] {
            assert_eq!(caller.get(&path).await.expect(200)["cancellation"], told);
        }
    }
    let unpaid = BookingRecord {
        status_reason: Some(StatusReason::HoldExpired),
        ..booking(user(), 10, BookingStatus::Cancelled)
    };
    stage.active(&unpaid).await;
    let path = format!("/v1/bookings/{}", unpaid.booking_id);
    let shown = stage.caller("traveller", unpaid.user_id).get(&path).await.expect(200);
    assert_eq!(shown["cancellation"], Value::Null);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotels_list_is_for_its_account_and_for_operators() {
    let stage = stage().await;
    let hotel = HotelId::from_uuid(unique_uuid());
    let owner = stage.hotel(hotel).await;
    let path = format!("/v1/hotels/{hotel}/bookings");
    stage.caller("manager", owner).get(&path).await.expect(200);
    stage.caller("operator", unique_uuid()).get(&path).await.expect(200);
    let staff = Token::of(&["manager"], &unique_uuid().to_string()).account(owner).sign();
    stage.nobody().as_caller(staff).get(&path).await.expect(200);
    stage.caller("manager", unique_uuid()).get(&path).await.expect_problem(404, "not_found");
    let unknown = format!("/v1/hotels/{}/bookings", unique_uuid());
    stage.caller("operator", unique_uuid()).get(&unknown).await.expect_problem(404, "not_found");
    stage.caller("traveller", owner).get(&path).await.expect_problem(403, "forbidden");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_of_ours_nothing_is_answered() {
    let stage = stage().await;
    let id = unique_uuid();
    let of = || Token::of(&["traveller", "manager", "operator"], &id.to_string());
    let bad = [of().expired().sign(), of().wrong_key().sign(), of().wrong_audience().sign(), of().unsigned()];
    for path in [
        format!("/v1/bookings/{id}"),
        format!("/v1/bookings/{id}/history"),
        format!("/v1/bookings/{id}/invoice"),
        "/v1/bookings?client_reference=a".to_owned(),
        "/v1/me/bookings".to_owned(),
        format!("/v1/hotels/{id}/bookings"),
    ] {
        stage.nobody().get(&path).await.expect_problem(401, "unauthenticated");
        for token in &bad {
            stage.nobody().as_caller(token).get(&path).await.expect_problem(401, "unauthenticated");
        }
    }
    let manager = stage.caller("manager", id);
    manager.get("/v1/me/bookings").await.expect_problem(403, "forbidden");
    manager.get("/v1/bookings?client_reference=a").await.expect_problem(403, "forbidden");
    stage.stop().await;
}
