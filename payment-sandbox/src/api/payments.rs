//! Payments, as the merchant asks about them.

pub(super) mod read;
pub(super) mod void;

use domain::{BookingId, Money, PaymentId};
use platform::api::{Problem, Request};
use serde::Serialize;
use utoipa::ToSchema;

use super::key;
use crate::{
    domain::{
        book::{Book, Payment, Status},
        script::ScriptedApi,
    },
    parts::Parts,
};

/// Where a payment stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SandboxPayment {
    /// The merchant's name for it.
    payment_id: PaymentId,
    /// Where it stands.
    status: Status,
    /// What was captured, else what was asked for; null while unknown.
    #[schema(required)]
    amount: Option<Money>,
    /// Our name for the capture; null until there is one.
    #[schema(required, example = "cap_3f2a")]
    provider_reference: Option<String>,
    /// The merchant's booking; null while unknown.
    #[schema(required)]
    booking_id: Option<BookingId>,
    /// What was given back; null when nothing was.
    #[schema(required)]
    refunded: Option<Money>,
}

impl SandboxPayment {
    /// As the book has it.
    pub(super) fn of(book: &Book, payment_id: PaymentId) -> Self {
        let known = book.payment(payment_id);
        let capture = known.and_then(|payment| payment.captures.first());
        let refunds: Vec<Money> = book.refunds_of(payment_id).map(|refund| refund.amount).collect();
        Self {
            payment_id,
            status: known.map_or(Status::Unknown, Payment::status),
            amount: known.and_then(Payment::amount),
            provider_reference: capture.map(|capture| capture.provider_reference.clone()),
            booking_id: known.and_then(|payment| payment.session.as_ref()).map(|session| session.booking_id),
            refunded: refunds
                .first()
                .and_then(|first| Money::sum(first.currency(), refunds.iter().copied()).ok()),
        }
    }
}

/// The payment asked about, by a caller with the key; 503 if a script wants the API to be down for it.
async fn asked(parts: &Parts, request: &Request) -> Result<PaymentId, Problem> {
    key::demand(parts, request)?;
    let payment_id: PaymentId = request.path("payment_id")?;
    let mood =
        parts.store.look(|book, _| book.payment(payment_id).map_or(ScriptedApi::Answers, |p| p.api)).await?;
    match mood {
        ScriptedApi::Answers => Ok(payment_id),
        ScriptedApi::Unavailable => Err(Problem::unavailable("a script wants no answer about this payment")),
    }
}
