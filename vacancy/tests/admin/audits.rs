use std::time::Duration;

use sqlx::AssertSqlSafe;
use vacancy::admin::audit::{AuditArgs, Audited, Outcome, audit};

use crate::stage::Stage;

/// A breach, how it is planted and how it is taken away again. `$held` and so on are ids of the world.
type Planted = (&'static str, &'static str, &'static str);

const BREACHES: &[Planted] = &[
    (
        "nights",
        "update available_rooms set available_quantity = available_quantity - 1",
        "update available_rooms set available_quantity = available_quantity + 1",
    ),
    (
        "search",
        "update available_rooms set available_quantity = 0",
        "update available_rooms set available_quantity = 3",
    ),
    (
        "prices",
        "update bookings set facts = replace(facts, '\"total\":{\"amount\":20000', '\"total\":{\"amount\":20001')",
        "update bookings set facts = replace(facts, '\"total\":{\"amount\":20001', '\"total\":{\"amount\":20000')",
    ),
    (
        "holds",
        "update bookings set hold_expires_at = now(6) - interval 1 minute where booking_id = $held",
        "update bookings set hold_expires_at = now(6) + interval 5 minute where booking_id = $held",
    ),
    (
        "versions",
        "update bookings set version = version + 1 where booking_id = $paid",
        "update bookings set version = version - 1 where booking_id = $paid",
    ),
    (
        "events",
        "update bookings set version = version + 1 where booking_id = $paid",
        "update bookings set version = version - 1 where booking_id = $paid",
    ),
    (
        "events",
        "insert into booking_log select $new, hotel_id, version, at, happening, from_status, to_status, actor_kind, actor_id, \
         actor_subject, reason, event_id, refund_id from booking_log where booking_id = $paid",
        "delete from booking_log where booking_id = $new",
    ),
    (
        "events",
        "insert into booking_log select booking_id, hotel_id, 0, now(6), happening, from_status, to_status, actor_kind, actor_id, \
         actor_subject, reason, event_id, refund_id from booking_log where booking_id = $paid limit 1",
        "delete from booking_log where version = 0",
    ),
    (
        "broken",
        "insert into outbox_broken (outbox_id, place, lane, entry, why, found_at) values (1, 0, 0, '{}', 'x', now(6))",
        "delete from outbox_broken",
    ),
    (
        "versions",
        "update booking_log set version = 4 where booking_id = $cancelled and version = 2",
        "update booking_log set version = 2 where booking_id = $cancelled and version = 4",
    ),
    (
        "versions",
        "update booking_log set version = version + 1 where booking_id = $paid",
        "update booking_log set version = version - 1 where booking_id = $paid",
    ),
    (
        "transitions",
        "update booking_log set happening = 'completed' where booking_id = $paid",
        "update booking_log set happening = 'booked' where booking_id = $paid",
    ),
    (
        "transitions",
        "update booking_log set from_status = 'RESERVED' where booking_id = $cancelled and version = 3",
        "update booking_log set from_status = 'BOOKED' where booking_id = $cancelled and version = 3",
    ),
    (
        "versions",
        "update booking_log set booking_id = $new where booking_id = $paid",
        "update booking_log set booking_id = $paid where booking_id = $new",
    ),
    (
        "versions",
        "update bookings set version = version + 1 where booking_id = $held",
        "update bookings set version = version - 1 where booking_id = $held",
    ),
    (
        "keys",
        "insert into idempotency_keys (scope, request_hash, operation_id, user_id, status, body, booking_id, hotel_id, \
         created_at) select idempotency_scope, idempotency_hash, 'x', user_id, 200, '', booking_id, hotel_id, now(6) from bookings where booking_id = $held",
        "delete from idempotency_keys",
    ),
    (
        "money",
        "update payments set captured = 0 where booking_id = $paid",
        "update payments set captured = amount where booking_id = $paid",
    ),
    ("owed", "update refunds set status = 'failed'", "update refunds set status = 'succeeded'"),
    ("money", "update refunds set amount = amount - 1", "update refunds set amount = amount + 1"),
    (
        "owed",
        "insert into voids (void_id, payment_id, booking_id, hotel_id, share, reason, status, version, created_at, updated_at) \
         values ($new, $new, $held, x'00', 0, 'hold_expired', 'owed', 1, now(6) - interval 1 day, now(6))",
        "delete from voids",
    ),
    (
        "papers",
        "update bookings set invoice_id = null where booking_id = $paid",
        "update bookings b join invoices i on i.booking_id = b.booking_id set b.invoice_id = i.invoice_id",
    ),
    (
        "papers",
        "update invoices set sequence = 2, number = 'X' where booking_id = $paid",
        "update invoices set sequence = null, number = null",
    ),
    ("lost", "update refunds set booking_id = $new", "update refunds set booking_id = $cancelled"),
    (
        "archive",
        "update bookings set version = version - 1 where booking_id = $cancelled",
        "update bookings set version = version + 1 where booking_id = $cancelled",
    ),
    (
        "archive",
        "insert into purged_bookings (booking_id, hotel_id, user_id, idempotency_scope, idempotency_hash, payment_id, \
         actor_kind, status, start_date, end_date, version, purged_at, created_at, updated_at) \
         select $new, hotel_id, user_id, repeat('x', 32), idempotency_hash, payment_id, actor_kind, 'CANCELLED', \
         start_date, end_date, 1, now(6), now(6), now(6) from bookings where booking_id = $held",
        "delete from purged_bookings",
    ),
    (
        "stock",
        "update room_stock set quantity = quantity + 1",
        "update room_stock set quantity = quantity - 1",
    ),
    ("outboxes", "update outbox set published_at = null", "update outbox set published_at = now(6)"),
];

impl Stage {
    pub(crate) async fn audit(&self, only: &[&str]) -> Vec<Audited> {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        audit(&self.stores, &AuditArgs { wait: Duration::ZERO, json: false, only }, |_| ()).await
    }

    async fn run(&self, sql: &str) {
        let hex = |id: uuid::Uuid| format!("0x{}", id.simple());
        let sql = sql
            .replace("$held", &hex(self.world.held.booking_id.uuid()))
            .replace("$paid", &hex(self.world.paid.booking_id.uuid()))
            .replace("$cancelled", &hex(self.world.cancelled.booking_id.uuid()))
            .replace("$new", &hex(uuid::Uuid::from_u128(7)));
        let done = sqlx::query(AssertSqlSafe(sql.clone())).execute(&self.booking.pool).await;
        let done = done.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(done.rows_affected() > 0, "{sql} changes nothing");
    }
}

fn all_clean(audited: &[Audited]) {
    for one in audited {
        assert_eq!(one.outcome, Outcome::Clean, "{}: {:?} {:?}", one.name, one.shown, one.error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consistent_world_is_clean_and_each_planted_breach_is_found() {
    let stage = Stage::set().await;
    let clean = stage.audit(&[]).await;
    all_clean(&clean);
    for name in [
        "nights",
        "prices",
        "holds",
        "transitions",
        "versions",
        "events",
        "money",
        "archive",
        "stock",
        "search",
    ] {
        let looked = clean.iter().find(|one| one.name == name).map(|one| one.checked);
        assert!(looked > Some(0), "{name} has looked at nothing");
    }
    for (name, plant, undo) in BREACHES {
        stage.run(plant).await;
        let found = stage.audit(&[name]).await.pop().unwrap();
        assert_eq!(found.outcome, Outcome::Breach, "{name} does not see `{plant}`: {:?}", found.error);
        assert!(!found.shown.is_empty());
        stage.run(undo).await;
    }
    all_clean(&stage.audit(&[]).await);
    stray_in_the_archive(&stage).await;
    lost_in_the_archive(&stage).await;
    sold_of_an_unknown_room(&stage).await;
    stage.archive.drop().await;
}

/// Another user's list has the booking, and the user's a booking that is nowhere.
async fn stray_in_the_archive(stage: &Stage) {
    let (session, cancelled) = (&stage.archive.session, &stage.world.cancelled);
    let (booking, user, other) =
        (cancelled.booking_id.uuid(), cancelled.user_id.uuid(), uuid::Uuid::from_u128(7));
    for stray in [(booking, other), (other, user)] {
        stage.world.archive_by_user(session, stray).await;
        let found = stage.audit(&["archive"]).await.pop().unwrap();
        assert_eq!((found.outcome, found.breaches), (Outcome::Breach, 1), "{:?}", found.shown);
        assert!(found.shown[0].contains("bookings_by_user has what"), "{:?}", found.shown);
        stage.world.forget_by_user(session, stray).await;
    }
    all_clean(&stage.audit(&["archive"]).await);
}

async fn lost_in_the_archive(stage: &Stage) {
    stage.archive.session.query_unpaged("truncate bookings_by_hotel", &[]).await.unwrap();
    let found = stage.audit(&["archive"]).await.pop().unwrap();
    assert_eq!((found.outcome, found.breaches), (Outcome::Breach, 1), "{:?}", found.shown);
    stage.world.archive(&stage.archive.session).await;
}

async fn sold_of_an_unknown_room(stage: &Stage) {
    for statement in ["delete from room_facilities", "delete from rooms"] {
        sqlx::query(statement).execute(&stage.hotel.pool).await.unwrap();
    }
    for name in ["stock", "search"] {
        assert_eq!(stage.audit(&[name]).await.pop().unwrap().outcome, Outcome::Breach, "{name}");
    }
}

/// A row that cannot be read, what names it, and how it is mended.
const UNREADABLE: &[Planted] = &[
    (
        "nights",
        "update hotels_seen set time_zone = 'Nowhere/At_All'",
        "update hotels_seen set time_zone = 'Europe/Rome'",
    ),
    (
        "nights",
        "update bookings set facts = concat('x', facts) where booking_id = $held",
        "update bookings set facts = substring(facts, 2) where booking_id = $held",
    ),
    (
        "prices",
        "update bookings set facts = concat('x', facts) where booking_id = $held",
        "update bookings set facts = substring(facts, 2) where booking_id = $held",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_named_and_the_check_goes_on() {
    let stage = Stage::set().await;
    for (name, plant, undo) in UNREADABLE {
        stage.run(plant).await;
        let found = stage.audit(&[name]).await.pop().unwrap();
        assert_eq!(found.outcome, Outcome::Breach, "{name} at `{plant}`: {:?}", found.error);
        assert!(found.shown.iter().any(|says| says.contains("cannot be read")), "{:?}", found.shown);
        stage.run(undo).await;
    }
    all_clean(&stage.audit(&["nights", "prices", "money"]).await);
    money_is_judged_without_facts(&stage).await;
    unreadable_copies(&stage).await;
    unreadable_document(&stage).await;
    stage.archive.drop().await;
}

/// What a booking's money has to be is told by columns: facts that cannot be read hide no breach.
async fn money_is_judged_without_facts(stage: &Stage) {
    stage.run("update bookings set facts = concat('x', facts) where booking_id = $paid").await;
    all_clean(&stage.audit(&["money"]).await);
    stage.run("update payments set captured = 0 where booking_id = $paid").await;
    let found = stage.audit(&["money"]).await.pop().unwrap();
    assert_eq!(found.breaches, 1, "{:?}", found.shown);
}

async fn unreadable_copies(stage: &Stage) {
    let id = stage.world.cancelled.booking_id;
    // One that lacks a cell is told once; one whose record is another is so in the other tables' eyes, too.
    for (cell, breaches) in [("null", 1), ("'x'", 3)] {
        let cql = format!("update bookings_by_id set record = {cell} where booking_id = {id}");
        stage.archive.session.query_unpaged(cql, &[]).await.unwrap();
        let found = stage.audit(&["archive"]).await.pop().unwrap();
        assert_eq!((found.outcome, found.breaches), (Outcome::Breach, breaches), "{:?}", found.shown);
        let named =
            found.shown.iter().any(|says| says.contains("cannot be read") && says.contains(&id.to_string()));
        assert!(named, "{:?}", found.shown);
    }
}

/// A document of no room stands behind those of all rooms.
async fn unreadable_document(stage: &Stage) {
    let document = serde_json::json!({"room_id": "none", "visible": true});
    let path = format!("/{}/_doc/none?refresh=true", stage.stores.settings.elasticsearch.alias);
    stage.stores.ask_search(&path, Some(&document)).await.unwrap();
    let found = stage.audit(&["search"]).await.pop().unwrap();
    assert_eq!(found.outcome, Outcome::Breach, "{:?}", found.error);
    assert!(found.shown.iter().any(|says| says.contains("room `none`")), "{:?}", found.shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_whose_store_does_not_answer_is_unknown_and_never_clean() {
    let settings = crate::stage::settings(&[("mysql.booking.url", "mysql://nobody@127.0.0.1:9/none")]);
    let stores = vacancy::admin::Stores::new(settings).unwrap();
    let args = AuditArgs { wait: Duration::ZERO, json: false, only: vec!["money".to_owned()] };
    let found = audit(&stores, &args, |_| ()).await.pop().unwrap();
    assert_eq!(found.outcome, Outcome::Unknown);
    assert!(found.error.is_some());
}
