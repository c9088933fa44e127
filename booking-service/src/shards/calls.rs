//! The calls of the store that a shard wants made, and what their answers are to it.

use std::{
    collections::BTreeSet,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use booking_core::{
    Claim, Deciding, Plan, Snapshot, Wanted, Work, batch,
    shard::{Input, Miss, No},
};
use platform::{
    mysql::DbError,
    planted::{Fault, Point, crash_at, makes},
};
use tokio::time::{error::Elapsed, timeout};

use super::context::ShardContext;
use crate::store::{COMMIT_WITHIN, CommitError, Deadline, StoreError, Turn, took};

/// How long a read may take. The server gives up on one that is too dear, but a connection that is dead says nothing.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// How long a commit may take to be answered: longer than it may be under way, so that only silence comes to this.
const ANSWERED_WITHIN: Duration = COMMIT_WITHIN.saturating_add(Duration::from_secs(2));

/// What a call has come to.
pub(super) struct Done {
    pub(super) input: Input,
    /// Of a load: until when what is decided on it may be committed.
    pub(super) until: Option<Deadline>,
    /// Of a batch that missed by itself: why, for the log, should a work be given up for it.
    pub(super) cause: Option<String>,
}

impl Done {
    const fn told(input: Input) -> Self {
        Self { input, until: None, cause: None }
    }
}

/// Why a batch was not committed, or may not have been: to its shard, and in words.
#[derive(Debug)]
struct Missed {
    miss: Miss,
    cause: Option<String>,
}

pub(super) async fn load(context: ShardContext, no: No, wanted: Wanted) -> Done {
    // Taken before the database is asked for its time: never too late.
    let until = Some(Deadline::after(COMMIT_WITHIN));
    let began = Instant::now();
    let loaded = timeout(READ_WITHIN, context.ledger.load(&wanted)).await;
    took("load", began);
    let input = match loaded {
        Ok(Ok(snapshot)) => {
            crash_at(Point::AfterLoad);
            Input::Loaded(no, Box::new(snapshot))
        }
        Ok(Err(error)) => {
            failed("load", &error);
            Input::NotLoaded(no)
        }
        Err(late) => {
            failed("load", &late);
            Input::NotLoaded(no)
        }
    };
    Done { input, until, cause: None }
}

pub(super) async fn write(context: ShardContext, no: No, plan: Arc<Plan>, turn: Arc<Turn>) -> Done {
    if makes(Fault::AnswerBeforeCommit) {
        tokio::spawn(async move { context.ledger.commit(&plan, &turn).await });
        return Done::told(Input::Written(no, Ok(())));
    }
    let began = Instant::now();
    let written = timeout(ANSWERED_WITHIN, context.ledger.commit(&plan, &turn)).await;
    took("write", began);
    let (written, cause) = parted(in_time("write", written));
    let is_told = written == Err(Miss::Stale) && makes(Fault::AllAnsweredWhenOneMissed);
    Done { cause, ..Done::told(Input::Written(no, if is_told { Ok(()) } else { written })) }
}

pub(super) async fn lock(context: ShardContext, no: No, wanted: Wanted, works: Vec<Work>) -> Done {
    metrics::counter!("booking_second_decisions_total").increment(1);
    let decide = |snapshot: &Snapshot| batch(&mut snapshot.clone(), &works, &deciding(&context)).1;
    let began = Instant::now();
    let done = timeout(ANSWERED_WITHIN, context.ledger.commit_locked(&wanted, &decide)).await;
    took("second", began);
    let (done, cause) = parted(in_time("second", done));
    Done { cause, ..Done::told(Input::Second(no, done.map(Box::new))) }
}

pub(super) async fn look(context: ShardContext, no: No, claims: BTreeSet<Claim>) -> Done {
    let locked = match timeout(READ_WITHIN, context.ledger.locked(&claims)).await {
        Ok(Ok(locked)) => locked,
        Ok(Err(error)) => {
            failed("look", &error);
            BTreeSet::new()
        }
        Err(late) => {
            failed("look", &late);
            BTreeSet::new()
        }
    };
    Done::told(Input::Locked(no, locked))
}

/// What works are decided by.
pub(super) fn deciding(context: &ShardContext) -> Deciding<'_> {
    Deciding { rules: &context.rules, body: &context.body }
}

fn parted<T>(done: Result<T, Missed>) -> (Result<T, Miss>, Option<String>) {
    match done {
        Ok(done) => (Ok(done), None),
        Err(Missed { miss, cause }) => (Err(miss), cause),
    }
}

/// What is not answered in time may have been committed: a connection may be dead for long before anybody says so. Dropping
/// the call closes it.
fn in_time<T>(call: &'static str, done: Result<Result<T, CommitError>, Elapsed>) -> Result<T, Missed> {
    match done {
        Ok(done) => done.map_err(|error| missed(&error)),
        Err(late) => {
            failed(call, &late);
            count(Miss::Unknown, "unknown");
            Err(Missed { miss: Miss::Unknown, cause: Some(platform::causes::causes(&late)) })
        }
    }
}

fn failed(call: &'static str, error: &(dyn Error + 'static)) {
    tracing::warn!(call, causes = platform::causes::causes(error), "a shard's call of the store failed");
}

fn count(miss: Miss, kind: &'static str) {
    metrics::counter!("booking_batch_misses_total", "kind" => kind).increment(1);
    if miss == Miss::Unknown {
        metrics::counter!("booking_commits_unknown_total").increment(1);
    }
}

/// What a commit that did not happen, or may not have, means to a shard.
fn missed(error: &CommitError) -> Missed {
    let (miss, kind) = match error {
        CommitError::Stale => (Miss::Stale, "stale"),
        // It is decided again under locks, and whose it is found by halves: what is wrong with one work stops no other.
        CommitError::Defect(_) => (Miss::Stale, "defect"),
        CommitError::TakenBack(_) => (Miss::TakenBack, "taken_back"),
        CommitError::LockTimeout(_) => (Miss::LockTimeout, "lock_timeout"),
        CommitError::OutcomeUnknown(_) => (Miss::Unknown, "unknown"),
        CommitError::Store(StoreError::Unavailable(DbError::ConnectionLost(_))) => (Miss::Lost, "lost"),
        // The server answers, and refuses: one of the works is at fault, and is found by halves.
        CommitError::Store(_) => (Miss::Stale, "refused"),
    };
    count(miss, kind);
    let causes = platform::causes::causes(error);
    match error {
        CommitError::Defect(_) => tracing::error!(causes, "a check of the database refused what was decided"),
        CommitError::Store(_) | CommitError::OutcomeUnknown(_) => {
            tracing::warn!(kind, causes, "a batch was not written, or may not have been");
        }
        CommitError::Stale | CommitError::TakenBack(_) | CommitError::LockTimeout(_) => {}
    }
    // A batch that is taken back has not missed by itself.
    let cause = (miss != Miss::TakenBack).then_some(causes);
    Missed { miss, cause }
}
