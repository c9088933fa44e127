//! Start, readiness, metrics, the end.

use std::{
    net::TcpListener,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use platform::{app::launch, start::StartError};
use serde_json::Value;

use crate::greetings::{GreetingApp, Site, loader};

#[tokio::test]
async fn health_readiness_metrics_and_docs_are_there() {
    let site = Site::start().await;
    assert_eq!(site.get("/healthz").send().await.unwrap().status(), 200);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            site.call(reqwest::Method::HEAD, path).send().await.unwrap().status(),
            200,
            "a balancer may ask {path} with HEAD"
        );
    }
    let ready: Value = site.get("/readyz").send().await.unwrap().json().await.unwrap();
    assert_eq!(ready["ready"], true);
    site.get("/v1/trace").send().await.unwrap();
    let metrics = site.get("/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("http_request_seconds_bucket{operation=\"trace\""), "{metrics}");
    assert!(metrics.contains("http_requests_total{operation=\"trace\",status=\"200\"}"), "{metrics}");
    let process = |name: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
    };
    let above_zero = ["resident_memory_bytes", "threads", "open_fds", "max_fds", "start_time_seconds"];
    for name in above_zero {
        assert!(process(&format!("process_{name}")) > 0.0, "{name}");
    }
    assert!(process("process_cpu_seconds_total") >= 0.0);
    assert!(process("tokio_workers") >= 1.0 && process("tokio_workers_busy_seconds_total") >= 0.0);
    let page = site.get("/docs/").send().await.unwrap();
    assert!(page.text().await.unwrap().contains("swagger"));
    let document: Value = site.get("/openapi.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn what_is_away_makes_the_service_not_ready_until_it_is_back() {
    let site = Site::start().await;
    for (away, status) in [(true, 503), (false, 200)] {
        site.kept.not_ready.store(away, Ordering::SeqCst);
        let deadline = Instant::now() + Duration::from_secs(10);
        while site.get("/readyz").send().await.unwrap().status() != status {
            assert!(Instant::now() < deadline, "still not {status}");
            tokio::task::yield_now().await;
        }
        assert_eq!(site.get("/healthz").send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_drain_finishes_requests_then_jobs_and_accepts_no_more() {
    let site = Site::start().await;
    let (kept, address) = (site.kept.clone(), site.running.address());
    let slow = tokio::spawn(site.get("/v1/slow").send());
    kept.begun.notified().await;
    let stopping = tokio::spawn(site.running.stop());
    while std::net::TcpStream::connect(address).is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!kept.job_ended.load(Ordering::SeqCst), "jobs go on while requests are in work");
    kept.go.notify_one();
    assert_eq!(slow.await.unwrap().unwrap().status(), 204);
    stopping.await.unwrap();
    assert!(kept.job_ended.load(Ordering::SeqCst));
}

#[tokio::test]
async fn contradictory_settings_are_refused_all_at_once() {
    let wrong = loader()
        .set("kit.auth.jwks_url", "http://id.test/keys")
        .set("kit.rate.public_burst", 0)
        .set("kit.telemetry.trace_share", 2.0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = launch::<GreetingApp>(wrong.load().unwrap(), listener).await.err().unwrap();
    let StartError::Settings(problems) = refused else { panic!("{refused}") };
    let keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["kit.auth.development_key", "kit.rate.public_burst", "kit.telemetry.trace_share"]);
}
