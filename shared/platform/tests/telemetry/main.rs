//! Spans reach a collector. A process of its own: a subscriber is installed once per process.
#![cfg(test)]

use std::time::Duration;

use platform::settings::{KitSettings, Loader};
use serde::Deserialize;
use tokio::{io::AsyncReadExt as _, net::TcpListener};

#[derive(Deserialize)]
struct Settings {
    kit: KitSettings,
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_sent_to_the_configured_collector_at_the_latest_at_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let loader = Loader::new("")
        .set("kit.telemetry.otlp_endpoint", endpoint)
        .set("kit.telemetry.trace_share", 1.0)
        .set("kit.telemetry.log", "off");
    let settings: Settings = loader.load().unwrap();
    let collected = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = vec![0; 8192];
        let length = stream.read(&mut text).await.unwrap();
        String::from_utf8_lossy(&text[..length]).into_owned()
    });
    let telemetry = platform::telemetry::init("span-service", &settings.kit.telemetry).unwrap();
    tracing::info_span!("a piece of work").in_scope(|| ());
    let ending = tokio::task::spawn_blocking(move || drop(telemetry));
    let request = tokio::time::timeout(Duration::from_secs(20), collected).await.unwrap().unwrap();
    assert!(request.starts_with("POST /v1/traces HTTP/1.1"), "{request}");
    ending.await.unwrap();
}
