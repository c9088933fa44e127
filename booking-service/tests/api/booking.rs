//! Offers, quotes, bookings and their repeats.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::Http;

use crate::stage::{Setup, Stage, day, toml_like::Value as Set};

#[tokio::test(flavor = "multi_thread")]
async fn a_traveller_sees_offers_quotes_books_and_pays() {
    let stage = Stage::plain().await;
    let path = format!("/v1/hotels/{}/offers?start_date={}&end_date={}", stage.hotel, day(10), day(12));
    let offers = stage.http().get(&path).await.expect(200);
    assert_eq!(offers["nights"], 2);
    assert_eq!(offers["items"].as_array().unwrap().len(), 2);
    assert_eq!(offers["items"][0]["status"], "available");
    let lines = [(stage.deluxe, 2), (stage.single, 1)];
    let quote = stage.http().post("/v1/quotes", &stage.stay(&lines)).await.expect(200);
    assert_eq!(quote["price"]["total"], json!({"amount": 72_000, "currency": "EUR"}));
    let mut order = stage.order(&lines);
    order["quote_token"] = quote["quote_token"].clone();
    let reply = stage.traveller().post("/v1/bookings", &order).await;
    let booking = reply.expect(201);
    assert_eq!(
        reply.header("location").unwrap(),
        format!("/v1/bookings/{}", booking["booking_id"].as_str().unwrap())
    );
    assert_eq!(reply.etag(), "\"1\"");
    assert_eq!(booking["status"], "RESERVED");
    assert!(booking["checkout"]["url"].as_str().unwrap().starts_with(&stage.provider.url()));
    assert_eq!(stage.left(stage.deluxe).await, [1, 1]);
    assert_eq!(stage.pay(&booking).await.status, 204);
    assert_eq!(stage.status(&booking).await, ("BOOKED".to_owned(), None));
    let number = testkit::eventually(std::time::Duration::from_secs(10), || async {
        let sql = "select number from invoices where number is not null";
        sqlx::query_scalar::<_, String>(sql).fetch_optional(stage.pool()).await.unwrap()
    });
    assert!(number.await.starts_with("HOT-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_with_very_many_rooms_offers_all_of_them_the_cheapest_first() {
    let stage = Stage::plain().await;
    // As many as make three pages, each a little cheaper than the one before.
    let sql = "insert into room_stock select uuid_to_bin(uuid()), hotel_id, display_name, occupancy, quantity, \
               overbooking_allowance, price_min - n, price_max - n, currency, is_active, hotel_active, stop_sell, \
               room_version, hotel_version, stock_version, created_at, updated_at from room_stock, \
               (with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 999) \
                select n from numbers) numbered where room_id = ?";
    let made = sqlx::query(sql).bind(stage.deluxe.uuid()).execute(stage.pool()).await.unwrap();
    assert_eq!(made.rows_affected(), 999);
    let path = format!("/v1/hotels/{}/offers?start_date={}&end_date={}", stage.hotel, day(10), day(12));
    let mut totals = Vec::new();
    let mut token = String::new();
    loop {
        let page = stage.http().get(&format!("{path}{token}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 500);
        totals.extend(items.iter().map(|offer| offer["price"]["total"]["amount"].as_i64().unwrap()));
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    assert_eq!(totals.len(), 1_001);
    assert!(totals.is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_is_bounded_by_its_units_as_in_search() {
    let stage = Stage::plain().await;
    let path = format!("/v1/hotels/{}/offers?start_date={}&end_date={}", stage.hotel, day(10), day(12));
    let offers = stage.http().get(&format!("{path}&rooms=2&adults=60&child_ages=4,9")).await.expect(200);
    assert_eq!(offers["items"][0]["reason"], "occupancy_exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_same_answer_and_another_body_is_refused() {
    let stage = Stage::plain().await;
    let traveller = stage.traveller();
    let order = stage.order(&[(stage.deluxe, 1)]);
    let send = |body: Value| {
        traveller.call(Method::POST, "/v1/bookings").header("idempotency-key", "one").json(&body).send()
    };
    let first = send(order.clone()).await;
    first.expect(201);
    stage.pay(&first.json()).await;
    let again = send(order.clone()).await;
    assert_eq!(again.expect(201), first.json());
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("location"), first.header("location"));
    let mut other = order.clone();
    other["special_requests"] = json!("A quiet room.");
    send(other).await.expect_problem(422, "idempotency_key_reused");
    assert_eq!(stage.left(stage.deluxe).await, [2, 2]);
    let bob =
        stage.traveller().call(Method::POST, "/v1/bookings").header("idempotency-key", "one").json(&order);
    assert_ne!(bob.send().await.expect(201)["booking_id"], first.json()["booking_id"]);
    traveller
        .call(Method::POST, "/v1/bookings")
        .json(&order)
        .send()
        .await
        .expect_problem(400, "idempotency_key_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_no_trace_and_the_key_may_succeed_later() {
    let stage = Stage::plain().await;
    let (ada, bob) = (stage.traveller(), stage.traveller());
    let held = stage.book(&ada, &[(stage.single, 1)]).await;
    let before = stage.rows().await;
    let order = stage.order(&[(stage.single, 1)]);
    let send =
        || bob.call(Method::POST, "/v1/bookings").header("idempotency-key", "again").json(&order).send();
    let problem = send().await.expect_problem(409, "sold_out");
    assert_eq!(problem["unavailable"].as_array().unwrap().len(), 2);
    assert_eq!(problem["unavailable"][0]["available_quantity"], 0);
    assert_eq!(stage.rows().await, before);
    stage.http().post("/v1/quotes", &stage.stay(&[(stage.single, 1)])).await.expect_problem(409, "sold_out");
    let path = format!("/v1/bookings/{}/cancellation", held["booking_id"].as_str().unwrap());
    ada.post(&path, &json!({})).await.expect(200);
    send().await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_is_the_quotes_or_todays_within_what_is_accepted() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let lines = [(stage.deluxe, 1)];
    let with = |fields: Value| {
        let mut order = stage.order(&lines);
        for (name, value) in fields.as_object().unwrap() {
            order[name] = value.clone();
        }
        order
    };
    let low =
        with(json!({"expected_total": {"amount": 20_000, "currency": "EUR"}, "max_increase_percent": 19}));
    let problem = who.post("/v1/bookings", &low).await.expect_problem(409, "price_changed");
    assert_eq!(problem["current_total"]["amount"], 24_000);
    let near =
        with(json!({"expected_total": {"amount": 20_000, "currency": "EUR"}, "max_increase_percent": 20}));
    who.post("/v1/bookings", &near).await.expect(201);
    let quote = stage.http().post("/v1/quotes", &stage.stay(&lines)).await.expect(200);
    let token = quote["quote_token"].as_str().unwrap();
    let mut tampered = token.to_owned();
    tampered.replace_range(30..31, if token.get(30..31) == Some("A") { "B" } else { "A" });
    for bad in [tampered.as_str(), "q1.test.e30.AAAA", "nonsense"] {
        let order = with(json!({"quote_token": bad}));
        who.post("/v1/bookings", &order).await.expect_problem(422, "quote_mismatch");
    }
    let mut other = stage.order(&[(stage.deluxe, 2)]);
    other["quote_token"] = json!(token);
    who.post("/v1/bookings", &other).await.expect_problem(422, "quote_mismatch");
    stage.advance("PT16M").await;
    who.post("/v1/bookings", &with(json!({"quote_token": token}))).await.expect_problem(409, "quote_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_the_quote_expired_still_gets_its_booking() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let quote = stage.http().post("/v1/quotes", &stage.stay(&[(stage.deluxe, 1)])).await.expect(200);
    let mut order = stage.order(&[(stage.deluxe, 1)]);
    order["quote_token"] = quote["quote_token"].clone();
    let send = || who.call(Method::POST, "/v1/bookings").header("idempotency-key", "k").json(&order).send();
    let first = send().await;
    first.expect(201);
    stage.advance("PT1H").await;
    let again = send().await;
    assert_eq!(again.expect(201), first.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_another_checkout_setting_nor_what_became_of_the_booking_changes_the_answer_of_a_repeat() {
    let stage = Stage::plain().await;
    let token = testkit::token(&["traveller"], testkit::unique_uuid());
    let (_copy, there) = stage.copy_with_another_checkout().await;
    let (who, there) = (stage.http().as_caller(&token), there.as_caller(&token));
    let order = stage.order(&[(stage.deluxe, 1)]);
    let send =
        |at: &Http| at.call(Method::POST, "/v1/bookings").header("idempotency-key", "k").json(&order).send();
    let first = send(&who).await;
    let booking = first.expect(201);
    let same_everywhere = || async {
        for again in [send(&who).await, send(&there).await] {
            assert_eq!((again.expect(201), again.etag()), (booking.clone(), first.etag()));
            assert_eq!(again.header("location"), first.header("location"));
            assert_eq!(again.header("idempotency-replayed"), Some("true"));
        }
    };
    same_everywhere().await;
    stage.pay(&booking).await;
    same_everywhere().await;
    let path = format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap());
    who.post(&path, &json!({"note": "Ill."})).await.expect(200);
    same_everywhere().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_three_holds_are_open_at_once_and_references_are_ones_own() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let mut order = stage.order(&[(stage.deluxe, 1)]);
    order["client_reference"] = json!("trip-1");
    who.post("/v1/bookings", &order).await.expect(201);
    who.post("/v1/bookings", &order).await.expect_problem(422, "client_reference_reused");
    stage.book(&who, &[(stage.deluxe, 1)]).await;
    stage.book(&who, &[(stage.single, 1)]).await;
    who.post("/v1/bookings", &stage.order(&[(stage.deluxe, 1)])).await.expect_problem(429, "too_many_holds");
    stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_holds_more_than_a_traveller_may_and_as_many_as_its_own_limit_says() {
    for limit in [None, Some(5)] {
        let settings = limit.map(|limit| ("holds.open_per_channel", Set::Number(limit)));
        let stage = Stage::set(Setup { settings: settings.into_iter().collect(), ..Setup::default() }).await;
        let room = stage.room(9).await;
        let channel = stage.http().as_caller(testkit::token(&["channel"], testkit::unique_uuid()));
        for _ in 0..5 {
            stage.book(&channel, &[(room, 1)]).await;
        }
        let sixth = channel.post("/v1/bookings", &stage.order(&[(room, 1)])).await;
        if limit.is_none() {
            sixth.expect(201);
        } else {
            sixth.expect_problem(429, "too_many_holds");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calendar_is_the_managers_own_and_shows_every_night() {
    let stage = Stage::plain().await;
    stage.book(&stage.traveller(), &[(stage.deluxe, 2)]).await;
    let path = format!("/v1/hotels/{}/availability?start_date={}&end_date={}", stage.hotel, day(9), day(13));
    let all = stage.manager().get(&path).await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 8);
    let mut items = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let next = token.map(|token| format!("&page_token={token}")).unwrap_or_default();
        let page = stage.manager().get(&format!("{path}&page_size=3{next}")).await.expect(200);
        items.extend(page["items"].as_array().unwrap().clone());
        token = page["next_page_token"].as_str().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(&items, all["items"].as_array().unwrap());
    let sold: i64 = items.iter().map(|night| night["sold"].as_i64().unwrap()).sum();
    assert_eq!(sold, 4);
    stage
        .http()
        .as_caller(testkit::token(&["manager"], testkit::unique_uuid()))
        .get(&path)
        .await
        .expect_problem(404, "not_found");
    stage.traveller().get(&path).await.expect_problem(403, "forbidden");
    let long = format!("/v1/hotels/{}/availability?start_date={}&end_date={}", stage.hotel, day(0), day(63));
    stage.manager().get(&long).await.expect_problem(422, "invalid_stay");
}
