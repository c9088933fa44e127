//! What shards do on every ledger, as the service runs them.

use std::{sync::Arc, time::Duration};

use booking_core::{
    Claim, Command, Created, Outcome, Refusal, Work,
    shard::{Answer, Bounds, Class},
};
use chrono::TimeDelta;
use futures::future::join_all;
use platform::{
    ids::SystemIds,
    mysql::Opened,
    pace::Wake,
    redis::{self, RedisSettings},
    shutdown::Shutdown,
};
use tokio::task::JoinHandle;

use super::{
    door::{Door, made},
    troubled::Troubled,
};
use crate::{
    bookings::{Effects, hints::HoldHints},
    shards::{ShardContext, Shards},
    store::Ledger,
};

/// Of each process.
pub(super) const SHARDS: u8 = 2;

/// One process: its shards, and what runs them.
pub(super) struct Process {
    pub(super) shards: Shards,
    shutdown: Shutdown,
    runs: Vec<JoinHandle<()>>,
}

impl Process {
    fn on(door: &Door) -> Self {
        Self::with(door, door.ledger.clone())
    }

    pub(super) fn with(door: &Door, ledger: Arc<dyn Ledger>) -> Self {
        // A loaded machine may need its time.
        Self::bounded(door, ledger, Bounds { age_ms: 60_000, ..Bounds::default() })
    }

    pub(super) fn bounded(door: &Door, ledger: Arc<dyn Ledger>, bounds: Bounds) -> Self {
        // Nobody answers there: hints are lost, which costs nothing that is tested here.
        let redis = redis::connect(&RedisSettings::at("redis://127.0.0.1:1").unwrap()).unwrap();
        let (relay, owed) = (Wake::default(), Wake::default());
        let context = ShardContext {
            ledger,
            opened: Opened::default(),
            rules: Arc::new(door.rules.clone()),
            body: |_, _| b"{}".to_vec(),
            bounds,
            effects: Effects {
                relay,
                owed,
                redis,
                copy: "this one".into(),
                hints: HoldHints::Off,
                lead: TimeDelta::seconds(3),
            },
            ids: Arc::new(SystemIds),
        };
        let (shards, jobs) = Shards::new(SHARDS, &context);
        let shutdown = Shutdown::new();
        let run = |job: platform::app::Job| {
            let shutdown = shutdown.clone();
            tokio::spawn(async move { job.run(shutdown).await.unwrap() })
        };
        let runs = jobs.into_iter().map(run).collect();
        Self { shards, shutdown, runs }
    }

    pub(super) async fn book(&self, work: Work) -> Answer {
        self.shards.submit(Class::Book, work).await
    }

    pub(super) async fn ends(self) {
        self.shutdown.request();
        for run in self.runs {
            run.await.unwrap();
        }
    }
}

pub(super) fn outcome(answer: Answer) -> Outcome {
    let Answer::Outcome(outcome) = answer else { panic!("not decided: {answer:?}") };
    outcome
}

pub(super) fn is_new(answer: &Answer) -> bool {
    matches!(answer, Answer::Outcome(Outcome::Created(Created::New(_))))
}

pub(super) fn is_sold_out(answer: &Answer) -> bool {
    matches!(answer, Answer::Outcome(Outcome::Refused(Refusal::SoldOut(_))))
}

async fn three_hundred_who_come_at_once_are_all_booked(door: Door) {
    let process = Process::on(&door);
    let answers = join_all((0..300).map(|_| process.book(door.book(1, 0)))).await;
    assert!(answers.iter().all(is_new));
    door.adds_up().await;
    process.ends().await;
}

async fn of_many_at_two_copies_who_want_the_last_room_one_gets_it(door: Door) {
    let (one, other) = (Process::on(&door), Process::on(&door));
    let both =
        (0..64).map(|n| if n % 2 == 0 { one.book(door.book(1, 1)) } else { other.book(door.book(0, 1)) });
    let answers = join_all(both).await;
    assert_eq!(answers.iter().filter(|answer| is_new(answer)).count(), 1);
    assert_eq!(answers.iter().filter(|answer| is_sold_out(answer)).count(), 63);
    door.adds_up().await;
    one.ends().await;
    other.ends().await;
}

async fn one_request_sent_many_times_to_two_copies_makes_one_booking(door: Door) {
    let (one, other) = (Process::on(&door), Process::on(&door));
    let work = door.book(1, 0);
    let sent = (0..16).map(|n| if n % 2 == 0 { one.book(work.clone()) } else { other.book(work.clone()) });
    let answers = join_all(sent).await;
    let ids: Vec<_> = answers
        .into_iter()
        .map(|answer| {
            let outcome = outcome(answer);
            let Outcome::Created(Created::New(record) | Created::Repeat(record)) = outcome else {
                panic!("no booking: {outcome:?}")
            };
            record.booking_id
        })
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    door.adds_up().await;
    one.ends().await;
    other.ends().await;
}

async fn what_comes_back_is_sold_again_and_nobody_is_refused_meanwhile(door: Door) {
    let process = Process::on(&door);
    let held = made(&outcome(process.book(door.book(0, 1)).await));
    assert!(is_sold_out(&process.book(door.book(0, 1)).await));
    let end = door.order(held, Command::CheckoutEnded);
    outcome(process.shards.submit(Class::Money, end).await);
    assert!(is_new(&process.book(door.book(0, 1)).await));
    door.adds_up().await;
    process.ends().await;
}

async fn a_room_that_somebody_holds_keeps_no_other_room_waiting(door: Door) {
    let process = Process::on(&door);
    // The nights have their rows already: making them waits for the room, too.
    let first = made(&outcome(process.book(door.book(1, 1)).await));
    outcome(process.shards.submit(Class::Money, door.order(first, Command::CheckoutEnded)).await);
    let held = door.holds(Claim::Night((door.house.suite, door.house.first))).await;
    let mut waits = Box::pin(process.book(door.book(0, 1)));
    let early = tokio::time::timeout(Duration::from_millis(100), &mut waits).await;
    assert!(early.is_err(), "{early:?}");
    let others = join_all((0..20).map(|_| process.book(door.book(1, 0))));
    let others = tokio::time::timeout(Duration::from_secs(5), others).await.unwrap();
    assert!(others.iter().all(is_new));
    held.let_go().await;
    assert!(is_new(&waits.await));
    door.adds_up().await;
    process.ends().await;
}

async fn papers_are_numbered_by_the_shard_that_issued_them(door: Door) {
    let process = Process::on(&door);
    let work = door.book(1, 0);
    let id = made(&outcome(process.book(work.clone()).await));
    let due = door.load(&[door.order(id, Command::HoldDue)]).await.bookings[&id].record.facts.price.due_now;
    outcome(process.shards.submit(Class::Money, door.order(id, super::stage::paid("pr-1", due))).await);
    let number = || async {
        let read = door.load(&[door.order(id, Command::HoldDue)]).await;
        read.bookings[&id].invoice.as_ref().and_then(|invoice| invoice.number.clone())
    };
    testkit::eventually(Duration::from_secs(5), number).await;
    process.ends().await;
}

async fn whoever_waits_at_the_end_is_answered_and_nobody_is_taken_in_after_it(door: Door) {
    let process = Process::on(&door);
    let mut waiting = Box::pin(join_all((0..200).map(|_| process.book(door.book(1, 0)))));
    // All of them are in the mailbox once they have been asked.
    assert!(futures::poll!(&mut waiting).is_pending());
    process.shutdown.request();
    assert!(waiting.await.iter().all(is_new));
    assert_eq!(process.book(door.book(1, 0)).await, Answer::Unavailable);
    process.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_goes_on_after_a_pause_however_many_letters_come() {
    let door = Door::memory();
    let away = Troubled::of(&door).not_loading(1);
    let process = Process::with(&door, Arc::new(away));
    let mut first = Box::pin(process.book(door.book(1, 0)));
    let mut letters = tokio::time::interval(Duration::from_millis(2));
    let answered = async {
        loop {
            tokio::select! {
                answer = &mut first => break answer,
                _ = letters.tick() => process.shards.forget(door.house.hotel, door.house.suite),
            }
        }
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), answered).await.unwrap();
    assert!(is_new(&answer));
    drop(first);
    process.ends().await;
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
    three_hundred_who_come_at_once_are_all_booked
    of_many_at_two_copies_who_want_the_last_room_one_gets_it
    one_request_sent_many_times_to_two_copies_makes_one_booking
    what_comes_back_is_sold_again_and_nobody_is_refused_meanwhile
    a_room_that_somebody_holds_keeps_no_other_room_waiting
    papers_are_numbered_by_the_shard_that_issued_them
    whoever_waits_at_the_end_is_answered_and_nobody_is_taken_in_after_it
}
