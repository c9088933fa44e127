//! What a shard tells of itself: each figure of its batches, and why a work was given up.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use booking_core::shard::{Answer, Bounds};
use futures::future::join3;
use metrics::LocalRecorderGuard;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use platform::mysql::DbError;

use super::{
    door::{Door, two},
    shards::{Process, is_new, is_sold_out},
    stage::soon,
    troubled::Troubled,
};
use crate::store::{COMMIT_WITHIN, CommitError, Deadline};

/// What is counted in this thread, and so in a runtime of one thread.
pub(super) struct Figures {
    handle: PrometheusHandle,
    _here: LocalRecorderGuard<'static>,
}

impl Figures {
    pub(super) fn here() -> Self {
        // One for each test that counts; a guard outlives no recorder.
        let recorder: &'static PrometheusRecorder =
            Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
        let (handle, here) = (recorder.handle(), metrics::set_default_local_recorder(recorder));
        Self { handle, _here: here }
    }

    /// Whether a line begins so.
    pub(super) fn has(&self, line: &str) -> bool {
        self.handle.render().lines().any(|told| told.starts_with(line))
    }

    async fn told(&self, lines: &[&str]) {
        testkit::eventually(Duration::from_secs(30), || async {
            lines.iter().all(|line| self.has(line)).then_some(())
        })
        .await;
    }
}

/// Batch-core.md, section 14, by the names that OPERATIONS.md has.
const OF_A_SHARD: [&str; 19] = [
    "booking_batch_works_",
    "booking_batch_events_",
    "booking_batch_seconds_count{stage=\"load\"}",
    "booking_batch_seconds_count{stage=\"decide\"}",
    "booking_batch_seconds_count{stage=\"write\"}",
    "booking_batch_seconds_count{stage=\"second\"}",
    "booking_batches_in_flight{shard=",
    "booking_batch_misses_total{kind=\"stale\"} 1",
    "booking_batch_misses_total{kind=\"unknown\"} 1",
    "booking_commits_unknown_total 1",
    "booking_second_decisions_total 1",
    "booking_batches_bisected_total 1",
    "booking_set_aside{shard=",
    "booking_mailbox_depth{shard=\"0\",class=\"money\"}",
    "booking_mailbox_age_seconds{shard=",
    "booking_rooms_active{shard=",
    "booking_nights_remembered{shard=",
    "booking_followers_total",
    "booking_refusals_total{code=\"sold_out\",fresh=\"",
];

#[tokio::test]
async fn each_figure_of_a_shard_is_told() {
    let figures = Figures::here();
    let door = Door::memory();
    let lost = || CommitError::OutcomeUnknown(DbError::CommitUnknown(sqlx::Error::WorkerCrashed));
    let held = || CommitError::LockTimeout(DbError::LockTimeout(sqlx::Error::WorkerCrashed));
    let ledger = Troubled::of(&door).failing(|| CommitError::Stale).failing(lost).failing(held);
    let process = Process::with(&door, Arc::new(ledger));
    // Decided again under locks; found after its answer was lost and the lock that nobody names; and there is but one suite.
    assert!(is_new(&process.book(door.book(1, 0)).await));
    assert!(is_new(&process.book(door.book(0, 1)).await));
    assert!(is_sold_out(&process.book(door.book(0, 1)).await));
    figures.told(&OF_A_SHARD).await;
    process.ends().await;
}

#[tokio::test]
async fn the_turn_of_a_batch_behind_another_and_each_commit_are_timed() {
    let figures = Figures::here();
    let door = Door::mysql().await;
    let (first, second) = two(&door).await;
    assert!(!figures.has("booking_batch_seconds_count{stage=\"nights\"}"), "alone they go with the rows");
    let turn = soon();
    let behind = turn.behind(Deadline::after(COMMIT_WITHIN));
    let (one, other) = tokio::join!(door.ledger.commit(&first, &turn), door.ledger.commit(&second, &behind));
    assert!(one.is_ok() && other.is_ok());
    assert!(figures.has("booking_batch_seconds_count{stage=\"nights\"} 1"));
    assert!(figures.has("booking_batch_seconds_count{stage=\"commit\"} 3"));
}

#[tokio::test]
async fn it_is_told_which_class_is_full() {
    let figures = Figures::here();
    let door = Door::memory();
    // Of one hotel half as many may wait: one beside the one that is being read for.
    let bounds = Bounds { book_waiting: 2, ..Bounds::default() };
    let process = Process::bounded(&door, door.ledger.clone(), bounds);
    let book = || process.book(door.book(1, 0));
    let (first, second, third) = join3(book(), book(), book()).await;
    assert!(is_new(&first) && is_new(&second));
    assert_eq!(third, Answer::Overloaded);
    assert!(figures.has("booking_works_refused_total{why=\"overloaded\",class=\"book\"} 1"));
    process.ends().await;
}

/// What is logged in this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn a_work_that_can_never_be_written_is_given_up_and_logged_with_its_cause() {
    let log = Log::default();
    let writer = {
        let log = log.clone();
        move || log.clone()
    };
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
    let _logged = tracing::subscriber::set_default(subscriber);
    let figures = Figures::here();
    let door = Door::memory();
    let check = || {
        let (constraint, source) = ("payments_refunds".to_owned(), sqlx::Error::WorkerCrashed);
        CommitError::Defect(DbError::Check { constraint, source })
    };
    let process = Process::with(&door, Arc::new(Troubled::of(&door).always_failing(check)));
    assert_eq!(process.book(door.book(1, 0)).await, Answer::Failed);
    let errors: Vec<_> = log.lines().into_iter().filter(|line| line.contains("ERROR")).collect();
    let (last, each) = errors.split_last().unwrap();
    assert!(last.contains("a work could not be carried out") && last.contains(&door.house.hotel.to_string()));
    assert!(
        errors.iter().all(|line| line.contains("the check payments_refunds refused the row")),
        "{errors:?}"
    );
    assert!(each.iter().all(|line| line.contains("a check of the database refused what was decided")));
    assert!(figures.has("booking_works_refused_total{why=\"failed\",class=\"book\"} 1"));
    assert!(figures.has("booking_batch_misses_total{kind=\"defect\"}"));
    process.ends().await;
}
