//! A refund that the provider refuses, and the operator's command that makes it anew: booking-service, the sandbox and the
//! binary as they run.

use std::{net::TcpListener, process::Command, time::Duration};

use booking_service::BookingApp;
use payment_sandbox::SandboxApp;
use platform::{
    app::{App, Running, launch},
    settings::Loader,
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{http::Http, mysql, token};
use vacancy::admin::{
    Stores,
    audit::{AuditArgs, Audited, Outcome, audit},
};

use crate::world::World;

const DEADLINE: Duration = Duration::from_secs(20);
const API_KEY: &str = "an api key of tests";
const LINK_SECRET: &str = "a checkout secret of tests";
const CALLBACK_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:9";

struct Stage {
    booking: Http,
    sandbox: Http,
    db: mysql::Lease,
    stores: Stores,
    world: World,
    _running: [Running; 2],
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set() -> Self {
        let (hotels, db) = (mysql::hotel().await, mysql::booking().await);
        let world = World::make(&hotels.pool, &db.pool).await;
        let folder = tempfile::tempdir().unwrap();
        let [ours, theirs] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let base = |of: &TcpListener| format!("http://{}", of.local_addr().unwrap());
        let (booking, sandbox) = (base(&ours), base(&theirs));
        let provider = Loader::new(SandboxApp::DEFAULT_TOML)
            .set("kit.auth.development_key", token::DEVELOPMENT_KEY)
            .set("data.folder", folder.path().to_str().unwrap())
            .set("checkout.secret", LINK_SECRET)
            .set("api.key", API_KEY)
            .set("callbacks.url", format!("{booking}/v1/payments/callbacks"))
            .set("callbacks.secret", CALLBACK_SECRET)
            .set("callbacks.poll_ms", 20);
        let provider = launch::<SandboxApp>(provider.load().unwrap(), theirs).await.unwrap();
        let service = launch::<BookingApp>(booking_settings(&db.url, &sandbox), ours).await.unwrap();
        let settings = crate::stage::settings(&[("mysql.booking.url", &db.url)]);
        Self {
            booking: Http::at(booking),
            sandbox: Http::at(sandbox),
            db,
            stores: Stores::new(settings).unwrap(),
            world,
            _running: [provider, service],
            _folder: folder,
        }
    }

    /// Books, pays at the sandbox's page and waits until the booking is BOOKED.
    async fn paid(&self, who: &Http) -> Value {
        let (hotel, line) = (self.world.held.hotel_id, &self.world.held.facts.lines[0]);
        let dates = self.world.held.dates;
        let order = json!({
            "hotel_id": hotel, "start_date": dates.start_date(), "end_date": dates.end_date(),
            "lines": [{"room_id": line.room_id, "quantity": 1, "adults": 1}],
            "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.com"},
        });
        let booking = who.post("/v1/bookings", &order).await.expect(201);
        let url = booking["checkout"]["url"].as_str().unwrap();
        let page = url.strip_prefix(self.sandbox.base()).unwrap();
        self.sandbox.call(Method::GET, page).header("accept", "text/html").send().await;
        let card = self.sandbox.call(Method::POST, page).form(&[("card_number", "4242424242424242")]);
        card.send().await;
        let sql = "select cast(status as char) from bookings where booking_id = ?";
        self.becomes(sql, &booking["booking_id"], "BOOKED").await;
        booking
    }

    /// From now on the sandbox refuses refunds of the booking's payment, or takes them.
    async fn refunds_are(&self, booking: &Value, word: &str) {
        let path = format!("/v1/scripts/{}", booking["payment"]["payment_id"].as_str().unwrap());
        self.sandbox.as_caller(API_KEY).put(&path, &json!({"refunds": word})).await.expect(200);
    }

    /// Id, name at the provider and status of the booking's refund, once it has that status.
    async fn refund_becomes(&self, booking: &Value, status: &str) {
        let sql = "select cast(status as char) from refunds where booking_id = ?";
        self.becomes(sql, &booking["booking_id"], status).await;
    }

    async fn becomes(&self, sql: &'static str, id: &Value, wanted: &str) {
        let id: uuid::Uuid = id.as_str().unwrap().parse().unwrap();
        testkit::eventually(DEADLINE, || async {
            let found: Option<String> =
                sqlx::query_scalar(sql).bind(id).fetch_optional(&self.db.pool).await.unwrap();
            (found.as_deref() == Some(wanted)).then_some(())
        })
        .await;
    }

    /// The refund as the provider knows it by that name.
    async fn at_the_provider(&self, name: &str) -> String {
        let refund = self.sandbox.as_caller(API_KEY).get(&format!("/v1/refunds/{name}")).await.expect(200);
        refund["status"].as_str().unwrap().to_owned()
    }

    async fn audit(&self) -> Audited {
        let args = AuditArgs { wait: Duration::ZERO, json: false, only: vec!["owed".to_owned()] };
        audit(&self.stores, &args, |_| ()).await.pop().unwrap()
    }

    /// What `vacancy admin payments refunds ...` prints.
    async fn command(&self, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vacancy"));
        command.env_remove("VACANCY_CONFIG").env_remove("VACANCY_OPERATOR_TOKEN");
        for (key, value) in [
            ("SERVICES__BOOKING", self.booking.base()),
            ("KIT__AUTH__DEVELOPMENT_KEY", token::DEVELOPMENT_KEY),
            ("KIT__AUTH__ISSUER", token::ISSUER),
            ("KIT__AUTH__AUDIENCE", token::AUDIENCE),
        ] {
            command.env(format!("VACANCY_ADMIN__{key}"), value);
        }
        command.args(["admin", "payments", "refunds"]).args(words);
        let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}

fn booking_settings(db: &str, sandbox: &str) -> booking_service::settings::Settings {
    let key =
        std::collections::HashMap::from([("id", "test"), ("secret", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")]);
    let loader = Loader::new(BookingApp::DEFAULT_TOML)
        .set("kit.auth.issuer", token::ISSUER)
        .set("kit.auth.audience", token::AUDIENCE)
        .set("kit.auth.development_key", token::DEVELOPMENT_KEY)
        .set("mysql.url", db)
        .set("redis.url", format!("redis://{NOWHERE}/0"))
        .set("kafka.brokers", NOWHERE)
        .set("database_users.mgmt_password", "x")
        .set("database_users.archival_password", "x")
        .set("checkout.base_url", sandbox)
        .set("checkout.secret", LINK_SECRET)
        .set("provider.url", sandbox)
        .set("provider.api_key", API_KEY)
        .set("callbacks.secrets", vec![CALLBACK_SECRET])
        .set("quotes.keys", vec![key])
        .set("jobs.owed_ms", 100)
        .set("cassandra.nodes", testkit::stack::cassandra_nodes());
    loader.load().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_the_provider_refuses_is_money_owed_until_an_operator_makes_it_anew() {
    let stage = Stage::set().await;
    let who = stage.booking.as_caller(testkit::token(&["traveller"], testkit::unique_uuid()));
    let booking = stage.paid(&who).await;
    stage.refunds_are(&booking, "refused").await;
    let path = format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap());
    who.post(&path, &json!({})).await.expect(200);
    stage.refund_becomes(&booking, "failed").await;

    let found = stage.audit().await;
    assert_eq!((found.outcome, found.breaches), (Outcome::Breach, 1));
    assert!(found.shown[0].contains("refused, money owed"), "{:?}", found.shown);
    let listed = stage.command(&["list", "--refused"]).await;
    let row = listed.lines().find(|line| line.contains(booking["booking_id"].as_str().unwrap())).unwrap();
    let refund = row.split_whitespace().next().unwrap().to_owned();
    assert!(row.contains("refused"), "{row}");

    // Refused under the second name as well: each name is burnt, and money owed stays money owed.
    let second = name_in(&stage.command(&["retry", &refund]).await);
    assert_ne!(second, refund);
    stage.refund_becomes(&booking, "failed").await;
    assert_eq!(stage.at_the_provider(&second).await, "failed");

    stage.refunds_are(&booking, "accepted").await;
    let third = name_in(&stage.command(&["retry", &refund]).await);
    stage.refund_becomes(&booking, "succeeded").await;
    assert_eq!(stage.at_the_provider(&third).await, "succeeded");
    for burnt in [&refund, &second] {
        assert_eq!(stage.at_the_provider(burnt).await, "failed");
    }
    assert_eq!(stage.audit().await.outcome, Outcome::Clean);
    let sql = "select cast(status as char) from payments where booking_id = ?";
    stage.becomes(sql, &booking["booking_id"], "refunded").await;

    // Once more: it is done, and nothing goes back a second time.
    let again = stage.command(&["retry", &refund]).await;
    assert!(again.contains("is confirmed") && again.contains(&third), "{again}");
    assert!(!stage.command(&["list"]).await.contains(&refund));
    let paid = booking["payment"]["payment_id"].as_str().unwrap();
    let payment = stage.sandbox.as_caller(API_KEY).get(&format!("/v1/payments/{paid}")).await.expect(200);
    assert_eq!(payment["refunded"], booking["price"]["due_now"]);
}

/// The last word of what `retry` prints.
fn name_in(printed: &str) -> String {
    printed.split_whitespace().last().unwrap().to_owned()
}
