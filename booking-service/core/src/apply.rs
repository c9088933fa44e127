//! The table of domain.md, States: what a command does to a booking. Total over status x command; no wildcard arm.

mod ending;
mod papers;
mod payment;
mod review;

use crate::{booking::Booking, cancel, command::Command, context::Context, refusal::Refusal, step::Step};

/// What the command leads to, or why it has no effect.
pub fn apply(booking: &Booking, command: &Command, context: &Context<'_>) -> Result<Step, Refusal> {
    match command {
        Command::PaymentSucceeded(capture) => payment::succeeded(booking, capture, context),
        Command::CheckoutEnded => Ok(ending::checkout_ended(booking, context)),
        Command::HoldDue => Ok(ending::hold_due(booking, context)),
        Command::ProviderSaid(said) => ending::provider_said(booking, said, context),
        Command::Cancel(order) => cancel::cancel(booking, order, context),
        Command::StayEnded => ending::stay_ended(booking, context),
        Command::VoidConfirmed => Ok(payment::void_confirmed(booking)),
        Command::RefundConfirmed(refund) => payment::refund_confirmed(booking, *refund, context),
        Command::Reviewed(decision) => review::reviewed(booking, decision, context),
        Command::NumberPapers => Ok(papers::number(booking, context)),
    }
}
