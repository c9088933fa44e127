//! What the provider says, however it comes (a callback, an answer to our question): found its booking, carried out,
//! recorded. Whatever is well signed is recorded, also what names nothing of ours.

use booking_core::{
    Booking, Capture, Command, Decided, PaymentEvent, Plan, Quiet, Refusal, Snapshot, Step, Wanted, decide,
};
use domain::BookingId;

use crate::{
    bookings::BookingError,
    domain::{
        callback::{Message, Said},
        outcome,
    },
    parts::Shared,
};

/// Carries a callback out and records it; answers what became of it.
pub async fn heard(
    shared: &Shared,
    webhook_id: &str,
    message: &Message,
    body: &[u8],
) -> Result<&'static str, BookingError> {
    let event = event(webhook_id, message, body);
    if let Said::AmountUnreadable(_) = message.said {
        return record(shared, event, outcome::UNREADABLE_AMOUNT).await;
    }
    if let Said::Unreadable(_) = message.said {
        return record(shared, event, outcome::UNREADABLE).await;
    }
    let Some(about) = message.said.about() else { return record(shared, event, "unknown_type").await };
    // The payment's id tells its booking, also where the provider does not.
    let booking = about.booking_id.unwrap_or(about.payment_id.booking_id());
    let Some(command) = command(&message.said) else { return record(shared, event, "refund_failed").await };
    match carry_out(shared, booking, &command, &event).await {
        Err(BookingError::Refused(Refusal::UnknownBooking(_))) => {
            record(shared, event, outcome::UNKNOWN_BOOKING).await
        }
        Err(BookingError::Refused(refusal)) => {
            tracing::error!(%booking, causes = platform::causes::causes(&refusal), "a callback could not be carried out");
            record(shared, event, outcome::REFUSED).await
        }
        Err(error @ BookingError::Unreadable(_)) => {
            tracing::error!(%booking, causes = platform::causes::causes(&error), "a callback waits for an operator");
            record(shared, event, outcome::UNREADABLE_BOOKING).await
        }
        // It may pass, so the provider is to send it again; should it never pass, the message is there.
        Err(error @ BookingError::Stuck) => {
            record(shared, event, outcome::UNREADABLE_BOOKING).await?;
            Err(error)
        }
        done => done,
    }
}

/// What is said of another payment than the booking's own is not about this booking.
async fn carry_out(
    shared: &Shared,
    booking: BookingId,
    command: &Command,
    event: &PaymentEvent,
) -> Result<&'static str, BookingError> {
    let ids = shared.bookings.transition_ids();
    let decide = |snapshot: &Snapshot, found: &Booking| {
        if Some(found.record.facts.payment_id) != event.payment_id {
            return Err(Refusal::UnknownBooking(booking));
        }
        let decided = decide(snapshot, found, command, &ids, shared.bookings.rules())?;
        let outcome = what_became(&decided);
        Ok((outcome, decided.plan.and_payment_event(PaymentEvent { outcome, ..event.clone() })))
    };
    shared.bookings.settle_on(&Wanted::booking(booking), booking, &decide).await
}

fn command(said: &Said) -> Option<Command> {
    match said {
        Said::PaymentSucceeded(about, amount) => Some(Command::PaymentSucceeded(Capture {
            // A provider that names no capture makes one per payment.
            provider_reference: about
                .provider_reference
                .clone()
                .unwrap_or_else(|| about.payment_id.to_string()),
            amount: *amount,
        })),
        Said::PaymentFailed(_) => Some(Command::CheckoutEnded),
        Said::PaymentVoided(_) => Some(Command::VoidConfirmed),
        Said::RefundSucceeded(_, refund) => Some(Command::RefundConfirmed(*refund)),
        // The job that owes it asks again and tells the operator.
        Said::RefundFailed(..) | Said::AmountUnreadable(_) | Said::Unreadable(_) | Said::Unknown => None,
    }
}

/// Keeps a callback that changes nothing.
async fn record(
    shared: &Shared,
    event: PaymentEvent,
    outcome: &'static str,
) -> Result<&'static str, BookingError> {
    let event = PaymentEvent { outcome, ..event };
    let keep = |_: &Snapshot| Ok(((), Plan::default().and_payment_event(event.clone())));
    shared.bookings.settle(&Wanted::default(), &keep).await?;
    Ok(outcome)
}

fn event(webhook_id: &str, message: &Message, body: &[u8]) -> PaymentEvent {
    let about = message.said.about();
    let amount = if let Said::PaymentSucceeded(_, amount) = &message.said { Some(*amount) } else { None };
    let refund_id = match &message.said {
        Said::RefundSucceeded(_, id) | Said::RefundFailed(_, id) => Some(*id),
        Said::PaymentSucceeded(..)
        | Said::AmountUnreadable(_)
        | Said::Unreadable(_)
        | Said::PaymentFailed(_)
        | Said::PaymentVoided(_)
        | Said::Unknown => None,
    };
    PaymentEvent {
        webhook_id: webhook_id.to_owned(),
        kind: message.kind.clone(),
        payment_id: about.map(|about| about.payment_id),
        booking_id: about.and_then(|about| about.booking_id),
        refund_id,
        provider_reference: about.and_then(|about| about.provider_reference.clone()),
        amount,
        failure_code: about.and_then(|about| about.failure_code.clone()),
        sent_at: message.sent_at,
        outcome: "recorded",
        body: body.to_vec(),
    }
}

/// What became of it, in a word.
fn what_became(decided: &Decided) -> &'static str {
    match &decided.step {
        Step::Quiet(Quiet::Duplicate) => "duplicate",
        Step::Quiet(_) | Step::AskProvider(_) => "recorded",
        Step::Change(change) => match &change.transition {
            Some(moved) => moved.happening.as_str(),
            None => "money_changed",
        },
    }
}
