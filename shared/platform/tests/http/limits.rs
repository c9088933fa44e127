//! Bounds on size, rate and time.

use platform::auth::Role;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::greetings::{HOTEL, Site, loader, problem, token};

#[tokio::test]
async fn a_body_above_the_limit_is_413_whether_announced_or_not() {
    let site = Site::start().await;
    let big = format!("{{\"lines\":[{}]}}", "{\"quantity\":1},".repeat(200));
    problem(site.create(big.clone()).send().await.unwrap(), 413, "body_too_large").await;
    let length = big.len();
    let head = format!(
        "POST /v1/greetings/{HOTEL} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{big}\r\n0\r\n\r\n",
        token(&[Role::Manager]),
    );
    assert!(raw(&site, &head).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_client_that_does_not_send_its_headers_or_body_is_cut_off() {
    let quick = loader().set("kit.http.header_timeout_ms", 1000).set("kit.http.body_timeout_ms", 100);
    let site = Site::with(quick).await;
    let headers = raw(&site, "GET /v1/trace HTTP/1.1\r\nhost: x\r\n").await;
    assert!(headers.is_empty() || headers.starts_with("HTTP/1.1 408 "), "{headers}");
    let body = format!(
        "POST /v1/greetings/{HOTEL} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         idempotency-key: k\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{{",
        token(&[Role::Manager]),
    );
    let body = raw(&site, &body).await;
    assert!(body.starts_with("HTTP/1.1 408 ") && body.contains("request_timeout"), "{body}");
}

/// Sends raw bytes and reads until the answer's head is there or the server closes.
async fn raw(site: &Site, text: &str) -> String {
    let mut stream = TcpStream::connect(site.running.address()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains("retryable") {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.extend_from_slice(&chunk[..length]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn beyond_the_burst_it_is_429_with_the_time_to_wait() {
    let site =
        Site::with(loader().set("kit.rate.public_burst", 2).set("kit.rate.public_per_second", 1)).await;
    for left in ["\"address\";r=1;t=1", "\"address\";r=0;t=2"] {
        let answered = site.get("/v1/trace").send().await.unwrap();
        assert_eq!(
            (answered.status().as_u16(), answered.headers()["ratelimit"].to_str().unwrap()),
            (200, left)
        );
        assert_eq!(answered.headers()["ratelimit-policy"], "\"address\";q=1;w=1;burst=2");
    }
    let refused = site.get("/v1/trace").send().await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.headers()["ratelimit"], "\"address\";r=0;t=1");
    let body = problem(refused, 429, "rate_limited").await;
    assert_eq!(body["retryable"], true);
}

#[tokio::test]
async fn the_address_of_a_caller_is_taken_from_the_gateway_only() {
    let few = || loader().set("kit.rate.public_burst", 1).set("kit.rate.public_per_second", 1);
    let behind = Site::with(few().set("kit.http.gateway_addresses", vec!["127.0.0.0/8"])).await;
    for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        let call = behind.get("/v1/trace").header("x-forwarded-for", format!("10.0.0.1, {address}"));
        assert_eq!(call.send().await.unwrap().status(), 200);
    }
    let bare = Site::with(few()).await;
    assert_eq!(
        bare.get("/v1/trace").header("x-forwarded-for", "192.0.2.1").send().await.unwrap().status(),
        200
    );
    let again = bare.get("/v1/trace").header("x-forwarded-for", "192.0.2.2").send().await.unwrap();
    problem(again, 429, "rate_limited").await;
}

#[tokio::test]
async fn callers_are_limited_one_by_one() {
    let site =
        Site::with(loader().set("kit.rate.caller_burst", 1).set("kit.rate.caller_per_second", 1)).await;
    let put = || site.call(Method::PUT, &format!("/v1/greetings/{HOTEL}")).header("if-match", "\"3\"");
    let joe = token(&[]);
    assert_eq!(put().bearer_auth(&joe).send().await.unwrap().status(), 204);
    problem(put().bearer_auth(&joe).send().await.unwrap(), 429, "rate_limited").await;
}

#[tokio::test]
async fn a_public_operation_called_with_a_valid_token_costs_the_caller_and_not_the_address() {
    let few = loader().set("kit.rate.public_burst", 1).set("kit.rate.public_per_second", 1);
    let few = few.set("kit.rate.callers.joe.burst", 3).set("kit.rate.callers.joe.per_second", 1);
    let site = Site::with(few).await;
    let call = |token: &str| site.get("/v1/trace").bearer_auth(token).send();
    let agency = token(&[Role::Channel]);
    for left in 0..3 {
        let answered = call(&agency).await.unwrap();
        assert_eq!(answered.status(), 200);
        assert!(
            answered.headers()["ratelimit"]
                .to_str()
                .unwrap()
                .starts_with(&format!("\"contract\";r={}", 2 - left))
        );
    }
    problem(call(&agency).await.unwrap(), 429, "rate_limited").await;
    assert_eq!(call("not a token").await.unwrap().status(), 200, "a public operation needs none");
    problem(call("not a token").await.unwrap(), 429, "rate_limited").await;
}

#[tokio::test]
async fn tokens_that_were_not_seen_before_are_checked_no_oftener_than_their_address_may_ask() {
    let site = Site::with(loader().set("kit.rate.check_burst", 1).set("kit.rate.check_per_second", 1)).await;
    let put = |token: String| {
        let call = site.call(Method::PUT, &format!("/v1/greetings/{HOTEL}")).header("if-match", "\"3\"");
        call.bearer_auth(token).send()
    };
    let known = token(&[]);
    assert_eq!(put(known.clone()).await.unwrap().status(), 204);
    problem(put(token(&[Role::Manager])).await.unwrap(), 429, "rate_limited").await;
    assert_eq!(put(known).await.unwrap().status(), 204, "a token seen before costs no check");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_503_and_more_than_the_limit_in_work_is_overloaded() {
    let site =
        Site::with(loader().set("kit.http.handler_timeout_ms", 100).set("kit.http.max_in_flight", 1)).await;
    let late = site.get("/v1/slow").send().await.unwrap();
    assert_eq!(late.headers()["retry-after"], "1");
    problem(late, 503, "unavailable").await;
    problem(site.get("/v1/trace").send().await.unwrap(), 503, "overloaded").await;
    site.kept.go.notify_waiters();
}
