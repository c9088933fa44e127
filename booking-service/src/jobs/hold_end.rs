//! The end of one hold: claimed by one process, the provider asked, then BOOKED, or CANCELLED with a void owed.

use std::time::Duration;

use booking_core::{AskProvider, Capture, Command, ProviderSaid, Quiet, Step};
use domain::{BookingId, Instant};
use platform::{causes::BoxError, clock::Clock};

use super::walk;
use crate::{
    bookings::BookingError,
    parts::Shared,
    provider::{Captured, PaymentState},
    queries::holds,
};

/// The longest wait between the provider's answer and the hold's end; what is later is left to the next sweep.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// How long a hold that cannot be worked on is left alone: the sweep begins with the most urgent, and it would stay that.
const PASSED_BY: Duration = Duration::from_mins(1);

/// Works on the end of a hold, if nobody else does. A failure is logged and left to the next sweep.
pub(super) async fn work_on(shared: &Shared, booking: BookingId) {
    if let Err(error) = claimed(shared, booking).await {
        metrics::counter!("booking_hold_ends_failed_total").increment(1);
        tracing::warn!(%booking, causes = platform::causes::causes(&*error), "the end of a hold was not worked on and will be again");
    }
}

async fn claimed(shared: &Shared, booking: BookingId) -> Result<(), BoxError> {
    if !holds::claim(&shared.pool, booking, shared.settings.holds.lease_ms).await? {
        return Ok(());
    }
    let kept_for = match end(shared, booking).await {
        Ok(true) => return Ok(()),
        Ok(false) => Ok(Duration::ZERO),
        Err(error) => walk::pass_by("hold end", booking, error).map(|()| PASSED_BY),
    };
    holds::keep_for(&shared.pool, booking, kept_for.as_ref().copied().unwrap_or_default()).await?;
    Ok(kept_for.map(drop)?)
}

/// Whether the hold has ended.
async fn end(shared: &Shared, booking: BookingId) -> Result<bool, BookingError> {
    let due = shared.bookings.carry_out(booking, &Command::HoldDue).await?;
    let Step::AskProvider(ask) = due.step else { return Ok(matches!(due.step, Step::Quiet(Quiet::Ignored))) };
    let command = Command::ProviderSaid(said(shared, ask).await?);
    let mut step = shared.bookings.carry_out(booking, &command).await?.step;
    if matches!(&step, Step::Change(change) if change.transition.is_none()) {
        // Another amount went into review, which leaves the hold as it is: its end is still to come.
        step = shared.bookings.carry_out(booking, &command).await?.step;
    }
    if let Step::Quiet(Quiet::NotYet(Some(at))) = step {
        tokio::time::sleep(time_to(shared, at).await?.min(LONGEST_WAIT)).await;
        step = shared.bookings.carry_out(booking, &command).await?.step;
    }
    let ended = matches!(&step, Step::Change(change) if change.transition.is_some());
    if ended {
        metrics::counter!("booking_holds_ended_total").increment(1);
    }
    Ok(ended)
}

/// What the provider says in time; no free slot, no answer and an answer too late are all no answer.
async fn said(shared: &Shared, ask: AskProvider) -> Result<ProviderSaid, BookingError> {
    let time_left = time_to(shared, ask.until).await?;
    let longest = Duration::from_millis(u64::from(shared.settings.holds.ask_ms));
    let asked = tokio::time::timeout(time_left.min(longest), shared.provider.payment(ask.payment_id)).await;
    Ok(match asked {
        Ok(Ok(PaymentState::Captured(captured))) => ProviderSaid::Paid(capture(ask.payment_id, captured)),
        Ok(Ok(PaymentState::Open | PaymentState::Ended | PaymentState::Voided | PaymentState::Unknown)) => {
            ProviderSaid::Unpaid
        }
        Ok(Err(error)) => {
            tracing::debug!(
                causes = platform::causes::causes(&error),
                "the provider gave no answer about a hold"
            );
            ProviderSaid::NoAnswer
        }
        Err(_late) => ProviderSaid::NoAnswer,
    })
}

/// A capture as the core knows it; a provider that names none makes one per payment.
pub(super) fn capture(payment: domain::PaymentId, captured: Captured) -> Capture {
    Capture {
        provider_reference: captured.provider_reference.unwrap_or_else(|| payment.to_string()),
        amount: captured.amount,
    }
}

async fn time_to(shared: &Shared, at: Instant) -> Result<Duration, BookingError> {
    let now = shared.clock.now().await.map_err(|error| BookingError::Unavailable(error.into()))?;
    Ok(at.since(now).to_std().unwrap_or_default())
}
