//! Asks the provider about everything that may be out of step: payments past their hold that it was silent about, voids
//! and refunds owed. Also `vacancy admin reconcile`.

use booking_core::Command;
use futures::{StreamExt, TryStreamExt, stream};
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};

use super::{hold_end::capture, owed, walk};
use crate::{
    parts::Shared,
    provider::PaymentState,
    queries::{
        holds,
        reconcile::{self, Silent},
    },
};

pub(super) fn job(shared: Shared) -> Job {
    Job::new("reconcile", move |shutdown| {
        let shared = shared.clone();
        let pace = Pace::new("reconcile", shared.settings.jobs.reconcile_ms);
        pace.run(shutdown, move || {
            let shared = shared.clone();
            async move { run(&shared).await.map(|_| Found::All) }
        })
    })
}

/// What a reconciliation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Payments asked about, and voids and refunds sent, which asks as well.
    pub asked: u64,
    /// Of these, how many the provider gave no answer about.
    pub unanswered: u64,
}

/// Asks about every silent payment, then sends every void and refund owed. Ends early when the provider is away: whoever
/// is not asked now is asked the next time.
pub async fn run(shared: &Shared) -> Result<Reconciled, BoxError> {
    let mut done = Reconciled::default();
    let side_by_side = (shared.settings.provider.max_calls / 2).max(1);
    let mut after = None;
    loop {
        let now = shared.clock.now().await?;
        let some = reconcile::silent(&shared.pool, now, after, side_by_side).await?;
        let Some(last) = some.last().copied() else { break };
        after = Some(last);
        let answers: Vec<_> = stream::iter(some)
            .map(|silent| claimed(shared, silent))
            .buffer_unordered(side_by_side)
            .try_collect()
            .await?;
        for answered in answers.iter().flatten() {
            done.asked = done.asked.saturating_add(1);
            done.unanswered = done.unanswered.saturating_add(u64::from(!answered));
        }
        if answers.iter().flatten().any(|answered| !answered) && !answers.contains(&Some(true)) {
            return Ok(done);
        }
    }
    let (sent, unanswered) = owed::send_all(shared).await?;
    done.asked = done.asked.saturating_add(u64::try_from(sent).unwrap_or(u64::MAX));
    done.unanswered = done.unanswered.saturating_add(u64::try_from(unanswered).unwrap_or(u64::MAX));
    Ok(done)
}

/// Asks about one payment, unless another process works on its hold: whether the provider answered.
async fn claimed(shared: &Shared, silent: Silent) -> Result<Option<bool>, BoxError> {
    if !holds::claim(&shared.pool, silent.booking_id, shared.settings.holds.lease_ms).await? {
        return Ok(None);
    }
    let answered = ask(shared, silent).await;
    holds::release(&shared.pool, silent.booking_id).await?;
    answered.map(Some)
}

/// Whether the provider answered. What it says is carried out; a hold that is over then ends by the sweep.
async fn ask(shared: &Shared, silent: Silent) -> Result<bool, BoxError> {
    let command = match shared.provider.payment(silent.payment_id).await {
        Ok(PaymentState::Captured(captured)) => {
            Command::PaymentSucceeded(capture(silent.payment_id, captured))
        }
        Ok(PaymentState::Ended) => Command::CheckoutEnded,
        Ok(PaymentState::Voided) => Command::VoidConfirmed,
        Ok(PaymentState::Open | PaymentState::Unknown) => return Ok(true),
        Err(error) => {
            tracing::debug!(
                causes = platform::causes::causes(&error),
                "the provider gave no answer about a payment"
            );
            return Ok(false);
        }
    };
    let turn = shared.bookings.carry_out(silent.booking_id, &command).await;
    walk::taken("reconcile", silent.booking_id, turn)?;
    Ok(true)
}
