//! Who may call.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
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
/// Another's.
const FOREIGN: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAlEcWUbXlfCjwyzOPaR7hDNsu6uZ79TAsEM+5Vy4Mvi\n-----END PRIVATE KEY-----\n";
const PUBLIC_X: &str = "ef_2rkKnTu1dDka9R9KXvKHsdv_9qsEGa3JoZ_q0uV0";

/// An issuer with one key.
#[derive(Clone, Default)]
struct Issuer {
    asked: Arc<AtomicU32>,
    /// Whether it hangs up without a word.
    away: Arc<AtomicBool>,
    /// Whether its key is `two`, no longer `one`.
    turned: Arc<AtomicBool>,
    /// Whether its set is empty.
    emptied: Arc<AtomicBool>,
}

impl Issuer {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        tokio::spawn(self.clone().serve(listener));
        url
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.away.load(Ordering::SeqCst) {
                continue;
            }
            let id = if self.turned.load(Ordering::SeqCst) { "two" } else { "one" };
            let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": PUBLIC_X });
            let told = if self.emptied.load(Ordering::SeqCst) { Vec::new() } else { vec![key] };
            let keys = json!({ "keys": told }).to_string();
            let _read = stream.read(&mut [0; 4096]).await.unwrap();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{keys}", keys.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
}

async fn site_of(issuer: &Issuer) -> Site {
    let url = issuer.start().await;
    Site::with(loader().set("kit.auth.development_key", "").set("kit.auth.jwks_url", url)).await
}

async fn put(site: &Site, token: &str) -> reqwest::Response {
    let call = site.call(Method::PUT, &format!("/v1/greetings/{HOTEL}")).header("if-match", "\"3\"");
    call.bearer_auth(token).send().await.unwrap()
}

fn signed(algorithm: Algorithm, id: impl Into<Option<&'static str>>, key: &EncodingKey) -> String {
    let header = Header { kid: id.into().map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, &claims(&[]), key).unwrap()
}

#[tokio::test]
async fn an_issuers_key_is_fetched_once_and_good_for_its_own_algorithm_only() {
    let issuer = Issuer::default();
    let site = site_of(&issuer).await;
    let key = EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap();
    let good = signed(Algorithm::EdDSA, "one", &key);
    for _ in 0..3 {
        assert_eq!(put(&site, &good).await.status(), 204);
    }
    let confused = signed(Algorithm::HS256, "one", &EncodingKey::from_secret(PUBLIC_X.as_bytes()));
    let development = signed(Algorithm::HS256, "one", &EncodingKey::from_secret(KEY.as_bytes()));
    let unknown = signed(Algorithm::EdDSA, "two", &key);
    for wrong in [confused, development, unknown.clone(), unknown] {
        problem(put(&site, &wrong).await, 401, "unauthenticated").await;
    }
    assert_eq!(issuer.asked.load(Ordering::SeqCst), 1, "unknown keys do not make us ask at will");
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

#[tokio::test]
async fn a_new_key_of_an_issuer_that_is_away_makes_it_503_until_it_is_back_and_known_keys_go_on() {
    let issuer = Issuer::default();
    let site = site_of(&issuer).await;
    let key = EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap();
    let (known, new) = (signed(Algorithm::EdDSA, "one", &key), signed(Algorithm::EdDSA, "two", &key));
    problem(put(&site, &new).await, 401, "unauthenticated").await;
    issuer.away.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    answers(&site, &new, 401, 503).await;
    for _ in 0..20 {
        let refused = put(&site, &new).await;
        assert!(refused.headers().contains_key("retry-after"));
        problem(refused, 503, "unavailable").await;
    }
    let nameless =
        |pem: &str| signed(Algorithm::EdDSA, None, &EncodingKey::from_ed_pem(pem.as_bytes()).unwrap());
    problem(put(&site, &nameless(FOREIGN)).await, 503, "unavailable").await;
    for known in [known, nameless(PRIVATE)] {
        assert_eq!(put(&site, &known).await.status(), 204);
    }
    issuer.turned.store(true, Ordering::SeqCst);
    issuer.away.store(false, Ordering::SeqCst);
    answers(&site, &new, 503, 204).await;
    problem(put(&site, &nameless(FOREIGN)).await, 401, "unauthenticated").await;
    let asked = u64::from(issuer.asked.load(Ordering::SeqCst));
    assert!(asked <= 2 + begun.elapsed().as_secs() / 5, "{asked} times in {:?}", begun.elapsed());
}

#[tokio::test]
async fn an_empty_set_after_a_good_one_takes_no_known_key_away() {
    let issuer = Issuer::default();
    let site = site_of(&issuer).await;
    let key = EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap();
    let (known, new) = (signed(Algorithm::EdDSA, "one", &key), signed(Algorithm::EdDSA, "two", &key));
    assert_eq!(put(&site, &known).await.status(), 204);
    issuer.emptied.store(true, Ordering::SeqCst);
    // The issuer has nothing to say about a new key, which is no reason to call its token wrong.
    answers(&site, &new, 401, 503).await;
    assert_eq!(put(&site, &known).await.status(), 204);
}

/// Puts again and again, as long as the answer stays what it was.
async fn answers(site: &Site, token: &str, before: u16, after: u16) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        let status = put(site, token).await.status().as_u16();
        if status == after {
            return;
        }
        assert_eq!(status, before);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("still {before}");
}
