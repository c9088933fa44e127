//! Asks the provider about everything that may be out of step: payments past their hold that it was silent about, voids
//! and refunds owed. Also `vacancy admin reconcile`.

use booking_core::Command;
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};

use super::{hold_end::capture, owed};
use crate::{
    desk::DeskError,
    parts::Shared,
    provider::PaymentState,
    queries::reconcile::{self, Silent},
};

/// The job.
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
    /// Payments asked about.
    pub asked: u64,
    /// Of these, how many the provider gave no answer about.
    pub unanswered: u64,
}

/// Asks about every silent payment, then sends every void and refund owed.
pub async fn run(shared: &Shared) -> Result<Reconciled, BoxError> {
    let mut done = Reconciled::default();
    let mut after = None;
    loop {
        let now = shared.clock.now().await?;
        let page = reconcile::silent(&shared.pool, now, after, shared.settings.jobs.reconcile_batch).await?;
        let Some(last) = page.last().map(|silent| silent.booking_id) else { break };
        after = Some(last);
        for silent in page {
            done.asked = done.asked.saturating_add(1);
            if !ask(shared, silent).await? {
                done.unanswered = done.unanswered.saturating_add(1);
            }
        }
    }
    owed::send(shared, true).await?;
    Ok(done)
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
    match shared.desk.carry_out(silent.booking_id, &command).await {
        // One booking that the rules refuse must not hide those behind it.
        Err(DeskError::Refused(refusal)) => {
            let booking = silent.booking_id;
            tracing::warn!(%booking, %refusal, "what the provider says of a payment was refused and is left as it is");
            Ok(true)
        }
        done => Ok(done.map(|_| true)?),
    }
}
