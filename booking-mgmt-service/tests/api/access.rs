use domain::{HotelId, booking::BookingStatus};
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
