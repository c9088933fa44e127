use reqwest::Method;

use crate::{
    events::{House, in_days},
    stage::{SOON, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_hotels_page_is_there_exactly_while_a_room_is_on_sale() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    let path = format!("/v1/search/hotels/{}", house.hotel_id);
    stage.http.get(&path).await.expect_problem(404, "not_found");
    stage.open(&house).await;
    let reply = stage.http.get(&path).await;
    let page = reply.expect(200);
    assert_eq!(page["name"], "Hotel Paradiso");
    assert_eq!(page["rooms_total"], 1);
    assert_eq!(page["rooms"][0]["display_name"], "Deluxe double");
    assert_eq!(page["contact"], serde_json::json!({ "phone": "+390612345678" }));
    for hidden in ["owner_id", "secret-desk", "quantity"] {
        assert!(!reply.text().contains(hidden), "{hidden} is shown");
    }
    stage.publish_hotel(&house.room_key(), &house.room(2, false)).await;
    testkit::wait::eventually_equals(SOON, 404, || async { stage.http.get(&path).await.status }).await;
    stage.publish_hotel(&house.room_key(), &house.room(3, true)).await;
    testkit::wait::eventually_equals(SOON, 200, || async { stage.http.get(&path).await.status }).await;
    stage.publish_hotel(&house.hotel_key(), &house.hotel(2, false)).await;
    testkit::wait::eventually_equals(SOON, 404, || async { stage.http.get(&path).await.status }).await;
    stage.http.get("/v1/search/hotels/nothing").await.expect_problem(404, "not_found");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotels_page_may_be_kept_for_a_minute_and_nothing_else_may() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    let path = format!("/v1/search/hotels/{}", house.hotel_id);
    let first = stage.http.get(&path).await;
    first.expect(200);
    let known = first.etag();
    let ask = || stage.http.call(Method::GET, &path).header("if-none-match", &known).send();
    let again = ask().await;
    assert_eq!((again.status, again.body.as_slice(), again.etag()), (304, &[][..], known.clone()));
    for reply in [first, again] {
        assert_eq!(reply.header("cache-control"), Some("public, max-age=60"));
    }
    stage.publish_hotel(&house.room_key(), &house.room(2, true)).await;
    testkit::wait::eventually_equals(SOON, 200, || async { ask().await.status }).await;
    assert_ne!(stage.http.get(&path).await.etag(), known, "a changed page has a tag of its own");
    let unknown = format!("/v1/search/hotels/{}", house.room_id);
    for (path, status) in [("/v1/search?q=male", 200), ("/v1/search?rooms=0", 422), (&unknown, 404)] {
        let reply = stage.http.get(path).await;
        reply.expect(status);
        assert_eq!((reply.header("cache-control"), reply.header("etag")), (Some("no-store"), None), "{path}");
    }
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_a_token_keeps_to_its_filters() {
    let stage = Stage::set().await;
    for name in ["Alpha", "Beta", "Gamma"] {
        stage.open(&House::new(name)).await;
    }
    let query = "locality_id=0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70&sort=distance";
    testkit::wait::eventually_equals(SOON, 3, || async { stage.found(query).await.len() }).await;
    let whole = stage.http.get(&format!("/v1/search?{query}")).await.expect(200);
    assert_eq!(whole["items"][0]["distance_m"], 578);

    let mut names = Vec::new();
    let mut next = String::new();
    for _ in 0..2 {
        let page = stage.http.get(&format!("/v1/search?{query}&page_size=2{next}")).await.expect(200);
        names.extend(page["items"].as_array().unwrap().iter().map(|item| item["name"].clone()));
        next =
            page["next_page_token"].as_str().map(|token| format!("&page_token={token}")).unwrap_or_default();
        if names.len() == 2 {
            let other = format!("/v1/search?{query}&rooms=2{next}");
            stage.http.get(&other).await.expect_problem(400, "invalid_page_token");
        }
    }
    let all: Vec<_> = whole["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    assert_eq!((names, next.as_str()), (all, ""));
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_says_why() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    stage.eventually_finds("q=male", &["Hotel Paradiso"]).await;
    let (start, end) = (in_days(3), in_days(4));
    for (query, reason) in [
        ("q=atlantis".to_owned(), "no_match"),
        ("q=male&tags=casino".to_owned(), "no_match"),
        ("q=male&stars=5".to_owned(), "no_match"),
        ("q=male&currency=USD".to_owned(), "no_match"),
        ("q=male&adults=4".to_owned(), "occupancy"),
        ("q=male&rooms=3&adults=3".to_owned(), "occupancy"),
        (format!("q=male&start_date={start}&end_date={end}&currency=EUR&price_max=15000"), "price"),
        (format!("q=male&start_date={start}&end_date={end}&currency=EUR&price_min=15002"), "price"),
    ] {
        let page = stage.http.get(&format!("/v1/search?{query}")).await.expect(200);
        assert_eq!(page["no_results_reason"], reason, "{query}");
        assert_eq!(page["total_estimate"], 0, "{query}");
    }
    stage.strike().await;
}
