//! What the provider says, however it comes (a callback, an answer to our question): found its booking, carried out,
//! recorded. Whatever is well signed is recorded, also what names nothing of ours.

use booking_core::{Capture, Command, PaymentEvent, Refusal};
use domain::BookingId;

use crate::{
    bookings::{BookingError, Done, Ordered},
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
        Err(error @ (BookingError::Stuck | BookingError::Failed)) => {
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
    let order = Ordered {
        payment: event.payment_id,
        told: Some(event.clone()),
        ..Ordered::plain(booking, command.clone())
    };
    Ok(match shared.bookings.order(order).await? {
        Done::Decided(decided) => decided.outcome(),
        Done::Kept(_) => outcome::REFUSED,
    })
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
    shared.bookings.record(PaymentEvent { outcome, ..event }).await?;
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
        hotel_id: None,
        refund_id,
        provider_reference: about.and_then(|about| about.provider_reference.clone()),
        amount,
        failure_code: about.and_then(|about| about.failure_code.clone()),
        sent_at: message.sent_at,
        outcome: "recorded",
        body: body.to_vec(),
    }
}
