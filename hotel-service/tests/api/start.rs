use std::net::TcpListener;

use hotel_service::{HotelApp, settings::Settings};
use platform::{
    app::{App, launch},
    settings::Loader,
};
use sqlx::MySqlPool;
use testkit::{http::Http, kafka, mysql, token::DEVELOPMENT_KEY};

fn loader() -> Loader {
    let loader = Loader::new(HotelApp::DEFAULT_TOML).set("kit.telemetry.log", "off");
    loader.set("kit.auth.development_key", DEVELOPMENT_KEY)
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_makes_schema_and_topics_and_may_run_again() {
    let (database, kafka) = (mysql::hotel().await, kafka::lease());
    let topic = kafka.name("hotel.events");
    let settings: Settings = loader()
        .set("mysql.url", database.url.as_str())
        .set("kafka.brokers", kafka.brokers.as_str())
        .set("events.topic", topic.as_str())
        .load()
        .unwrap();
    for _ in 0..2 {
        HotelApp::migrate(&settings).await.unwrap();
    }
    assert!(kafka.read_all(&topic).await.is_empty());
    assert!(kafka.read_all(&format!("{topic}.dlq")).await.is_empty());
    let pool = MySqlPool::connect(&database.url).await.unwrap();
    let facilities: i64 =
        sqlx::query_scalar("select count(*) from facilities").fetch_one(&pool).await.unwrap();
    assert!(facilities > 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_the_service_says_503_and_when_to_come_again() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = loader()
        .set("mysql.url", format!("mysql://nobody@{closed}/nothing"))
        .set("mysql.acquire_timeout_ms", 200)
        .set("kafka.brokers", closed.to_string())
        .load()
        .unwrap();
    let running = launch::<HotelApp>(settings, TcpListener::bind("127.0.0.1:0").unwrap()).await.unwrap();
    let anybody = Http::at(format!("http://{}", running.address()));
    let reply = anybody.get("/v1/facilities").await;
    reply.expect_problem(503, "unavailable");
    assert!(reply.header("retry-after").is_some());
    anybody.get("/healthz").await.expect(200);
    assert_eq!(anybody.get("/readyz").await.status, 503);
    running.stop().await;
}
