use std::{sync::Arc, time::Duration};

use domain::{
    Email,
    booking::{BookingRecord, StatusReason},
    event::{
        BookingEvent,
        BookingHappening::{Booked, Cancelled, Invoiced},
        CloudEvent,
    },
};
use notification_service::settings::Settings;
use testkit::eventually;

use crate::{
    server::{Door, Office, Says},
    stage::{SOON, Stage, cancelled, event, header, message_id},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_again_makes_no_second_mail_also_after_a_restart() {
    let stage = Stage::new().await;
    let booking = stage.booking();
    let booked = stage.publish(Booked, &booking).await;
    stage.publish_again(&booked).await;
    let running = stage.start().await;
    stage.hotel.wait_for(1, SOON).await;
    stage.drained(&booking, 0).await;
    running.stop().await;
    stage.publish_again(&booked).await;
    let running = stage.start().await;
    let (to_traveller, to_hotel) = stage.drained(&booking, 1).await;
    assert_eq!((to_traveller.len(), to_hotel.len()), (2, 1));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_mail_server_is_away_mails_wait_and_none_is_lost() {
    let stage = Stage::new().await;
    let door = Door::closed().await;
    let running = stage.start_with(&door.url).await;
    let bookings: Vec<_> = (0..5).map(|_| stage.booking()).collect();
    for booking in &bookings {
        stage.publish(Cancelled, &cancelled(booking, StatusReason::Hotel)).await;
    }
    // It has been tried, and failed; being away counts against no mail.
    let tried = "select count(*) from mails where status = 'waiting' and last_error is not null";
    eventually(SOON, || async { (stage.db.number(tried).await > 0).then_some(()) }).await;
    assert!(stage.hotel.mails().await.is_empty() && stage.traveller.mails().await.is_empty());
    door.open();
    let (to_hotel, to_traveller) =
        (stage.hotel.wait_for(5, SOON).await, stage.traveller.wait_for(5, SOON).await);
    for booking in &bookings {
        let number = booking.booking_id.confirmation_number().to_string();
        let of_it = |subject: &String| subject.contains(&number);
        assert_eq!(to_hotel.iter().map(|mail| &mail.subject).filter(|s| of_it(s)).count(), 1);
        assert_eq!(to_traveller.iter().map(|mail| &mail.subject).filter(|s| of_it(s)).count(), 1);
    }
    let sent = "select count(*) from mails where status = 'sent' and sent_at is not null and last_error is null \
                and event is null and due_at is null";
    eventually(SOON, || async { (stage.db.number(sent).await == 10).then_some(()) }).await;
    running.stop().await;
}

/// A mail as a process left it that died while it sent it; its claim ends so many seconds from now.
pub(crate) async fn left_behind(stage: &Stage, event: &CloudEvent<BookingEvent>, claim_s: i64) {
    let sql = "insert into mails (event_id, recipient, kind, booking_id, user_id, status, message_id, event, unpaid, \
               due_at, attempts, version, created_at, updated_at) \
               values (?, ?, 'booked_hotel', ?, ?, 'waiting', ?, ?, false, now(6) + interval ? second, 1, 1, now(6), now(6))";
    let query = sqlx::query(sql).bind(event.id.uuid()).bind(&stage.hotel.address).bind(event.id.uuid());
    let query = query.bind(event.id.uuid()).bind(message_id(event, &stage.hotel.address, "booked_hotel"));
    let query = query.bind(serde_json::to_vec(event).unwrap()).bind(claim_s);
    query.execute(&stage.db.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_claimed_is_sent_once_its_claim_is_over_under_the_same_message_id() {
    let stage = Stage::new().await;
    let booking = stage.booking();
    let (over, on) = (event(Booked, booking.clone()), event(Booked, booking.clone()));
    left_behind(&stage, &over, -1).await;
    left_behind(&stage, &on, 4).await;
    let running = stage.start().await;
    stage.publish_again(&over).await;
    let mails = stage.hotel.wait_for(2, SOON).await;
    for (mail, event) in mails.iter().zip([&over, &on]) {
        assert_eq!(header(mail, "Message-ID"), message_id(event, &stage.hotel.address, "booked_hotel"));
    }
    let early = "select count(*) from mails where sent_at < created_at + interval 3 second and event_id = x'";
    let early = format!("{early}{}'", on.id.uuid().simple());
    assert_eq!(stage.db.number(early).await, 0, "a claim that is on is respected");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_event_is_damaged_or_lost_is_given_up_and_stops_no_other() {
    let stage = Stage::new().await;
    for damage in ["null", "'x'"] {
        left_behind(&stage, &event(Booked, stage.booking()), -1).await;
        let sql = format!("update mails set event = {damage} where status = 'waiting' and length(event) > 1");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&stage.db.pool).await.unwrap();
    }
    let running = stage.start().await;
    let sound = stage.publish(Booked, &stage.booking()).await;
    let mail = stage.hotel.wait_for(1, SOON).await.remove(0);
    assert_eq!(header(&mail, "Message-ID"), message_id(&sound, &stage.hotel.address, "booked_hotel"));
    let given_up = "select count(*) from mails where status = 'given_up' and last_error is not null";
    eventually(SOON, || async { (stage.db.number(given_up).await == 2).then_some(()) }).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_deferred_or_slow_holds_nobody_else_up() {
    for says in [Says::Reply("450 4.1.2 domain not found"), Says::Nothing] {
        let stage = Stage::new().await;
        let office = Office::that_says(says, &stage.hotel.address).await;
        let running = stage.start_with(&office.url).await;
        let booking = stage.booking();
        // One partition: all of one booking.
        stage.publish(Booked, &booking).await;
        let mut others = Vec::new();
        for _ in 0..20 {
            let mut other = stage.booking();
            other.booking_id = booking.booking_id;
            Arc::make_mut(&mut other.facts).hotel.email =
                Email::parse(&testkit::mail::mailbox().address).unwrap();
            others.push(other.facts.hotel.email.as_str().to_owned());
            stage.publish(Booked, &other).await;
        }
        eventually(SOON, || async { (office.taken().len() == 20).then_some(()) }).await;
        assert!(others.iter().all(|other| office.taken().iter().any(|taken| taken.contains(other))));
        if matches!(says, Says::Reply(_)) {
            let put_off = "select count(*) from mails where status = 'waiting' and attempts = 1 \
                           and last_error like '%450%' and due_at > now(6) + interval 30 second";
            assert_eq!(stage.db.number(put_off).await, 1);
        }
        running.stop().await;
    }
}

/// Its server's answer about a recipient comes when the test is over, so each of its mails keeps its place until then.
pub(crate) async fn slow_office() -> Office {
    Office::that_says(Says::Nothing, "@slow.example").await
}

/// Neither a dialogue nor a claim runs out within a test.
pub(crate) fn patient(stage: &Stage, office: &Office) -> Settings {
    let mut settings = stage.settings(&office.url);
    (settings.smtp.timeout_ms, settings.sending.lease_ms) = (300_000, 700_000);
    settings
}

pub(crate) fn to(stage: &Stage, address: &str) -> BookingRecord {
    let mut booking = stage.booking();
    Arc::make_mut(&mut booking.facts).hotel.email = Email::parse(address).unwrap();
    booking
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_that_were_claimed_and_did_not_begin_are_due_as_soon_as_the_service_stops() {
    let (stage, office) = (Stage::new().await, slow_office().await);
    let settings = patient(&stage, &office);
    let (all, per_domain) = (settings.sending.claim_at_once, settings.sending.side_by_side_per_domain);
    for guest in 0..120 {
        stage.publish(Booked, &to(&stage, &format!("desk-{guest}@slow.example"))).await;
    }
    // They wait in the table first, so that one look claims as many as it may.
    let elsewhere = stage.start_with("smtp://127.0.0.1:9").await;
    eventually(SOON, || async { (stage.db.number("select count(*) from mails").await == 120).then_some(()) })
        .await;
    elsewhere.stop().await;
    sqlx::query("update mails set due_at = now(6)").execute(&stage.db.pool).await.unwrap();
    let running = stage.start_as(settings).await;
    let due = async || stage.db.number("select count(*) from mails where due_at <= now(6)").await;
    let left = |taken: usize| i64::try_from(120 - taken).unwrap();
    eventually(SOON, || async { (due().await == left(all)).then_some(()) }).await;
    let given_back = async {
        eventually(SOON, || async { (due().await == left(per_domain)).then_some(()) }).await;
        office.relents();
    };
    tokio::join!(running.stop(), given_back);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_whose_server_answers_slowly_leaves_the_others_their_places() {
    let (stage, office) = (Stage::new().await, slow_office().await);
    let settings = patient(&stage, &office);
    let per_domain = settings.sending.side_by_side_per_domain;
    for guest in 0..40 {
        stage.publish(Booked, &to(&stage, &format!("desk-{guest}@slow.example"))).await;
    }
    let running = stage.start_as(settings).await;
    eventually(SOON, || async { (office.open() == per_domain).then_some(()) }).await;
    for _ in 0..20 {
        stage.publish(Booked, &to(&stage, &testkit::mail::mailbox().address)).await;
    }
    eventually(SOON, || async { (office.taken().len() == 20).then_some(()) }).await;
    assert_eq!((office.open(), office.cut()), (per_domain, 0), "the others had waited for it");
    office.relents();
    eventually(SOON, || async { (office.taken().len() == 60).then_some(()) }).await;
    // Claimed once and recorded once: a claim that is young need not be taken again.
    let once = "select count(*) from mails where status = 'sent' and attempts = 1 and version = 3";
    eventually(SOON, || async { (stage.db.number(once).await == 60).then_some(()) }).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialogue_that_took_too_long_is_not_used_for_another_mail() {
    let stage = Stage::new().await;
    let office = Office::that_says(Says::Nothing, &stage.hotel.address).await;
    let running = stage.start_with(&office.url).await;
    stage.publish(Booked, &stage.booking()).await;
    let put_off = "select count(*) from mails where status = 'waiting' and last_error is not null";
    eventually(SOON, || async { (stage.db.number(put_off).await == 1).then_some(()) }).await;
    for _ in 0..10 {
        let mut booking = stage.booking();
        Arc::make_mut(&mut booking.facts).hotel.email =
            Email::parse(&testkit::mail::mailbox().address).unwrap();
        stage.publish(Booked, &booking).await;
    }
    eventually(SOON, || async { (office.taken().len() == 10).then_some(()) }).await;
    assert_eq!(office.reused(), 0, "the late answer would be taken for the next mail's");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_turns_us_away_costs_no_mail() {
    let stage = Stage::new().await;
    let office = Office::that_says(Says::Greeting("554 5.7.1 client host blocked"), "").await;
    let running = stage.start_with(&office.url).await;
    for _ in 0..5 {
        stage.publish(Booked, &stage.booking()).await;
    }
    // One that did not read the greeting in time was turned away, too; and none is tried again before the server is back.
    let turned_away = "select count(*) from mails where last_error is not null";
    eventually(SOON, || async { (stage.db.number(turned_away).await > 0).then_some(()) }).await;
    office.relents();
    eventually(SOON, || async { (office.taken().len() == 5).then_some(()) }).await;
    let given_up = "select count(*) from mails where status = 'given_up'";
    assert_eq!(stage.db.number(given_up).await, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_refuses_us_as_the_sender_costs_few_mails() {
    let stage = Stage::new().await;
    let office = Office::that_says(Says::Sender("550 5.7.1 sender not allowed"), "").await;
    let running = stage.start_with(&office.url).await;
    for _ in 0..30 {
        let mut booking = stage.booking();
        Arc::make_mut(&mut booking.facts).hotel.email =
            Email::parse(&testkit::mail::mailbox().address).unwrap();
        stage.publish(Booked, &booking).await;
    }
    let refused = "select count(*) from mails where attempts = 1 and last_error like '%550%'";
    eventually(SOON, || async { (stage.db.number(refused).await == 30).then_some(()) }).await;
    let given_up = "select count(*) from mails where status = 'given_up'";
    assert_eq!(stage.db.number(given_up).await, 4);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_fails_cuts_no_mail_under_way() {
    let stage = Stage::new().await;
    let office = Office::that_says(Says::Nothing, &stage.hotel.address).await;
    let running = stage.start_with(&office.url).await;
    stage.publish(Booked, &stage.booking()).await;
    eventually(SOON, || async { (office.open() == 1).then_some(()) }).await;
    sqlx::query("rename table mails to mails_away").execute(&stage.db.pool).await.unwrap();
    let cut = eventually(SOON, || async { (office.cut() > 0).then_some(()) });
    let was_cut = tokio::time::timeout(Duration::from_secs(2), cut).await.is_ok();
    sqlx::query("rename table mails_away to mails").execute(&stage.db.pool).await.unwrap();
    assert!(!was_cut, "a dialogue was cut");
    office.relents();
    let sent = "select count(*) from mails where status = 'sent' and attempts = 1";
    eventually(SOON, || async { (stage.db.number(sent).await == 1).then_some(()) }).await;
    assert_eq!(office.taken().len(), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_goes_to_the_dead_letters_and_the_next_mail_is_sent() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let booking = stage.booking();
    let key = booking.booking_id.to_string();
    let broken = br#"{"type": "vacancy.booking.booked.v1", "data": {"booking": {"status": "BOOKED"}}}"#;
    for poison in [&b"\xff\xfenot json"[..], b"{}", broken] {
        stage.kafka.write(&stage.topic, &key, Some(poison), &[]).await;
    }
    let newer = br#"{"type": "vacancy.booking.upgraded.v1", "data": {}}"#;
    stage.kafka.write(&stage.topic, &key, Some(newer), &[]).await;
    stage.kafka.write(&stage.topic, &key, None, &[]).await;
    stage.publish(Invoiced, &booking).await;
    stage.traveller.wait_for(1, SOON).await;
    assert_eq!(stage.kafka.read_all(&stage.dead_letters).await.len(), 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_given_up_alone_and_tried_again_when_an_operator_says_so() {
    let stage = Stage::new().await;
    let office = Office::that_says(Says::Reply("550 no such user"), &stage.hotel.address).await;
    let running = stage.start_with(&office.url).await;
    let booking = stage.booking();
    // More than a reader may reject in a row: none of them is a record's fault.
    for _ in 0..30 {
        stage.publish(Booked, &booking).await;
    }
    stage.publish(Invoiced, &booking).await;
    eventually(SOON, || async { (office.taken().len() == 1).then_some(()) }).await;
    let given_up = "select count(*) from mails where status = 'given_up' and last_error like '%550%'";
    eventually(SOON, || async { (stage.db.number(given_up).await == 30).then_some(()) }).await;
    assert!(stage.kafka.read_all(&stage.dead_letters).await.is_empty());
    running.stop().await;
    let mails = notification_service::adapters::mails(&stage.settings(&office.url)).unwrap();
    let listed = mails.given_up(None, 100).await.unwrap();
    assert_eq!(listed.len(), 30);
    assert!(mails.try_again(&listed[0].key).await.unwrap());
    let running = stage.start().await;
    let mail = stage.hotel.wait_for(1, SOON).await.remove(0);
    assert_eq!(header(&mail, "Message-ID"), listed[0].message_id);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_and_counts_its_mails() {
    let stage = Stage::new().await;
    let running = stage.start().await;
    let http = testkit::http::Http::at(format!("http://{}", running.address()));
    assert_eq!(http.get("/readyz").await.status, 200);
    let booking = stage.booking();
    stage.publish(Booked, &booking).await;
    stage.hotel.wait_for(1, SOON).await;
    assert_eq!(http.get("/metrics").await.status, 200);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_may_be_repeated() {
    use platform::app::App as _;
    let stage = Stage::new().await;
    let settings = stage.settings(&testkit::stack::smtp_url());
    for _ in 0..2 {
        notification_service::NotificationApp::migrate(&settings).await.unwrap();
    }
}
