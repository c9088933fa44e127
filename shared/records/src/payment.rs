//! The payment as a booking shows it.

use domain::{
    Currency, Money, PaymentId,
    booking::{BookingRecord, PaymentStatus},
};
use platform::causes::BoxError;
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::read_error::ReadError;

/// A booking's own payment: pending until the provider's first word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BookingPayment, example = json!({
    "amount": { "amount": 24690, "currency": "EUR" }, "refunded": { "amount": 0, "currency": "EUR" },
    "provider_reference": null,
}))]
pub struct PaymentFacts {
    /// Our name for it at the provider.
    pub payment_id: PaymentId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What is or was asked for.
    pub amount: Money,
    /// What has gone back or is on its way.
    pub refunded: Money,
    /// The provider's name for the capture.
    #[schema(required)]
    pub provider_reference: Option<String>,
}

impl PaymentFacts {
    /// The payment of a booking of which the provider has said nothing.
    pub fn pending(record: &BookingRecord) -> Self {
        let amount = record.facts.price.due_now;
        Self {
            payment_id: record.facts.payment_id,
            status: PaymentStatus::Pending,
            amount,
            refunded: Money::zero(amount.currency()),
            provider_reference: None,
        }
    }
}

/// A row of `payments`.
#[derive(Debug, FromRow)]
pub(crate) struct PaymentRow {
    payment_id: Uuid,
    status: String,
    amount: i64,
    currency: String,
    refunded: i64,
    refunded_currency: String,
    provider_reference: Option<String>,
}

impl PaymentRow {
    /// Which payment's it is.
    pub(crate) const fn id(&self) -> PaymentId {
        PaymentId::from_uuid(self.payment_id)
    }

    /// The columns of the row.
    pub(crate) const COLUMNS: &'static str = "payment_id, status, amount, currency, refunded, coalesce(captured_currency, currency) as refunded_currency, \
         provider_reference";
}

/// Money of two columns.
pub(crate) fn money(amount: i64, currency: &str) -> Result<Money, BoxError> {
    Ok(Money::new(amount, Currency::parse(currency)?)?)
}

impl TryFrom<PaymentRow> for PaymentFacts {
    type Error = ReadError;

    fn try_from(row: PaymentRow) -> Result<Self, ReadError> {
        let corrupt = |error: &dyn std::fmt::Display| ReadError::corrupt("payments", row.payment_id, error);
        let money = |amount, currency: &str| money(amount, currency).map_err(|error| corrupt(&error));
        Ok(Self {
            payment_id: PaymentId::from_uuid(row.payment_id),
            status: PaymentStatus::parse(&row.status).map_err(|error| corrupt(&error))?,
            amount: money(row.amount, &row.currency)?,
            refunded: money(row.refunded, &row.refunded_currency)?,
            provider_reference: row.provider_reference,
        })
    }
}
