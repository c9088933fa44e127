//! Voids and refunds owed: sent until the provider confirms, each with its id as idempotency key, a refund looked up
//! before every retry.

use std::{sync::atomic::Ordering, time::Duration};

use booking_core::Command;
use delivery::Backoff;
use futures::{StreamExt, future::ready, stream};
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

/// Sends what is due of the hotels that this process looks after: two that take the same page would send half of it each.
async fn send_due(shared: &Shared) -> Result<Found, BoxError> {
    if shared.holds_crowd.load(Ordering::Relaxed) {
        // Rooms first. The session of a link ends before its hold does, so that a void some seconds later harms nobody.
        return Ok(Found::All);
    }
    let batch = shared.settings.jobs.owed_batch;
    let page = Page { due: Due::Now, shares: shared.shares.held(), limit: batch };
    let voids = owed::due_voids(&shared.pool, page).await?;
    let refunds = owed::due_refunds(&shared.pool, page, longest_wait(shared)).await?;
    let found = Found::of(voids.len().max(refunds.len()), batch);
    let unanswered = send(shared, voids, refunds).await;
    Ok(pace(found, unanswered))
}

/// Sends everything owed of these hotels once, also what waits for its next attempt; ends early when the provider is away.
/// Answers how much was sent, and how much of it the provider did not answer.
pub(super) async fn send_all(shared: &Shared) -> Result<(usize, usize), BoxError> {
    // Every attempt touches its row, so that none is made twice.
    let due = Due::UntouchedSince(shared.clock.real().await?);
    let (mut sent, mut unanswered) = (0_usize, 0_usize);
    loop {
        let page = Page { due, shares: shared.shares.held(), limit: shared.settings.jobs.owed_batch };
        let voids = owed::due_voids(&shared.pool, page).await?;
        let refunds = owed::due_refunds(&shared.pool, page, longest_wait(shared)).await?;
        let count = voids.len().saturating_add(refunds.len());
        let silent = send(shared, voids, refunds).await;
        (sent, unanswered) = (sent.saturating_add(count), unanswered.saturating_add(silent));
        if silent >= count {
            return Ok((sent, unanswered));
        }
    }
}

/// Sends these side by side; answers how many the provider did not answer.
async fn send(shared: &Shared, voids: Vec<DueVoid>, refunds: Vec<DueRefund>) -> usize {
    let side_by_side = shared.settings.provider.max_calls;
    let voids = stream::iter(voids).map(|void| send_void(shared, void)).buffer_unordered(side_by_side);
    let voids = voids.filter(|done| ready(*done == Sent::NoAnswer)).count().await;
    let refunds =
        stream::iter(refunds).map(|refund| send_refund(shared, refund)).buffer_unordered(side_by_side);
    let refunds = refunds.filter(|done| ready(*done == Sent::NoAnswer)).count().await;
    voids.saturating_add(refunds)
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
    /// The provider or the database did not answer.
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

async fn send_void(shared: &Shared, void: DueVoid) -> Sent {
    let owed = Owed::Void(void.void_id);
    let sent = async {
        if !owed::claim(&shared.pool, owed, void.attempts, wait(shared, void.attempts)).await? {
            return Ok(());
        }
        let command = match shared.provider.void(void.payment_id).await? {
            PaymentState::Captured(captured) => Command::PaymentSucceeded(captured.capture(void.payment_id)),
            // No dead link: a capture may be on its way all the same, and its callback be lost.
            PaymentState::Ended | PaymentState::Unknown if void.age < latest_capture(shared) => return Ok(()),
            PaymentState::Voided | PaymentState::Ended | PaymentState::Unknown => Command::VoidConfirmed,
            PaymentState::Open => return Err(OwedError::StillOpen),
        };
        Ok(shared.bookings.carry_out_in(void.hotel_id, void.booking_id, command).await.map(drop)?)
    };
    let sent = sent.await;
    note(shared, owed, void.attempts, sent).await
}

async fn send_refund(shared: &Shared, refund: DueRefund) -> Sent {
    let owed = Owed::Refund(refund.refund_id);
    let sent = async {
        if !owed::claim(&shared.pool, owed, refund.attempts, wait(shared, refund.attempts)).await? {
            return Ok(());
        }
        match refund_state(shared, &refund).await? {
            RefundState::Succeeded => {
                let confirmed = Command::RefundConfirmed(refund.provider_refund_id);
                let turn = shared.bookings.carry_out_in(refund.hotel_id, refund.booking_id, confirmed);
                Ok(turn.await.map(drop)?)
            }
            // Its callback, or the next look, tells when it is done.
            RefundState::Pending => Ok(()),
            RefundState::Failed | RefundState::Unknown => refused(shared, &refund).await,
        }
    };
    let sent = sent.await;
    note(shared, owed, refund.attempts, sent).await
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
    if matches!(error, OwedError::Provider(_) | OwedError::Database(_)) { Sent::NoAnswer } else { Sent::Done }
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
}
