//! Mails that were given up, and the operator's command that sends them after all: the database, the mail server and the
//! binary as they run.

use std::{process::Command, sync::Arc, time::Duration};

use domain::{
    BookingId,
    event::{BookingEvent, BookingHappening, CloudEvent, Occurrence},
};
use notification_service::NotificationApp;
use platform::{
    app::{App as _, Running, launch},
    settings::Loader,
};
use serde_json::Value;
use testkit::{mail::Mailbox, mysql};
use vacancy::admin::{
    Stores,
    audit::{AuditArgs, Audited, Outcome, audit},
};

use crate::stage;

const SOON: Duration = Duration::from_mins(1);

struct Stage {
    db: mysql::Lease,
    file: tempfile::NamedTempFile,
    traveller: Mailbox,
}

impl Stage {
    async fn set() -> Self {
        let db = mysql::notification().await;
        let file = stage::notification_file(&db.url);
        Self { db, file, traveller: testkit::mail::mailbox() }
    }

    /// A mail that was given up so many minutes ago; its Message-ID.
    async fn given_up(&self, minutes: i64) -> String {
        let mut booking = testkit::booking::record();
        let facts = Arc::make_mut(&mut booking.facts);
        facts.booker.email = domain::Email::parse(&self.traveller.address).unwrap();
        facts.email_verified = true;
        let id = booking.booking_id;
        let kind = BookingHappening::Completed.kind();
        let occurrence = Occurrence { kind, subject: id.to_string(), time: booking.updated_at };
        let user = booking.user_id.uuid();
        let body = BookingEvent { booking, from: None, actor: None, refund: None, invoice: None };
        let event = testkit::unique_uuid();
        let told = CloudEvent::new(event.into(), "/test", occurrence, body);
        let message_id = format!("{}@vacancy.example", event.simple());
        let sql = "insert into mails (event_id, recipient, kind, booking_id, user_id, status, message_id, event, unpaid, \
                   attempts, last_error, version, created_at, updated_at) values (?, ?, 'completed', ?, ?, 'given_up', \
                   concat('<', ?, '>'), ?, false, 3, '550 no such user', 1, now(6), now(6) - interval ? minute)";
        let query =
            sqlx::query(sql).bind(event).bind(&self.traveller.address).bind(BookingId::uuid(id)).bind(user);
        let query = query.bind(&message_id).bind(serde_json::to_vec(&told).unwrap()).bind(minutes);
        query.execute(&self.db.pool).await.unwrap();
        message_id
    }

    async fn service(&self) -> Running {
        let settings = Loader::new(NotificationApp::DEFAULT_TOML)
            .file(self.file.path())
            .set("kafka.brokers", "127.0.0.1:9")
            .set("sending.every_ms", 100);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        launch::<NotificationApp>(settings.load().unwrap(), listener).await.unwrap()
    }

    /// Exit code and what `vacancy admin mails ...` prints.
    async fn command(&self, words: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vacancy"));
        command
            .env_remove("VACANCY_CONFIG")
            .env("VACANCY_ADMIN__SERVICE_SETTINGS__NOTIFICATION", self.file.path());
        command.args(["admin", "mails"]).args(words);
        let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8(text).unwrap())
    }

    async fn audit(&self) -> Audited {
        let booking = mysql::booking().await;
        let file = self.file.path().to_str().unwrap();
        let settings =
            stage::settings(&[("mysql.booking.url", &booking.url), ("service_settings.notification", file)]);
        let stores = Stores::new(settings).unwrap();
        let args = AuditArgs { wait: Duration::ZERO, json: false, only: vec!["mails".to_owned()] };
        audit(&stores, &args, |_| ()).await.pop().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_listed_page_by_page_and_sent_once_an_operator_says_so() {
    let stage = Stage::set().await;
    let [new, middle, old] =
        [stage.given_up(1).await, stage.given_up(2).await, stage.given_up(60 * 25).await];
    let found = stage.audit().await;
    assert_eq!((found.outcome, found.breaches), (Outcome::Breach, 2), "{:?} {:?}", found.shown, found.error);

    let (_, listed) = stage.command(&["list", "--limit", "2", "--json"]).await;
    let page: Value = serde_json::from_str(&listed).unwrap();
    let ids: Vec<_> = page["items"].as_array().unwrap().iter().map(|mail| &mail["message_id"]).collect();
    assert_eq!(ids, [&new, &middle]);
    assert_eq!(page["items"][0]["last_error"], "550 no such user");
    let next = page["next"].as_str().unwrap();
    let (_, rest) = stage.command(&["list", "--after", next]).await;
    assert!(rest.contains(&old) && !rest.contains(&middle) && rest.contains("1 mails"), "{rest}");

    let (done, said) = stage.command(&["retry", &old]).await;
    assert!(done, "{said}");
    let (again, says) = stage.command(&["retry", &old]).await;
    assert!(!again && says.contains("no mail") && says.contains("mails list"), "{says}");
    let service = stage.service().await;
    let sent = stage.traveller.wait_for(1, SOON).await;
    assert!(sent[0].source.contains(&old), "the Message-ID is the same");

    let (_, all) = stage.command(&["retry", "--all"]).await;
    assert!(all.contains("2 mails wait to be sent"), "{all}");
    let sent = stage.traveller.wait_for(3, SOON).await;
    for id in [&new, &middle] {
        assert!(sent.iter().any(|mail| mail.source.contains(id.as_str())), "{id}");
    }
    service.stop().await;
    assert_eq!(stage.audit().await.outcome, Outcome::Clean);
    assert!(stage.command(&["list"]).await.1.starts_with("0 mails"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waits_for_longer_than_it_is_tried_is_a_breach() {
    let stage = Stage::set().await;
    stage.given_up(1).await;
    let sql = "update mails set status = 'waiting', due_at = now(6), created_at = now(6) - interval 3 day";
    sqlx::query(sql).execute(&stage.db.pool).await.unwrap();
    let found = stage.audit().await;
    assert_eq!((found.outcome, found.breaches), (Outcome::Breach, 1), "{:?}", found.error);
    sqlx::query("update mails set created_at = now(6)").execute(&stage.db.pool).await.unwrap();
    assert_eq!(stage.audit().await.outcome, Outcome::Clean);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_of_mails_teaches() {
    let stage = Stage::set().await;
    for (words, taught) in
        [(["list", "--help"], "given up when"), (["retry", "--help"], "The Message-ID stays the same")]
    {
        let (done, help) = stage.command(&words).await;
        assert!(done && help.contains(taught) && help.contains("Examples:"), "{help}");
    }
    let (done, says) = stage.command(&["retry"]).await;
    assert!(!done && says.contains("MESSAGE-ID"), "{says}");
}
