//! What every ledger does with plans of many works: in memory and on MySQL alike.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use booking_core::{
    CancelledBy, Claim, Command, Created, Deciding, IdempotencyKey, KeepAnswer, Order, Outcome, Plan,
    Refusal, Request, RoomStock, Rules, SeenHotel, Snapshot, Task, Wanted, Work, batch,
};
use domain::{BookingId, ClientReference, Instant};
use sqlx::{MySql, MySqlPool, Transaction};

use super::stage::{House, Stage, cancel, digest, ids, new_id, paid, rules, soon};
use crate::store::{COMMIT_WITHIN, CommitError, Deadline, Ledger, Turn, memory::MemoryLedger};

/// A ledger with a hotel of many doubles and one suite.
pub(super) struct Door {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) house: House,
    pub(super) rules: Rules,
    others: Others,
}

/// More than any batch takes.
const DOUBLES: u32 = 2_000;

/// Who else may hold rows.
enum Others {
    Memory(Arc<MemoryLedger>),
    MySql(Box<Stage>),
}

/// A row held by somebody else, until it is let go.
pub(super) enum Held {
    Memory(Arc<MemoryLedger>),
    MySql(Transaction<'static, MySql>),
}

impl Held {
    pub(super) async fn let_go(self) {
        match self {
            Self::Memory(ledger) => ledger.let_go(),
            Self::MySql(tx) => tx.rollback().await.unwrap(),
        }
    }
}

impl Door {
    pub(super) fn memory() -> Self {
        let now: Instant = "2026-11-21T19:23:00.000000Z".parse().unwrap();
        let house = House::new(now);
        let mut rows = Snapshot::empty(now);
        let hotel = SeenHotel::after(None, &house.hotel_changed(1, true)).unwrap();
        for (room, quantity) in [(house.double, DOUBLES), (house.suite, 1)] {
            let stock = RoomStock::after(None, &house.room_changed(room, 1, quantity), Some(&hotel));
            rows.rooms.insert(room, stock.unwrap());
        }
        rows.hotels.insert(house.hotel, hotel);
        let ledger = Arc::new(MemoryLedger::new(rows));
        Self { ledger: ledger.clone(), house, rules: rules(), others: Others::Memory(ledger) }
    }

    pub(super) async fn mysql() -> Self {
        let stage = Box::new(Stage::with(DOUBLES, 1).await);
        let house = stage.house;
        Self { ledger: stage.ledger.clone(), house, rules: rules(), others: Others::MySql(stage) }
    }

    pub(super) fn book(&self, doubles: u8, suites: u8) -> Work {
        let lines = [(self.house.double, doubles), (self.house.suite, suites)];
        let lines: Vec<_> = lines.into_iter().filter(|(_, units)| *units > 0).collect();
        self.asked(self.house.request(&lines, 0, 2))
    }

    fn asked(&self, request: Request) -> Work {
        Work { hotel_id: self.house.hotel, task: Task::Book(Box::new(request), new_id()) }
    }

    pub(super) fn order(&self, booking_id: BookingId, command: Command) -> Work {
        let (payment, keep, told, archived) = (None, None, None, None);
        let order = Order { booking_id, command, ids: ids(), payment, keep, told, archived };
        Work { hotel_id: self.house.hotel, task: Task::Command(Box::new(order)) }
    }

    fn by(&self) -> Deciding<'_> {
        Deciding { rules: &self.rules, body: &|_, _| b"{}".to_vec() }
    }

    /// What it stands on, if that is `MySQL`.
    pub(super) fn stage(&self) -> &Stage {
        match &self.others {
            Others::MySql(stage) => stage,
            Others::Memory(_) => panic!("it is in memory"),
        }
    }

    /// A cancellation whose answer is kept.
    fn leaving(&self, booking: BookingId, key: IdempotencyKey) -> Work {
        let mut work = self.order(booking, cancel(CancelledBy::Traveller));
        if let Task::Command(order) = &mut work.task {
            let user_id = testkit::unique_uuid().into();
            order.keep = Some(KeepAnswer { key, operation_id: "cancel_booking".to_owned(), user_id });
        }
        work
    }

    /// The same works under locks, once their plan was found to be out of date.
    async fn again(&self, stale: &Plan, works: &[Work]) -> Vec<Outcome> {
        let missed = self.ledger.commit(stale, &soon()).await;
        assert!(matches!(missed, Err(CommitError::Stale)), "{missed:?}");
        self.under_locks(works).await
    }

    async fn under_locks(&self, works: &[Work]) -> Vec<Outcome> {
        let decide = |snapshot: &Snapshot| batch(&mut snapshot.clone(), works, &self.by()).1;
        let mut read = self.ledger.commit_locked(&wanted(works), &decide).await.unwrap();
        batch(&mut read, works, &self.by()).0
    }

    /// `MySQL`'s nights and bookings must agree; in memory each plan has moved both.
    pub(super) async fn adds_up(&self) {
        if let Others::MySql(stage) = &self.others {
            stage.nights_add_up().await;
        }
    }

    pub(super) async fn load(&self, works: &[Work]) -> Snapshot {
        self.ledger.load(&wanted(works)).await.unwrap()
    }

    /// Decided on what the ledger says; the snapshot is as it is expected to be afterwards.
    async fn decided(&self, works: &[Work]) -> (Vec<Outcome>, Plan, Snapshot) {
        let mut snapshot = self.load(works).await;
        let (outcomes, plan) = batch(&mut snapshot, works, &self.by());
        (outcomes, plan, snapshot)
    }

    /// Decided and committed, and the ledger then says what the batch left.
    async fn written(&self, works: &[Work]) -> Vec<Outcome> {
        let (outcomes, plan, expected) = self.decided(works).await;
        // It is tested what is written, not how fast: a loaded machine needs its time for a thousand works.
        let turn = Turn::alone(Deadline::after(Duration::from_mins(2)));
        self.ledger.commit(&plan, &turn).await.unwrap();
        self.says(works, expected).await;
        outcomes
    }

    async fn says(&self, works: &[Work], expected: Snapshot) {
        let mut wanted = wanted(works);
        wanted.bookings.extend(expected.bookings.keys());
        let found = self.ledger.load(&wanted).await.unwrap();
        for (id, booking) in &expected.bookings {
            assert_eq!(found.bookings.get(id), Some(booking));
        }
        for (scope, used) in &expected.keys {
            assert_eq!(found.keys.get(scope), Some(used));
        }
        for (at, night) in &expected.nights {
            assert_eq!(found.nights.get(at), Some(night), "{at:?}");
        }
    }

    pub(super) async fn holds(&self, claim: Claim) -> Held {
        match &self.others {
            Others::Memory(ledger) => {
                ledger.hold(claim);
                Held::Memory(ledger.clone())
            }
            Others::MySql(stage) => Held::MySql(lock(&stage.lease.pool, &claim).await),
        }
    }
}

pub(super) async fn lock(pool: &MySqlPool, claim: &Claim) -> Transaction<'static, MySql> {
    let mut tx = pool.begin().await.unwrap();
    let query = match claim {
        Claim::Room(room) => {
            sqlx::query("select room_id from room_stock where room_id = ? for update").bind(room.uuid())
        }
        Claim::Booking(booking) => {
            sqlx::query("select booking_id from bookings where booking_id = ? for update").bind(booking.uuid())
        }
        // A row that is there is locked; one that is not is being made.
        Claim::Night((room, date)) => {
            let sql = "insert into available_rooms (room_id, date, hotel_id, initial_quantity, available_quantity, \
                       version, created_at, updated_at) values (?, ?, repeat('t', 16), 1, 1, 1, now(6), now(6)) \
                       on duplicate key update updated_at = now(6)";
            sqlx::query(sql).bind(room.uuid()).bind(*date)
        }
        Claim::Scope(scope) => sqlx::query(
            "insert into idempotency_keys (scope, request_hash, operation_id, user_id, status, body, booking_id, \
             hotel_id, created_at) select ?, repeat('h', 32), 'x', repeat('u', 16), 200, '', repeat('b', 16), \
             repeat('t', 16), utc_timestamp(6)",
        )
        .bind(scope.bytes().to_vec()),
        Claim::Reference(..) | Claim::Holds(_) | Claim::Numbers(_) => panic!("nobody holds that: {claim:?}"),
    };
    query.execute(&mut *tx).await.unwrap();
    tx
}

fn wanted(works: &[Work]) -> Wanted {
    let mut wanted = Wanted::default();
    for work in works {
        wanted.merge(work.wanted());
    }
    wanted
}

pub(super) fn made(outcome: &Outcome) -> BookingId {
    let Outcome::Created(Created::New(record)) = outcome else { panic!("no new booking: {outcome:?}") };
    record.booking_id
}

async fn a_plan_of_many_works_leaves_what_the_batch_said(door: Door) {
    let works: Vec<Work> =
        (0..60).map(|n| door.asked(door.house.request(&[(door.house.double, 1)], n, 1))).collect();
    let outcomes = door.written(&works).await;
    let ids: BTreeSet<BookingId> = outcomes.iter().map(made).collect();
    assert_eq!(ids.len(), 60);
}

/// Of every kind as many as a batch takes at most.
async fn a_thousand_works_are_one_plan_through_their_whole_life(door: Door) {
    let works: Vec<Work> = (0..1_024).map(|_| door.book(1, 0)).collect();
    let ids: Vec<BookingId> = door.written(&works).await.iter().map(made).collect();
    let first = door.order(ids[0], Command::HoldDue);
    let due = door.load(&[first]).await.bookings[&ids[0]].record.facts.price.due_now;
    let pay = |id: &BookingId| door.order(*id, paid(&format!("pr-{id}"), due));
    let fail = |id: &BookingId| door.order(*id, Command::CheckoutEnded);
    let (paying, failing) = ids.split_at(512);
    let works: Vec<Work> = paying.iter().map(pay).chain(failing.iter().map(fail)).collect();
    door.written(&works).await;
    let number = |id: &BookingId| door.order(*id, Command::NumberPapers);
    let void = |id: &BookingId| door.order(*id, Command::VoidConfirmed);
    let works: Vec<Work> = paying.iter().map(number).chain(failing.iter().map(void)).collect();
    door.written(&works).await;
    let leave = |id: &BookingId| door.order(*id, cancel(CancelledBy::Hotel));
    door.written(&paying.iter().map(leave).collect::<Vec<_>>()).await;
    let left = door.load(&paying.iter().map(number).collect::<Vec<_>>()).await;
    let refund = |id: &BookingId| {
        let refund = left.bookings[id].refunds[0].refund_id;
        door.order(*id, Command::RefundConfirmed(refund))
    };
    door.written(&paying.iter().map(refund).collect::<Vec<_>>()).await;
    door.written(&paying.iter().map(number).collect::<Vec<_>>()).await;
    let done = door.load(&paying.iter().map(number).collect::<Vec<_>>()).await;
    let noted: BTreeSet<_> =
        paying.iter().map(|id| done.bookings[id].credit_notes[0].number.clone()).collect();
    assert_eq!(noted.len(), 512, "a number of its own for each");
    assert!(!noted.contains(&None));
    assert!(done.nights.values().flatten().all(|night| night.sold() == 0), "every night was given back");
}

async fn payments_ends_cancellations_and_numbers_are_one_plan(door: Door) {
    let outcomes = door.written(&[door.book(1, 0), door.book(1, 0), door.book(1, 1)]).await;
    let [first, second, third] = [0, 1, 2].map(|n| made(&outcomes[n]));
    let due =
        door.load(&[door.order(first, Command::HoldDue)]).await.bookings[&first].record.facts.price.due_now;
    let cancelled = door.leaving(second, IdempotencyKey { scope: digest(), hash: digest() });
    let pay = door.order(first, paid("pr-1", due));
    let fail = door.order(third, Command::CheckoutEnded);
    door.written(&[pay, cancelled, fail, door.book(2, 1)]).await;
    let number = door.order(first, Command::NumberPapers);
    let void = door.order(third, Command::VoidConfirmed);
    door.written(&[number, void]).await;
    let leave = door.order(first, cancel(CancelledBy::Hotel));
    door.written(std::slice::from_ref(&leave)).await;
    let refund = door.load(&[leave]).await.bookings[&first].refunds[0].refund_id;
    door.written(&[
        door.order(first, Command::RefundConfirmed(refund)),
        door.order(second, Command::HoldDue),
    ])
    .await;
}

async fn one_guard_that_misses_leaves_nothing_of_all_works(door: Door) {
    let works = [door.book(1, 0), door.book(0, 1), door.book(1, 0)];
    let (_, stale, _) = door.decided(&works).await;
    door.written(&[door.book(0, 1)]).await;
    let before = door.load(&works).await;
    assert!(matches!(door.ledger.commit(&stale, &soon()).await, Err(CommitError::Stale)));
    let after = door.load(&works).await;
    assert_eq!(after.keys, before.keys);
    // Nights may have got their rows beforehand, and stand as they stood.
    for (room, date) in before.nights.keys() {
        assert_eq!(after.night(*room, *date), before.night(*room, *date));
    }
}

async fn under_locks_only_who_collided_is_refused(door: Door) {
    door.written(&[door.book(0, 1)]).await;
    let works = [door.book(1, 0), door.book(0, 1), door.book(1, 0)];
    let decide = |snapshot: &Snapshot| batch(&mut snapshot.clone(), &works, &door.by()).1;
    let mut read = door.ledger.commit_locked(&wanted(&works), &decide).await.unwrap();
    let (outcomes, _) = batch(&mut read, &works, &door.by());
    assert!(matches!(outcomes[1], Outcome::Refused(Refusal::SoldOut(_))));
    made(&outcomes[0]);
    made(&outcomes[2]);
    door.says(&works, read).await;
}

/// Only the key collides: of its own row, and of no other.
async fn a_key_whose_answer_another_copy_has_kept_meanwhile_is_told_and_the_others_are_written(door: Door) {
    let outcomes = door.written(&[door.book(1, 0), door.book(1, 0)]).await;
    let [first, second] = [0, 1].map(|n| made(&outcomes[n]));
    let key = IdempotencyKey { scope: digest(), hash: digest() };
    let same = [door.leaving(first, key), door.book(1, 0)];
    let other = [door.leaving(second, IdempotencyKey { hash: digest(), ..key }), door.book(1, 0)];
    let (_, same_stale, _) = door.decided(&same).await;
    let (_, other_stale, _) = door.decided(&other).await;
    door.written(&[door.leaving(first, key)]).await;
    let outcomes = door.again(&same_stale, &same).await;
    assert!(matches!(outcomes[0], Outcome::Kept(_)), "{outcomes:?}");
    made(&outcomes[1]);
    let outcomes = door.again(&other_stale, &other).await;
    assert_eq!(outcomes[0], Outcome::Refused(Refusal::IdempotencyKeyReused));
    made(&outcomes[1]);
}

async fn of_two_who_name_their_bookings_alike_at_once_one_is_refused_and_the_others_are_written(door: Door) {
    // The nights have their rows already.
    door.written(&[door.book(1, 0)]).await;
    let named = || {
        let mut request = door.house.request(&[(door.house.double, 1)], 0, 1);
        request.user_id = door.house.hotel.uuid().into();
        request.client_reference = Some(ClientReference::parse("order-1").unwrap());
        door.asked(request)
    };
    let batches = [[door.book(1, 0), named()], [door.book(1, 0), named()]];
    let ((first, one, _), (second, other, _)) =
        (door.decided(&batches[0]).await, door.decided(&batches[1]).await);
    let turns = (soon(), soon());
    let done = tokio::join!(door.ledger.commit(&one, &turns.0), door.ledger.commit(&other, &turns.1));
    let (winner, loser) = match done {
        (Ok(()), Err(CommitError::Stale)) => (&first, &batches[1]),
        (Err(CommitError::Stale), Ok(())) => (&second, &batches[0]),
        neither => panic!("not one of them: {neither:?}"),
    };
    let outcomes = door.under_locks(loser).await;
    made(&outcomes[0]);
    assert_eq!(outcomes[1], Outcome::Refused(Refusal::ClientReferenceReused(made(&winner[1]))));
}

/// Two batches of one shard: the second decided on what the first leaves.
pub(super) async fn two(door: &Door) -> (Plan, Plan) {
    // The nights have their rows already.
    door.written(&[door.book(1, 0)]).await;
    let (first, second) = ([door.book(1, 0)], [door.book(1, 0)]);
    let both: Vec<Work> = first.iter().chain(&second).cloned().collect();
    let mut snapshot = door.load(&both).await;
    let (_, one) = batch(&mut snapshot, &first, &door.by());
    let (_, two) = batch(&mut snapshot, &second, &door.by());
    (one, two)
}

fn until() -> Deadline {
    Deadline::after(COMMIT_WITHIN)
}

async fn a_plan_behind_another_is_committed_after_it(door: Door) {
    let (first, second) = two(&door).await;
    let turn = Turn::alone(until());
    let behind = turn.behind(until());
    let waits = door.ledger.commit(&second, &behind);
    tokio::pin!(waits);
    let early = tokio::time::timeout(Duration::from_millis(150), &mut waits).await;
    assert!(early.is_err(), "it waits for the first");
    let (one, other) = tokio::join!(door.ledger.commit(&first, &turn), waits);
    one.unwrap();
    other.unwrap();
}

async fn a_plan_behind_one_that_missed_is_taken_back(door: Door) {
    let (first, second) = two(&door).await;
    let turn = Turn::alone(until());
    let behind = turn.behind(until());
    let mut broken = first.clone();
    broken.stock.values_mut().for_each(|version| *version += 1);
    let missed = async {
        let done = door.ledger.commit(&broken, &turn).await;
        drop(turn);
        done
    };
    let (one, other) = tokio::join!(missed, door.ledger.commit(&second, &behind));
    assert!(matches!(one, Err(CommitError::Stale)));
    assert!(matches!(other, Err(CommitError::TakenBack(_))), "{other:?}");
    drop(behind);
    door.ledger.commit(&first, &soon()).await.unwrap();
}

async fn it_is_told_what_others_hold_and_what_is_free(door: Door) {
    let outcomes = door.written(&[door.book(1, 0), door.book(1, 1)]).await;
    let [first, second] = [0, 1].map(|n| made(&outcomes[n]));
    let night = |room| Claim::Night((room, door.house.first));
    let (double, suite) = (door.house.double, door.house.suite);
    let unmade = Claim::Night((suite, door.house.first.checked_add_days(chrono::Days::new(300)).unwrap()));
    let all: BTreeSet<Claim> = [
        Claim::Booking(first),
        Claim::Booking(second),
        Claim::Room(double),
        Claim::Room(suite),
        night(double),
        night(suite),
        unmade.clone(),
        Claim::Scope(digest()),
    ]
    .into();
    assert_eq!(door.ledger.locked(&all).await.unwrap(), BTreeSet::new());
    let scope = all.iter().find(|claim| matches!(claim, Claim::Scope(_))).unwrap().clone();
    for claim in [Claim::Booking(second), Claim::Room(suite), night(double), unmade, scope] {
        let held = door.holds(claim.clone()).await;
        assert_eq!(door.ledger.locked(&all).await.unwrap(), [claim].into());
        held.let_go().await;
    }
    assert_eq!(door.ledger.locked(&all).await.unwrap(), BTreeSet::new());
    assert_eq!(door.ledger.home(door.house.hotel), 0);
}

macro_rules! on_every_ledger {
    ($($promise:ident)*) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                super::$promise(super::Door::memory()).await;
            })*
        }

        mod mysql {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                super::$promise(super::Door::mysql().await).await;
            })*
        }
    };
}

on_every_ledger! {
    a_plan_of_many_works_leaves_what_the_batch_said
    a_thousand_works_are_one_plan_through_their_whole_life
    payments_ends_cancellations_and_numbers_are_one_plan
    one_guard_that_misses_leaves_nothing_of_all_works
    under_locks_only_who_collided_is_refused
    a_key_whose_answer_another_copy_has_kept_meanwhile_is_told_and_the_others_are_written
    of_two_who_name_their_bookings_alike_at_once_one_is_refused_and_the_others_are_written
    a_plan_behind_another_is_committed_after_it
    a_plan_behind_one_that_missed_is_taken_back
    it_is_told_what_others_hold_and_what_is_free
}
