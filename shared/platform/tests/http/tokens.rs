//! Who may call.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use platform::auth::{Claims, Role, mint};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::greetings::{HOTEL, KEY, Site, claims, loader, problem, token};

#[tokio::test]
async fn without_a_valid_token_it_is_401_and_without_the_role_403() {
    let site = Site::start().await;
    let call = || site.call(Method::POST, &format!("/v1/greetings/{HOTEL}"));
    let none = call().send().await.unwrap();
    assert_eq!(none.headers()["www-authenticate"], "Bearer");
    problem(none, 401, "unauthenticated").await;
    let past = Claims { exp: 1, ..claims(&[Role::Manager]) };
    let elsewhere = Claims { aud: "elsewhere".to_owned(), ..claims(&[Role::Manager]) };
    let tokens = [
        mint(KEY, &past).unwrap(),
        mint(KEY, &elsewhere).unwrap(),
        mint("another development key of 32 bytes", &claims(&[Role::Manager])).unwrap(),
        "eyJhbGciOiJub25lIn0.e30.".to_owned(),
    ];
    for token in tokens {
        problem(call().bearer_auth(token).send().await.unwrap(), 401, "unauthenticated").await;
    }
    problem(call().bearer_auth(token(&[Role::Traveller])).send().await.unwrap(), 403, "forbidden").await;
}

#[tokio::test]
async fn who_may_call_is_decided_before_the_body_is_looked_at() {
    let site = Site::start().await;
    let call = site.call(Method::POST, &format!("/v1/greetings/{HOTEL}")).body("not json");
    problem(call.send().await.unwrap(), 401, "unauthenticated").await;
}

#[tokio::test]
async fn a_test_scenario_forces_a_declared_refusal_only_where_it_is_allowed_and_after_auth() {
    let site = Site::with(loader().set("kit.http.allow_test_scenarios", true)).await;
    let scenario = |code: &'static str| site.create("{\"lines\":[]}").header("x-test-scenario", code);
    problem(scenario("sold_out").send().await.unwrap(), 409, "sold_out").await;
    assert_eq!(scenario("quote_expired").send().await.unwrap().status(), 201, "not declared");
    let nobody =
        site.call(Method::POST, &format!("/v1/greetings/{HOTEL}")).header("x-test-scenario", "sold_out");
    problem(nobody.send().await.unwrap(), 401, "unauthenticated").await;
    let production = Site::start().await;
    let call = production.create("{\"lines\":[]}").header("x-test-scenario", "sold_out");
    assert_eq!(call.send().await.unwrap().status(), 201);
}

/// An issuer's key pair, made for this test and used nowhere else.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIMx9k5tw3IrMboKgFpDpRffAPMfxWhiV5+eCgBJDhXSn\n-----END PRIVATE KEY-----\n";
const PUBLIC_X: &str = "ef_2rkKnTu1dDka9R9KXvKHsdv_9qsEGa3JoZ_q0uV0";

/// Serves a key set as an issuer would, and counts how often it is asked.
async fn issuer(asked: Arc<AtomicU32>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let keys =
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": PUBLIC_X }] }).to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            asked.fetch_add(1, Ordering::SeqCst);
            let _read = stream.read(&mut [0; 4096]).await.unwrap();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{keys}", keys.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

fn signed(algorithm: Algorithm, id: &str, key: &EncodingKey) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
    encode(&header, &claims(&[]), key).unwrap()
}

#[tokio::test]
async fn an_issuers_key_is_fetched_once_and_good_for_its_own_algorithm_only() {
    let asked = Arc::new(AtomicU32::new(0));
    let settings =
        loader().set("kit.auth.development_key", "").set("kit.auth.jwks_url", issuer(asked.clone()).await);
    let site = Site::with(settings).await;
    let put = |token: String| {
        let call = site.call(Method::PUT, &format!("/v1/greetings/{HOTEL}")).header("if-match", "\"3\"");
        call.bearer_auth(token).send()
    };
    let key = EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap();
    let good = signed(Algorithm::EdDSA, "one", &key);
    for _ in 0..3 {
        assert_eq!(put(good.clone()).await.unwrap().status(), 204);
    }
    let confused = signed(Algorithm::HS256, "one", &EncodingKey::from_secret(PUBLIC_X.as_bytes()));
    let development = signed(Algorithm::HS256, "one", &EncodingKey::from_secret(KEY.as_bytes()));
    let unknown = signed(Algorithm::EdDSA, "two", &key);
    for wrong in [confused, development, unknown.clone(), unknown] {
        problem(put(wrong).await.unwrap(), 401, "unauthenticated").await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "unknown keys do not make us ask at will");
}

/// An issuer that takes connections and never answers, as a network does that drops packets.
async fn black_hole() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn an_issuer_that_is_away_at_a_cold_start_makes_it_503_at_once_for_everybody() {
    let (_hole, hole) = black_hole().await;
    for away in ["http://127.0.0.1:1/keys", &hole] {
        let settings = loader().set("kit.auth.development_key", "").set("kit.auth.jwks_url", away);
        let site = Site::with(settings).await;
        let key = EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap();
        let token = signed(Algorithm::EdDSA, "one", &key);
        let begun = Instant::now();
        let calls = (0..50).map(|_| {
            let call = site.call(Method::PUT, &format!("/v1/greetings/{HOTEL}"));
            call.bearer_auth(&token).send()
        });
        for answer in futures::future::join_all(calls).await {
            let answer = answer.unwrap();
            assert!(answer.headers().contains_key("retry-after"));
            problem(answer, 503, "unavailable").await;
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{away}: {:?}", begun.elapsed());
    }
}
