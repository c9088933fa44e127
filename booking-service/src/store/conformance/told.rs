//! What the relay is spared from reading.

use std::sync::Arc;

use booking_core::CancelledBy;
use events::{
    outbox::{BookingEntry, Entry},
    relay::Source as _,
};
use platform::{clock::DbClock, ids::SystemIds};

use super::stage::{Stage, cancel, new_id, soon};
use crate::{
    jobs::telling::Telling,
    store::{CommitError, FreshFacts, mysql::MySqlLedger},
};

/// A stage whose ledger keeps facts, and who tells of it.
async fn stage() -> (Stage, FreshFacts, Telling) {
    let stage = Stage::with(2, 0).await;
    let (pool, fresh) = (stage.lease.pool.clone(), FreshFacts::default());
    let clock = Arc::new(DbClock::new(pool.clone()));
    let telling = Telling { pool: pool.clone(), clock, ids: Arc::new(SystemIds), fresh: fresh.clone() };
    let ledger = Arc::new(MySqlLedger::new(pool).keeping(fresh.clone()));
    (Stage { ledger, ..stage }, fresh, telling)
}

/// The last event of a booking that is to be told.
async fn last(stage: &Stage) -> BookingEntry {
    let sql = "select entries from outbox order by outbox_id desc";
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(sql).fetch_all(&stage.lease.pool).await.unwrap();
    let mut entries = rows.iter().flat_map(|row| serde_json::from_slice::<Vec<Entry>>(row).unwrap());
    let booking = |entry| if let Entry::Booking(booking) = entry { Some(booking) } else { None };
    entries.find_map(booking).unwrap()
}

async fn told(telling: &Telling, entry: &BookingEntry) -> String {
    let event = telling.bookings(std::slice::from_ref(entry)).await.unwrap().remove(0);
    String::from_utf8(event.unwrap().payload.unwrap()).unwrap()
}

async fn set_facts(stage: &Stage, facts: &[u8]) {
    sqlx::query("update bookings set facts = ?").bind(facts).execute(&stage.lease.pool).await.unwrap();
}

/// Told while nothing can be read, and once more from the row.
async fn told_unread_and_read(stage: &Stage, telling: &Telling) -> (String, String) {
    let entry = last(stage).await;
    let facts: Vec<u8> =
        sqlx::query_scalar("select facts from bookings").fetch_one(&stage.lease.pool).await.unwrap();
    set_facts(stage, b"nothing to read").await;
    let unread = told(telling, &entry).await;
    set_facts(stage, &facts).await;
    (unread, told(telling, &entry).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_just_written_is_told_as_if_it_were_read_back() {
    let (stage, _, telling) = stage().await;
    stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let (unread, read) = told_unread_and_read(&stage, &telling).await;
    assert_eq!(unread, read);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_version_has_written_is_told_whole_by_an_older_one() {
    let (stage, fresh, telling) = stage().await;
    let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let facts = fresh.take(id).unwrap();
    set_facts(&stage, facts.replacen('{', "{\"of_tomorrow\": [1, 2],", 1).as_bytes()).await;
    stage.command(id, &cancel(CancelledBy::Traveller)).await.unwrap();
    let (unread, read) = told_unread_and_read(&stage, &telling).await;
    assert_eq!(unread, read);
    assert!(unread.contains("\"of_tomorrow\": [1, 2]"), "{unread}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_what_was_not_committed() {
    let (stage, fresh, _) = stage().await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let (made, refused) = (new_id(), new_id());
    let plan = |snapshot: &booking_core::Snapshot, id| {
        booking_core::create(snapshot, &request, id, &stage.rules).unwrap().1
    };
    let snapshot = stage.ledger.load(&request.wanted()).await.unwrap();
    stage.ledger.commit(&plan(&snapshot, made), &soon()).await.unwrap();
    let again = stage.ledger.commit(&plan(&snapshot, refused), &soon()).await;
    assert!(matches!(again, Err(CommitError::Stale)), "its key is used: {again:?}");
    assert!(fresh.take(refused).is_none());
    assert!(fresh.take(made).is_some() && fresh.take(made).is_none());
}
