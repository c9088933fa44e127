//! What the provider says, however it comes (a callback, an answer to our question): found its booking, carried out,
//! recorded. Whatever is well signed is recorded, also what names nothing of ours.

use booking_core::{Capture, Command, Decided, PaymentEvent, Plan, Quiet, Refusal, Snapshot, Step, Wanted};
use domain::BookingId;
use platform::api::Problem;

use crate::{
    desk::DeskError,
    domain::callback::{AboutPayment, Message, Said},
    parts::Shared,
    view,
};

/// What is kept as the outcome of a callback that names no booking of ours.
pub const UNKNOWN_BOOKING: &str = "unknown_booking";

/// Carries a callback out and records it; answers what became of it.
pub async fn heard(
    shared: &Shared,
    webhook_id: &str,
    message: &Message,
    body: &[u8],
) -> Result<&'static str, Problem> {
    let event = event(webhook_id, message, body);
    let Some(about) = message.said.about() else { return record(shared, event, "unknown_type").await };
    // The payment's id tells its booking, also where the provider does not.
    let booking = about.booking_id.unwrap_or(about.payment_id.booking_id());
    let Some(command) = command(&message.said) else { return record(shared, event, "refund_failed").await };
    let also = |decided: &Decided, plan: Plan| {
        plan.and_payment_event(PaymentEvent { outcome: outcome(decided), ..event.clone() })
    };
    match carry_out(shared, booking, about, &command, &also).await {
        Ok(decided) => Ok(outcome(&decided)),
        Err(Carried::Unknown) => record(shared, event, UNKNOWN_BOOKING).await,
        Err(Carried::Refused(refusal)) => {
            tracing::error!(%booking, causes = platform::causes::causes(&refusal), "a callback could not be carried out");
            record(shared, event, "refused").await
        }
        Err(Carried::Failed(problem)) => Err(problem),
    }
}

enum Carried {
    Unknown,
    Refused(Refusal),
    Failed(Problem),
}

async fn carry_out(
    shared: &Shared,
    booking: BookingId,
    about: &AboutPayment,
    command: &Command,
    also: &(dyn Fn(&Decided, Plan) -> Plan + Send + Sync),
) -> Result<Decided, Carried> {
    let wanted = Wanted::booking(booking);
    let snapshot = shared.desk.look(&wanted).await.map_err(|error| Carried::Failed(error.into()))?;
    let done = if let Ok(found) = snapshot.booking(booking) {
        if found.record.facts.payment_id != about.payment_id {
            return Err(Carried::Unknown);
        }
        shared.desk.command_with(&wanted, booking, command, also).await
    } else {
        if !snapshot.purged.contains_key(&booking) || booking.payment_id() != about.payment_id {
            return Err(Carried::Unknown);
        }
        let archived = view::archived(shared, booking).await.map_err(Carried::Failed)?;
        shared.desk.command_archived(&wanted, &archived, command, also).await
    };
    done.map_err(|error| match error {
        DeskError::Refused(Refusal::UnknownBooking(_)) => Carried::Unknown,
        DeskError::Refused(refusal) => Carried::Refused(refusal),
        failed @ (DeskError::Unavailable(_) | DeskError::Unreadable(_)) => Carried::Failed(failed.into()),
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
        Said::RefundFailed(..) | Said::Unknown => None,
    }
}

/// Keeps a callback that changes nothing.
async fn record(
    shared: &Shared,
    event: PaymentEvent,
    outcome: &'static str,
) -> Result<&'static str, Problem> {
    let event = PaymentEvent { outcome, ..event };
    let keep = |_: &Snapshot| Ok(((), Plan::default().and_payment_event(event.clone())));
    shared.desk.settle(&Wanted::default(), &keep).await?;
    Ok(outcome)
}

fn event(webhook_id: &str, message: &Message, body: &[u8]) -> PaymentEvent {
    let about = message.said.about();
    let amount = if let Said::PaymentSucceeded(_, amount) = &message.said { Some(*amount) } else { None };
    let refund_id = match &message.said {
        Said::RefundSucceeded(_, id) | Said::RefundFailed(_, id) => Some(*id),
        Said::PaymentSucceeded(..) | Said::PaymentFailed(_) | Said::PaymentVoided(_) | Said::Unknown => None,
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
fn outcome(decided: &Decided) -> &'static str {
    match &decided.step {
        Step::Quiet(Quiet::Duplicate) => "duplicate",
        Step::Quiet(_) | Step::AskProvider(_) => "recorded",
        Step::Change(change) => match &change.transition {
            Some(moved) => moved.happening.as_str(),
            None => "money_changed",
        },
    }
}
