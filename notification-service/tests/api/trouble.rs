use domain::{
    booking::StatusReason,
    event::BookingHappening::{Booked, Cancelled, Invoiced},
};
use events::consumer::{Record, Verdict};
use testkit::eventually;

use crate::{
    server::{Door, knows_nobody},
    stage::{SOON, Stage, cancelled, event, header},
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
    // It has been tried more than once, and failed.
    let tried = "select cast(coalesce(max(attempts), 0) as signed) from sent where status = 'claimed' and last_error is not null";
    eventually(SOON, || async { (stage.db.number(tried.to_owned()).await > 2).then_some(()) }).await;
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
    let sent =
        "select count(*) from sent where status = 'sent' and sent_at is not null and last_error is null";
    eventually(SOON, || async { (stage.db.number(sent.to_owned()).await == 10).then_some(()) }).await;
    running.stop().await;
}

/// A row as a process left it that died; its lease ends so many seconds from now.
async fn left_behind(stage: &Stage, event: uuid::Uuid, lease_s: i64) {
    let sql = "insert into sent (event_id, recipient, kind, booking_id, status, message_id, lease_until, attempts, \
               version, created_at, updated_at) values (?, ?, 'booked_hotel', ?, 'claimed', '<x@vacancy.example>', \
               now(6) + interval ? second, 1, 1, now(6), now(6))";
    let query = sqlx::query(sql).bind(event).bind(&stage.hotel.address).bind(event).bind(lease_s);
    query.execute(&stage.db.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_claimed_is_sent_once_its_lease_is_over_under_the_same_message_id() {
    let stage = Stage::new().await;
    let booking = stage.booking();
    let (over, on) = (event(Booked, booking.clone()), event(Booked, booking.clone()));
    left_behind(&stage, over.id.uuid(), -1).await;
    left_behind(&stage, on.id.uuid(), 4).await;
    let running = stage.start().await;
    stage.publish_again(&over).await;
    let first = stage.hotel.wait_for(1, SOON).await.remove(0);
    stage.publish_again(&on).await;
    let mails = stage.hotel.wait_for(2, SOON).await;
    let expected = |event: uuid::Uuid| {
        let id = uuid::Uuid::new_v5(&event, stage.hotel.address.as_bytes());
        format!("<{}@vacancy.example>", id.as_simple())
    };
    assert_eq!(header(&first, "Message-ID"), expected(over.id.uuid()));
    assert_eq!(header(&mails[1], "Message-ID"), expected(on.id.uuid()));
    let still_on = "select count(*) from sent where status = 'sent' and sent_at < created_at + interval 3 second and \
                    attempts > 1 and kind = 'booked_hotel' and event_id = x'";
    let early = format!("{still_on}{}'", on.id.uuid().simple());
    assert_eq!(stage.db.number(early).await, 0, "a lease that is on is respected");
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
async fn a_refused_address_is_a_dead_letter_and_its_replay_sends_the_mail() {
    let stage = Stage::new().await;
    let running = stage.start_with(&knows_nobody().await).await;
    let booking = stage.booking();
    let booked = stage.publish(Booked, &booking).await;
    let letters = stage.kafka.wait_for(&stage.dead_letters, 1, SOON).await;
    let failed = "select count(*) from sent where status = 'failed' and last_error like '%550%'";
    assert_eq!(stage.db.number(failed.to_owned()).await, 1);
    running.stop().await;
    // The operator mends the address at the mail server and replays.
    let handler =
        notification_service::adapters::handler(&stage.settings(&testkit::stack::smtp_url())).unwrap();
    let record = Record {
        topic: stage.topic.clone(),
        partition: 0,
        offset: 0,
        key: booked.subject.clone(),
        payload: letters[0].payload.clone(),
        headers: std::collections::BTreeMap::new(),
    };
    assert!(matches!(handler.handle(&record).await, Verdict::Done));
    assert_eq!(stage.hotel.wait_for(1, SOON).await.len(), 1);
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
