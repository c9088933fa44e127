use domain::HotelId;
use testkit::unique_uuid;

use crate::stage::{stage, user};

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_parameter_is_named() {
    let stage = stage().await;
    let hotel = HotelId::from_uuid(unique_uuid());
    let manager = stage.caller("manager", stage.hotel(hotel).await);
    let traveller = stage.caller("traveller", user());
    let of_hotel = format!("/v1/hotels/{hotel}/bookings");
    for (query, name) in [
        ("status=booked", "status"),
        ("start_from=2026-02-30", "start_from"),
        ("start_from=2026-2-3", "start_from"),
        ("start_to=%2B2026-02-03", "start_to"),
        ("start_from=2026-05-03&start_to=2026-05-02", "start_to"),
        ("start_from=2020-01-01&start_to=2026-01-01", "start_to"),
        ("start_from=0001-01-01&start_to=0001-01-02", "start_from"),
        ("room_id=1", "room_id"),
        ("updated_since=yesterday", "updated_since"),
        ("confirmation_number=%27%20or%201%3D1", "confirmation_number"),
        ("page_size=0", "page_size"),
        ("sort=price", "sort"),
    ] {
        let body = manager.get(&format!("{of_hotel}?{query}")).await.expect_problem(422, "invalid_field");
        assert_eq!(body["errors"][0]["parameter"], name, "{query}");
    }
    for (path, name) in [
        ("/v1/me/bookings?view=mine", "view"),
        ("/v1/me/bookings?page_size=-1", "page_size"),
        ("/v1/me/bookings?user_id=1", "user_id"),
        ("/v1/bookings", "client_reference"),
        ("/v1/bookings?client_reference=", "client_reference"),
        ("/v1/bookings?client_reference=a%00b", "client_reference"),
    ] {
        let body = traveller.get(path).await.expect_problem(422, "invalid_field");
        assert_eq!(body["errors"][0]["parameter"], name, "{path}");
    }
    for path in ["/v1/bookings/1", "/v1/bookings/%27", "/v1/hotels/1/bookings"] {
        stage.caller("operator", user()).get(path).await.expect_problem(404, "not_found");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_serves_only_the_list_it_came_with() {
    let stage = stage().await;
    let owner = user();
    for day in 0..3 {
        stage.active(&crate::stage::booking(owner, day, domain::booking::BookingStatus::Booked)).await;
    }
    let traveller = stage.caller("traveller", owner);
    let page = traveller.get("/v1/me/bookings?view=upcoming&page_size=2").await.expect(200);
    let token = page["next_page_token"].as_str().unwrap();
    traveller.get(&format!("/v1/me/bookings?view=upcoming&page_size=1&page_token={token}")).await.expect(200);
    for path in [
        format!("/v1/me/bookings?view=all&page_token={token}"),
        "/v1/me/bookings?page_token=nonsense".to_owned(),
    ] {
        traveller.get(&path).await.expect_problem(400, "invalid_page_token");
    }
    let other = stage.caller("traveller", user());
    let path = format!("/v1/me/bookings?view=upcoming&page_token={token}");
    other.get(&path).await.expect_problem(400, "invalid_page_token");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_describes_every_parameter_and_refers_to_nothing_that_is_not_there() {
    let stage = stage().await;
    let document = stage.nobody().get("/openapi.json").await.expect(200);
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(serde_json::Value::as_str) {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        open.extend(value.as_object().into_iter().flat_map(|members| members.values()));
        open.extend(value.as_array().into_iter().flatten());
    }
    let parameters =
        document["paths"]["/v1/hotels/{hotel_id}/bookings"]["get"]["parameters"].as_array().unwrap();
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "hotel_id",
            "status",
            "start_from",
            "start_to",
            "room_id",
            "updated_since",
            "confirmation_number",
            "page_size",
            "page_token"
        ]
    );
    stage.stop().await;
}
