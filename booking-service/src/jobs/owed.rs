//! Voids and refunds owed: sent until the provider confirms, each with its id as idempotency key, a refund looked up
//! before every retry.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use booking_core::Command;
use delivery::Backoff;
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, ready},
    stream,
};
use platform::{
    app::Job,
    causes::BoxError,
    pace::{Found, Pace},
    planted::{Point, crash_at},
};

use crate::{
    bookings::BookingError,
    parts::Shared,
    provider::{NoAnswer, PaymentState, RefundOrder, RefundState},
    queries::owed::{self, Due, DueRefund, DueVoid, Owed, Page},
};

/// Attempts that failed before a failure is worth a warning: a provider may be away for a moment.
const WORRYING: u32 = 3;

pub(super) fn job(shared: Shared) -> Job {
    Job::new("voids and refunds", move |shutdown| {
        let shared = shared.clone();
        let pace = Pace::new("voids and refunds", shared.settings.jobs.owed_ms).woken_by(shared.owed.clone());
        pace.run(shutdown, move || {
            let shared = shared.clone();
            async move { send_due(&shared).await }
        })
    })
}

/// Whether more holds end than find a place. The session of a link ends before its hold does, so that a void some seconds later
/// harms nobody.
fn rooms_first(shared: &Shared) -> bool {
    shared.holds_crowd.load(Ordering::Relaxed)
}

/// How many attempts were made, and how many of them the provider did not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) sent: usize,
    pub(super) unanswered: usize,
}

impl Tally {
    const fn with(self, done: Sent) -> Self {
        self.and(Self { sent: 1, unanswered: if matches!(done, Sent::NoAnswer) { 1 } else { 0 } })
    }

    const fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent.saturating_add(other.sent),
            unanswered: self.unanswered.saturating_add(other.unanswered),
        }
    }
}

/// Sends what is due of the hotels that this process looks after: two that take the same page would send half of it each.
async fn send_due(shared: &Shared) -> Result<Found, BoxError> {
    if rooms_first(shared) {
        return Ok(Found::All);
    }
    let batch = shared.settings.jobs.owed_batch;
    let page = Page { due: Due::Now, shares: shared.shares.held(), limit: batch };
    let voids = owed::due_voids(&shared.pool, page).await?;
    let refunds = owed::due_refunds(&shared.pool, page, longest_wait(shared)).await?;
    let found = Found::of(voids.len().max(refunds.len()), batch);
    let tally = send(shared, (voids, refunds), true).await;
    Ok(pace(found, tally.unanswered))
}

/// Sends everything owed of these hotels once, also what waits for its next attempt; ends early when the provider is away.
/// Answers how much was sent, and how much of it the provider did not answer.
pub(super) async fn send_all(shared: &Shared) -> Result<Tally, BoxError> {
    // Every attempt touches its row, so that none is made twice.
    let due = Due::UntouchedSince(shared.clock.real().await?);
    let (mut all, mut in_vain) = (Tally::default(), 0);
    loop {
        let page = Page { due, shares: shared.shares.held(), limit: shared.settings.jobs.owed_batch };
        let voids = owed::due_voids(&shared.pool, page).await?;
        let refunds = owed::due_refunds(&shared.pool, page, longest_wait(shared)).await?;
        let page = send(shared, (voids, refunds), false).await;
        all = all.and(page);
        // One or two at the head of a page may go unanswered for ever by themselves: tried once, they are not on the next one.
        in_vain = if page.unanswered < page.sent { 0 } else { in_vain + 1 };
        if page.sent == 0 || in_vain > 1 {
            return Ok(all);
        }
    }
}

/// Sends these side by side.
async fn send(shared: &Shared, (voids, refunds): (Vec<DueVoid>, Vec<DueRefund>), yields: bool) -> Tally {
    let voids = send_these(shared, voids, yields).await;
    voids.and(send_these(shared, refunds, yields).await)
}

/// Claims some at a time, when there is a place for the first of them: what is claimed and not sent waits in vain. Once the
/// provider has not answered no more are claimed: each would be counted as tried, and wait the longer for it. Nor
/// once this process looks after no hotel any more, which is how it ends. One that yields claims none while rooms come first.
/// Half of the provider's places: ends of holds ask there too, and so does `reconcile`, which also sends what is owed.
fn send_these<'s, T: Attempt + 's>(shared: &'s Shared, all: Vec<T>, yields: bool) -> BoxFuture<'s, Tally> {
    let is_silent = Arc::new(AtomicBool::new(false));
    let waits = move || shared.shares.held().is_empty() || yields && rooms_first(shared);
    let seen = Arc::clone(&is_silent);
    let claimed = stream::iter(together(all))
        .take_while(move |_| ready(!(seen.load(Ordering::Relaxed) || waits())))
        .then(move |some| claimed(shared, some))
        .flat_map(stream::iter);
    let sent = claimed.map(move |(one, claimed)| attempt(shared, one, claimed));
    let sent = sent.buffer_unordered(shared.settings.provider.max_calls.div_ceil(2));
    sent.fold(Tally::default(), move |tally, done| {
        is_silent.fetch_or(done == Sent::NoAnswer, Ordering::Relaxed);
        ready(tally.with(done))
    })
    .boxed()
}

async fn attempt<T: Attempt>(shared: &Shared, one: T, claimed: Result<bool, sqlx::Error>) -> Sent {
    let (owed, attempts) = one.owed();
    let sent = match claimed {
        Ok(true) => one.send(shared).await,
        Ok(false) => Ok(()),
        Err(error) => Err(error.into()),
    };
    note(shared, owed, attempts, sent).await
}

/// An attempt that is due.
trait Attempt: Send + Sync {
    /// Of what, and how often it was tried before.
    fn owed(&self) -> (Owed, u32);
    fn send(self, shared: &Shared) -> impl Future<Output = Result<(), OwedError>> + Send;
}

impl Attempt for DueVoid {
    fn owed(&self) -> (Owed, u32) {
        (Owed::Void(self.void_id), self.attempts)
    }

    async fn send(self, shared: &Shared) -> Result<(), OwedError> {
        let command = match shared.provider.void(self.payment_id).await? {
            PaymentState::Captured(captured) => Command::PaymentSucceeded(captured.capture(self.payment_id)),
            // No dead link: a capture may be on its way all the same, and its callback be lost.
            PaymentState::Ended | PaymentState::Unknown if self.age < latest_capture(shared) => return Ok(()),
            PaymentState::Voided | PaymentState::Ended | PaymentState::Unknown => Command::VoidConfirmed,
            PaymentState::Open => return Err(OwedError::StillOpen),
        };
        Ok(shared.bookings.carry_out_in(self.hotel_id, self.booking_id, command).await.map(drop)?)
    }
}

impl Attempt for DueRefund {
    fn owed(&self) -> (Owed, u32) {
        (Owed::Refund(self.refund_id), self.attempts)
    }

    async fn send(self, shared: &Shared) -> Result<(), OwedError> {
        match refund_state(shared, &self).await? {
            RefundState::Succeeded => {
                let confirmed = Command::RefundConfirmed(self.provider_refund_id);
                let turn = shared.bookings.carry_out_in(self.hotel_id, self.booking_id, confirmed);
                Ok(turn.await.map(drop)?)
            }
            // Its callback, or the next look, tells when it is done.
            RefundState::Pending => Ok(()),
            RefundState::Failed | RefundState::Unknown => refused(shared, &self).await,
        }
    }
}

/// Claims of one COMMIT. It is what an attempt costs the database beside its answer: a crowd of holds that end owes
/// thousands.
const TOGETHER: usize = 32;

/// In their order, as many as are claimed together: tried equally often, they wait equally long.
fn together<T: Attempt>(all: Vec<T>) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    for one in all {
        match groups.last_mut() {
            Some(group)
                if group.len() < TOGETHER
                    && group.first().is_some_and(|first| first.owed().1 == one.owed().1) =>
            {
                group.push(one);
            }
            _ => groups.push(vec![one]),
        }
    }
    groups
}

/// Whether each is this process's. Where another was faster with one of them, each is claimed by itself.
async fn claimed<T: Attempt>(shared: &Shared, some: Vec<T>) -> Vec<(T, Result<bool, sqlx::Error>)> {
    let (owed, tried): (Vec<Owed>, Vec<u32>) = some.iter().map(Attempt::owed).unzip();
    let attempts = tried.first().copied().unwrap_or_default();
    let wait = wait(shared, attempts);
    if some.len() > 1 && owed::claim(&shared.pool, &owed, attempts, wait).await.is_ok_and(|all| all) {
        return some.into_iter().map(|one| (one, Ok(true))).collect();
    }
    let mut claimed = Vec::new();
    for one in some {
        let its = owed::claim(&shared.pool, &[one.owed().0], attempts, wait).await;
        claimed.push((one, its));
    }
    claimed
}

/// A provider that is away or has had enough gets a pause, not the next batch at once.
const fn pace(found: Found, unanswered: usize) -> Found {
    if unanswered > 0 { Found::All } else { found }
}

/// What became of an attempt, for the pace of the next ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// It was answered, or somebody else made it.
    Done,
    /// The provider, the database or a shard did not answer.
    NoAnswer,
}

/// The wait after an attempt that was made so many times before.
fn wait(shared: &Shared, attempts: u32) -> Duration {
    let first = Duration::from_millis(shared.settings.jobs.owed_first_wait_ms);
    Backoff::new(first, longest_wait(shared)).delay(attempts.saturating_add(1))
}

fn longest_wait(shared: &Shared) -> Duration {
    Duration::from_millis(shared.settings.jobs.owed_most_wait_ms)
}

/// So long after the end of a session its money may still come.
fn latest_capture(shared: &Shared) -> Duration {
    const HOUR_SECONDS: u64 = 3_600;
    Duration::from_secs(u64::from(shared.settings.provider.latest_capture_hours).saturating_mul(HOUR_SECONDS))
}

/// Sent again it would only be refused again: an operator must look.
async fn refused(shared: &Shared, refund: &DueRefund) -> Result<(), OwedError> {
    let DueRefund { refund_id, booking_id, .. } = refund;
    metrics::counter!("booking_owed_attempts_failed_total").increment(1);
    tracing::warn!(%refund_id, %booking_id, "the provider refuses a refund; `vacancy admin payments refunds` lists it");
    Ok(owed::refuse(&shared.pool, *refund_id).await?)
}

/// Looked up before it is sent again, so that an answer that was lost is found.
async fn refund_state(shared: &Shared, refund: &DueRefund) -> Result<RefundState, NoAnswer> {
    if refund.attempts > 0 {
        let known = shared.provider.refund_state(refund.provider_refund_id).await?;
        if matches!(known, RefundState::Succeeded | RefundState::Pending) {
            return Ok(known);
        }
    }
    let order = RefundOrder {
        refund_id: refund.provider_refund_id,
        payment_id: refund.payment_id,
        provider_reference: refund.provider_reference.clone(),
        amount: refund.amount,
    };
    crash_at(Point::RefundBeforeCall);
    let answer = shared.provider.refund(&order).await;
    crash_at(Point::RefundAfterCall);
    answer
}

/// Why a void or refund is still owed.
#[derive(Debug, thiserror::Error)]
pub(super) enum OwedError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Provider(#[from] NoAnswer),
    #[error(transparent)]
    Bookings(#[from] BookingError),
    #[error("the provider says the session is still open after a void")]
    StillOpen,
}

/// Keeps the failure for the operator; the first attempts are nobody's worry yet.
async fn note(shared: &Shared, owed: Owed, attempts: u32, sent: Result<(), OwedError>) -> Sent {
    let Err(error) = sent else { return Sent::Done };
    metrics::counter!("booking_owed_attempts_failed_total").increment(1);
    let causes = platform::causes::causes(&error);
    if attempts < WORRYING {
        tracing::debug!(?owed, attempts, causes, "a void or refund stays owed and will be tried again");
    } else {
        tracing::warn!(?owed, attempts, causes, "a void or refund stays owed and will be tried again");
    }
    if let Err(error) = owed::note_error(&shared.pool, owed, &error.to_string()).await {
        tracing::debug!(causes = platform::causes::causes(&error), "the failure of an attempt was not kept");
    }
    match error {
        OwedError::Provider(_)
        | OwedError::Database(_)
        | OwedError::Bookings(BookingError::Unavailable(_) | BookingError::Overloaded) => Sent::NoAnswer,
        OwedError::Bookings(_) | OwedError::StillOpen => Sent::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_did_not_answer_gets_a_pause_whatever_is_still_owed() {
        assert_eq!(pace(Found::More, 1), Found::All);
        assert_eq!(pace(Found::More, 0), Found::More);
        assert_eq!(pace(Found::All, 0), Found::All);
    }

    struct Tried(u32);

    impl Attempt for Tried {
        fn owed(&self) -> (Owed, u32) {
            (Owed::Void(domain::VoidId::from_uuid(uuid::Uuid::nil())), self.0)
        }

        async fn send(self, _: &Shared) -> Result<(), OwedError> {
            Ok(())
        }
    }

    #[test]
    fn attempts_claimed_together_were_made_equally_often_and_are_few() {
        let tried = [vec![0; 40], vec![1], vec![0, 0]].concat();
        let groups = together(tried.into_iter().map(Tried).collect());
        let sizes: Vec<(u32, usize)> = groups.iter().map(|group| (group[0].0, group.len())).collect();
        assert_eq!(sizes, [(0, 32), (0, 8), (1, 1), (0, 2)]);
    }
}
