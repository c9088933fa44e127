//! A real OpenID provider (npm `oidc-provider`), found by its discovery document: a partner signs in, keys are rotated,
//! the issuer is away at a cold start. `cargo xtask test --only identity` installs it and runs these.

use std::{
    net::TcpListener,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use platform::{
    auth::{Role, mint},
    settings::Loader,
};
use reqwest::{Method, Response};
use serde_json::Value;
use testkit::wait::eventually_equals;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::greetings::{HOTEL, KEY, Site, claims, loader, problem};

/// New keys are looked for every 5 s at most; a loaded machine starts Node slowly.
const PATIENCE: Duration = Duration::from_secs(30);

struct Provider {
    base: String,
    _process: Child,
}

impl Provider {
    /// Starts it with these keys, of which the first one signs.
    async fn start(port: u16, kids: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/identity/provider.mjs");
        let mut command = Command::new("node");
        command.arg(program).arg(port.to_string()).args(kids).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("Node on the PATH");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.starts_with("answering") {
                return Self { base: format!("http://127.0.0.1:{port}"), _process: process };
            }
        }
        panic!("the provider ended before it answered");
    }

    async fn metadata(&self) -> Value {
        let url = format!("{}/.well-known/openid-configuration", self.base);
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    /// An access token, as a partner gets one.
    async fn token(&self) -> String {
        let endpoint = self.metadata().await["token_endpoint"].as_str().unwrap().to_owned();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "agency"),
            ("client_secret", "a secret of this test"),
            ("resource", "urn:vacancy"),
        ];
        let answer = reqwest::Client::new().post(endpoint).form(&form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }
}

/// A port of our own, free when the provider starts, and for its next start.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn trusting(issuer: &str, jwks_url: &str) -> Loader {
    let loader =
        loader().set("kit.auth.development_key", "").set("kit.auth.roles_claim", "realm_access.roles");
    loader.set("kit.auth.issuer", issuer).set("kit.auth.jwks_url", jwks_url)
}

async fn put(site: &Site, token: &str) -> Response {
    let call = site.call(Method::PUT, &format!("/v1/greetings/{HOTEL}")).header("if-match", "\"3\"");
    call.bearer_auth(token).send().await.unwrap()
}

async fn accepted(site: &Site, token: &str) {
    eventually_equals(PATIENCE, 204, || async { put(site, token).await.status().as_u16() }).await;
}

#[tokio::test]
#[ignore = "needs the provider: cargo xtask test --only identity"]
async fn a_partner_signs_in_and_goes_on_through_an_outage_and_new_keys() {
    let port = free_port();
    let provider = Provider::start(port, &["one"]).await;
    let metadata = provider.metadata().await;
    let (issuer, jwks) = (metadata["issuer"].as_str().unwrap(), metadata["jwks_uri"].as_str().unwrap());
    let site = Site::with(trusting(issuer, jwks)).await;
    let first = provider.token().await;
    assert_eq!(put(&site, &first).await.status(), 204);
    let made = site.create_as(&first, "{\"lines\":[]}").send().await.unwrap();
    assert_eq!(made.status(), 201, "the role stands where roles_claim says");
    let second = provider.token().await;
    drop(provider);
    assert_eq!(put(&site, &second).await.status(), 204, "known keys stay good while the issuer is away");
    let provider = Provider::start(port, &["two", "three"]).await;
    let rotated = provider.token().await;
    accepted(&site, &rotated).await;
}

#[tokio::test]
#[ignore = "needs the provider: cargo xtask test --only identity"]
async fn a_service_that_starts_without_its_issuer_refuses_at_once_and_recovers_by_itself() {
    let port = free_port();
    let issuer = format!("http://127.0.0.1:{port}");
    let site = Site::with(trusting(&issuer, &format!("{issuer}/jwks"))).await;
    let begun = Instant::now();
    problem(put(&site, &mint(KEY, &claims(&[Role::Manager])).unwrap()).await, 503, "unavailable").await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    let provider = Provider::start(port, &["one"]).await;
    let token = provider.token().await;
    accepted(&site, &token).await;
}
