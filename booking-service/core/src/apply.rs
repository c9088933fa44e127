//! The table of domain.md, States: what a command does to a booking. Total over status x command; no wildcard arm.

mod ending;
mod papers;
mod payment;
mod review;

use std::collections::BTreeMap;

use domain::Instant;

use crate::{
    booking::Booking,
    cancel,
    command::Command,
    invoice::Series,
    refusal::Refusal,
    rules::Rules,
    step::{Step, TransitionIds},
};

/// What a decision about one booking depends on beside the booking.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The database's clock, plus the test clock's offset.
    pub now: Instant,
    /// The settings.
    pub rules: &'a Rules,
    /// Ids for what is made.
    pub ids: TransitionIds,
    /// Whether the booking's rooms could all be sold again.
    pub rooms_free: bool,
    /// The last number given in each series that its papers need.
    pub series: &'a BTreeMap<Series, u32>,
}

/// What the command leads to, or why it has no effect.
pub fn apply(booking: &Booking, command: &Command, scene: &Scene<'_>) -> Result<Step, Refusal> {
    match command {
        Command::PaymentSucceeded(capture) => payment::succeeded(booking, capture, scene),
        Command::CheckoutEnded => Ok(ending::checkout_ended(booking, scene)),
        Command::HoldDue => Ok(ending::hold_due(booking, scene)),
        Command::ProviderSaid(said) => ending::provider_said(booking, said, scene),
        Command::Cancel(wish) => cancel::cancel(booking, wish, scene),
        Command::StayEnded => ending::stay_ended(booking, scene),
        Command::VoidConfirmed => Ok(payment::void_confirmed(booking)),
        Command::RefundConfirmed(refund) => Ok(payment::refund_confirmed(booking, *refund, scene)),
        Command::Reviewed(payment, review) => review::reviewed(booking, *payment, *review, scene),
        Command::NumberPapers => Ok(papers::number(booking, scene)),
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
