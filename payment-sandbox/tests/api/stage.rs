//! A sandbox on a port of its own, with its data, its merchant, and links signed as the merchant signs them.

use std::path::Path;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use payment_sandbox::{SandboxApp, settings::Settings};
use platform::{
    app::{App as _, Running, launch},
    clock::SystemClock,
    settings::Loader,
};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use testkit::{
    http::{Http, Reply},
    token, unique_uuid,
};

use crate::receiver::{Receiver, SECRET};

pub(crate) const API_KEY: &str = "an api key of tests";
pub(crate) const LINK_SECRET: &str = "a checkout secret of tests";
pub(crate) const GOOD: &str = "4242424242424242";
pub(crate) const DECLINED: &str = "4000 0000 0000 0002";

pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) merchant: Receiver,
    pub(crate) browser: Http,
    pub(crate) api: Http,
    running: Running,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(tempfile::tempdir().unwrap(), Receiver::answering(&[]).await).await
    }

    pub(crate) async fn with(folder: TempDir, merchant: Receiver) -> Self {
        let settings = settings(folder.path(), &merchant.url);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let running = launch::<SandboxApp>(settings, listener).await.unwrap();
        let browser = Http::at(format!("http://{}", running.address()));
        let api = browser.as_caller(API_KEY);
        Self { folder, merchant, browser, api, running }
    }

    /// Stops the sandbox and starts it again on the same data.
    pub(crate) async fn restarted(self) -> Self {
        self.running.stop().await;
        Self::with(self.folder, self.merchant).await
    }

    pub(crate) async fn pay(&self, session: &Session, card: &str) -> Reply {
        pay(&self.browser, session, card).await
    }

    pub(crate) async fn script(&self, session: &Session, script: &Value) -> Value {
        self.api.put(&format!("/v1/scripts/{}", session.payment_id), script).await.expect(200)
    }

    pub(crate) async fn payment(&self, session: &Session) -> Value {
        self.api.get(&format!("/v1/payments/{}", session.payment_id)).await.expect(200)
    }

    pub(crate) async fn void(&self, session: &Session) -> Value {
        let path = format!("/v1/payments/{}/void", session.payment_id);
        self.api.call(reqwest::Method::POST, &path).send().await.expect(200)
    }

    pub(crate) async fn advance(&self, by: &str) {
        let operator = self.browser.as_caller(testkit::token(&["operator"], unique_uuid()));
        operator.post("/dev/clock", &json!({ "advance": by })).await.expect(200);
    }
}

pub(crate) async fn pay(browser: &Http, session: &Session, card: &str) -> Reply {
    browser.call(reqwest::Method::POST, &session.link()).form(&[("card_number", card)]).send().await
}

fn settings(folder: &Path, callback_url: &str) -> Settings {
    Loader::new(SandboxApp::DEFAULT_TOML)
        .set("kit.auth.development_key", token::DEVELOPMENT_KEY)
        .set("data.folder", folder.to_str().unwrap())
        .set("checkout.secret", LINK_SECRET)
        .set("api.key", API_KEY)
        .set("callbacks.url", callback_url)
        .set("callbacks.secret", format!("whsec_{SECRET}"))
        .set("callbacks.first_wait_ms", 20)
        .set("callbacks.poll_ms", 20)
        .set("jobs.clockwork_ms", 20)
        .set("development.clock", true)
        .load()
        .unwrap()
}

/// What a merchant's link says.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) payment_id: String,
    pub(crate) booking_id: String,
    pub(crate) amount: i64,
    pub(crate) expires: i64,
    pub(crate) return_url: String,
}

impl Session {
    /// 240.00 EUR, for ten minutes from now.
    pub(crate) fn new() -> Self {
        Self {
            payment_id: unique_uuid().to_string(),
            booking_id: unique_uuid().to_string(),
            amount: 24_000,
            expires: SystemClock.read().utc().timestamp() + 600,
            return_url: String::new(),
        }
    }

    pub(crate) fn returning_to(url: &str) -> Self {
        Self { return_url: url.to_owned(), ..Self::new() }
    }

    pub(crate) fn link(&self) -> String {
        let Self { payment_id, booking_id, amount, expires, return_url } = self;
        let signed = format!("v1\n{payment_id}\n{booking_id}\n{amount}\nEUR\n{expires}\n{return_url}");
        let mut mac = Hmac::<Sha256>::new_from_slice(LINK_SECRET.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        let sig = HEXLOWER.encode(&mac.finalize().into_bytes());
        let back = return_url.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
        let back = if back.is_empty() { String::new() } else { format!("&return_url={back}") };
        format!(
            "/checkout/{payment_id}?booking_id={booking_id}&amount={amount}&currency=EUR&expires={expires}{back}&sig={sig}"
        )
    }
}
