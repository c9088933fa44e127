//! The mistakes that can be planted between a plan and the database do harm there, else nobody could find them.
//!
//! A mistake is the whole process's, so these run by themselves: `cargo xtask test --only planted`.

use booking_core::{CancelledBy, Command, Created, Plan, Refusal, Request, Snapshot, Wanted, create, decide};
use domain::{BookingId, ClientReference};
use platform::planted::{Fault, plant};

use super::stage::{Stage, TOLD, cancel, digest, ids, new_id, soon};
use crate::store::CommitError;

const FREE: &str = "select cast(sum(available_quantity) as signed) from available_rooms";
const SOLD: &str = "select count(*) from bookings where status <> 'CANCELLED'";

impl Stage {
    /// What somebody decides on a request who has read this.
    fn made(&self, snapshot: &Snapshot, request: &Request) -> Plan {
        create(snapshot, request, new_id(), &self.rules).unwrap().1
    }

    fn carried_out(&self, snapshot: &Snapshot, booking: BookingId, command: &Command) -> Plan {
        decide(snapshot, &snapshot.bookings[&booking], command, &ids(), &self.rules).unwrap().1
    }

    /// The plan is refused, and written by a process with that mistake.
    async fn written_only_with(&self, fault: Fault, plan: &Plan) {
        plant(None);
        let refused = self.ledger.commit(plan, &soon()).await;
        assert!(matches!(refused, Err(CommitError::Stale)), "{refused:?}");
        plant(Some(fault));
        self.ledger.commit(plan, &soon()).await.unwrap();
        plant(None);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "plants mistakes in its whole process"]
async fn check_then_act_sells_the_last_room_twice() {
    let stage = Stage::with(1, 0).await;
    let requests = [stage.request(&[(stage.double, 1)], 0, 1), stage.request(&[(stage.double, 1)], 0, 1)];
    let snapshot = stage.ledger.load(&requests[0].wanted()).await.unwrap();
    let [first, second] = requests.map(|request| stage.made(&snapshot, &request));
    stage.ledger.commit(&first, &soon()).await.unwrap();
    stage.written_only_with(Fault::CheckThenAct, &second).await;
    assert_eq!(stage.count(SOLD).await, 2, "of one room");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "plants mistakes in its whole process"]
async fn a_missing_guard_gives_the_rooms_of_one_booking_back_twice() {
    let stage = Stage::with(2, 0).await;
    let request = || stage.request(&[(stage.double, 1)], 0, 1);
    let (id, _other) = (stage.booked(&request()).await, stage.booked(&request()).await);
    let snapshot = stage.snapshot(id).await;
    let cancelled = || stage.carried_out(&snapshot, id, &cancel(CancelledBy::Hotel));
    stage.ledger.commit(&cancelled(), &soon()).await.unwrap();
    stage.written_only_with(Fault::MissingGuard, &cancelled()).await;
    assert_eq!(stage.count(FREE).await, 2, "one is booked");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "plants mistakes in its whole process"]
async fn a_missing_guard_changes_many_bookings_alike_that_were_changed_before() {
    let stage = Stage::with(20, 0).await;
    let mut wanted = Wanted::default();
    for _ in 0..9 {
        wanted.bookings.insert(stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await);
    }
    wanted.rooms_of.clone_from(&wanted.bookings);
    let snapshot = stage.ledger.load(&wanted).await.unwrap();
    let mut plans = [Plan::default(), Plan::default()];
    for plan in &mut plans {
        for id in &wanted.bookings {
            plan.absorb(stage.carried_out(&snapshot, *id, &cancel(CancelledBy::Hotel)));
        }
    }
    let _kept = stage.booked(&stage.request(&[(stage.double, 9)], 0, 1)).await;
    stage.ledger.commit(&plans[0], &soon()).await.unwrap();
    stage.written_only_with(Fault::MissingGuard, &plans[1]).await;
    assert_eq!(stage.count(FREE).await, 20, "nine are booked");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "plants mistakes in its whole process"]
async fn a_double_release_leaves_more_rooms_than_there_are() {
    let stage = Stage::with(2, 0).await;
    let request = || stage.request(&[(stage.double, 1)], 0, 1);
    let (id, _other) = (stage.booked(&request()).await, stage.booked(&request()).await);
    plant(Some(Fault::DoubleRelease));
    stage.command(id, &cancel(CancelledBy::Hotel)).await.unwrap();
    plant(None);
    assert_eq!(stage.count(FREE).await, 2, "one is booked");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "plants mistakes in its whole process"]
async fn a_stale_stock_version_sells_what_has_changed() {
    let stage = Stage::with(2, 0).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let snapshot = stage.ledger.load(&request.wanted()).await.unwrap();
    stage.take_in(stage.room_event(stage.double, 2, 3)).await;
    stage.written_only_with(Fault::StaleStockVersion, &stage.made(&snapshot, &request)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "plants mistakes in its whole process"]
async fn with_keys_in_a_cache_another_process_books_the_same_request_again() {
    let stage = Stage::with(2, 0).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let snapshot = stage.ledger.load(&request.wanted()).await.unwrap();
    plant(Some(Fault::IdempotencyInACache));
    // This one knows its own.
    let (first, again) = (stage.book(&request).await.unwrap(), stage.book(&request).await.unwrap());
    assert!(matches!((first, again), (Created::New(_), Created::Repeat(_))));
    // And that one has read before.
    stage.ledger.commit(&stage.made(&snapshot, &request), &soon()).await.unwrap();
    plant(None);
    assert_eq!(stage.count(SOLD).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "plants mistakes in its whole process"]
async fn with_its_key_looked_up_after_its_reference_a_repeat_is_refused() {
    let stage = Stage::with(2, 0).await;
    let mut request = stage.request(&[(stage.double, 1)], 0, 1);
    request.client_reference = Some(ClientReference::parse("trip-1").unwrap());
    stage.booked(&request).await;
    assert!(matches!(stage.book(&request).await, Ok(Created::Repeat(_))));
    plant(Some(Fault::KeyAfterReference));
    let refused = stage.book(&request).await;
    plant(None);
    assert!(matches!(refused, Err(Refusal::ClientReferenceReused(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "plants mistakes in its whole process"]
async fn an_event_of_a_batch_is_swallowed() {
    let stage = Stage::with(2, 0).await;
    let mut request = stage.request(&[(stage.double, 1)], 0, 1);
    let snapshot = stage.ledger.load(&request.wanted()).await.unwrap();
    let mut plan = stage.made(&snapshot, &request);
    request.key.scope = digest();
    plan.absorb(stage.made(&snapshot, &request));
    plant(Some(Fault::SwallowedEvent));
    stage.ledger.commit(&plan, &soon()).await.unwrap();
    plant(None);
    let told = format!("select count(*) from {TOLD} where booking_id is not null");
    assert_eq!((stage.count(SOLD).await, stage.count(&told).await), (2, 1));
}
