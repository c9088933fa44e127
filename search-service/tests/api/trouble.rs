use platform::{app::App as _, settings::Loader};
use search_service::{SearchApp, settings::Settings};
use testkit::http::Http;

use crate::stage::{SOON, Stage, start};

#[tokio::test(flavor = "multi_thread")]
async fn without_its_servers_the_service_starts_and_says_unavailable() {
    // Port 9 is discard: nothing of ours listens there.
    let settings: Settings = Loader::new(SearchApp::DEFAULT_TOML)
        .set("elasticsearch.urls", "http://127.0.0.1:9")
        .set("kafka.brokers", "127.0.0.1:9")
        .set("kit.http.handler_timeout_ms", 2_000)
        .set("kit.http.drain_seconds", 3)
        .load()
        .unwrap();
    let running = start(settings).await;
    let http = Http::at(format!("http://{}", running.address()));
    for path in ["/v1/search?q=rome", "/v1/search/hotels/0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70"] {
        let reply = http.get(path).await;
        reply.expect_problem(503, "unavailable");
        assert!(reply.header("retry-after").is_some(), "{path}");
    }
    http.get("/v1/search").await.expect_problem(422, "invalid_field");
    http.get("/healthz").await.expect(200);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let few = |loader: Loader| loader.set("kit.rate.public_per_second", 1).set("kit.rate.public_burst", 2);
    let stage = Stage::set_with(few).await;
    let mut limited = None;
    for _ in 0..10 {
        let reply = stage.http.get("/v1/search?q=rome").await;
        if reply.status == 429 {
            limited = Some(reply);
            break;
        }
    }
    let reply = limited.expect("ten searches in a row were all answered");
    reply.expect_problem(429, "rate_limited");
    assert!(reply.header("retry-after").is_some());
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_say_stale_once_a_reader_has_stopped() {
    let stage = Stage::set_with(|loader| loader.set("hotel_consumer.rejects_in_a_row", 2)).await;
    let page = stage.http.get("/v1/search?q=rome").await.expect(200);
    assert_eq!(page["stale"], false);
    for _ in 0..3 {
        stage.kafka.write(&stage.hotels, "hotel/x", Some(b"garbage"), &[]).await;
    }
    let stale = || async { stage.http.get("/v1/search?q=rome").await.expect(200)["stale"].clone() };
    testkit::wait::eventually_equals(SOON, true.into(), stale).await;
    stage.http.get("/readyz").await.expect(200);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_say_stale_while_the_event_log_does_not_answer() {
    let index = testkit::elasticsearch::lease().await;
    let settings: Settings = Loader::new(SearchApp::DEFAULT_TOML)
        .set("elasticsearch.urls", index.url.as_str())
        .set("kafka.brokers", "127.0.0.1:9")
        .set("kafka.request_timeout_ms", 500)
        .set("freshness.check_ms", 100)
        .set("index.alias", index.name("rooms"))
        .set("kit.http.handler_timeout_ms", 5_000)
        .set("kit.http.drain_seconds", 6)
        .load()
        .unwrap();
    // Topics cannot be made; the index is made first.
    assert!(SearchApp::migrate(&settings).await.is_err());
    let running = start(settings).await;
    let http = Http::at(format!("http://{}", running.address()));
    let stale = || async { http.get("/v1/search?q=rome").await.expect(200)["stale"].clone() };
    testkit::wait::eventually_equals(SOON, true.into(), stale).await;
    running.stop().await;
}

#[test]
fn the_openapi_document_has_both_operations_and_their_parameters() {
    let document = platform::openapi::document(&SearchApp::routes(), SearchApp::NAME);
    let search = &document["paths"]["/v1/search"]["get"];
    assert_eq!(search["operationId"], "search_hotels");
    assert_eq!(document["paths"]["/v1/search/hotels/{hotel_id}"]["get"]["operationId"], "get_hotel_page");
    let names: Vec<_> =
        search["parameters"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert!(
        !search["parameters"].to_string().contains("$ref"),
        "a parameter refers to a schema that may not be there"
    );
    assert!(!search["parameters"].to_string().contains("null"), "a parameter cannot be null");
    for name in ["q", "locality_id", "start_date", "child_ages", "price_min", "sort", "page_token"] {
        assert!(names.contains(&name.into()), "{name}");
    }
}
