//! The provider's callbacks: what they say, read as leniently as we can (api.md, CALLBACK: unknown fields and types are
//! fine), because whatever is well signed is recorded.

use domain::{BookingId, Currency, Instant, Invalid, Money, PaymentId, RefundId};
use serde::Deserialize;

/// The longest reference of the provider that is kept, in characters.
const LONGEST_REFERENCE: usize = 128;

/// The longest failure code that is kept, in characters.
const LONGEST_CODE: usize = 64;

/// The longest type that is kept, in characters.
const LONGEST_KIND: usize = 64;

/// A callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its type as sent.
    pub kind: String,
    /// When the provider says it happened.
    pub sent_at: Option<Instant>,
    /// What it says.
    pub said: Said,
}

/// What a callback says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Money was captured.
    PaymentSucceeded(AboutPayment, Money),
    /// Money was captured, how much we cannot read: of a currency that we do not know, or beyond all bounds.
    AmountUnreadable(AboutPayment),
    /// The session ended unpaid.
    PaymentFailed(AboutPayment),
    /// The payment was voided: its link is dead.
    PaymentVoided(AboutPayment),
    /// A refund was carried out.
    RefundSucceeded(AboutPayment, RefundId),
    /// A refund was refused by the provider.
    RefundFailed(AboutPayment, RefundId),
    /// Of a type that we do not know: a newer provider's.
    Unknown,
}

/// Which payment a callback is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutPayment {
    /// Our name for the payment.
    pub payment_id: PaymentId,
    /// The booking it pays for, as the provider remembers it.
    pub booking_id: Option<BookingId>,
    /// The provider's name for the payment.
    pub provider_reference: Option<String>,
    /// Why it failed.
    pub failure_code: Option<String>,
}

impl Said {
    /// Which payment it is about, if it is about one.
    pub fn about(&self) -> Option<&AboutPayment> {
        match self {
            Self::PaymentSucceeded(about, _)
            | Self::AmountUnreadable(about)
            | Self::PaymentFailed(about)
            | Self::PaymentVoided(about)
            | Self::RefundSucceeded(about, _)
            | Self::RefundFailed(about, _) => Some(about),
            Self::Unknown => None,
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    timestamp: serde_json::Value,
    #[serde(default)]
    data: serde_json::Value,
}

#[derive(Deserialize)]
struct RawData {
    payment_id: String,
    booking_id: Option<String>,
    provider_reference: Option<String>,
    amount: Option<RawAmount>,
    refund_id: Option<String>,
    failure_code: Option<String>,
}

#[derive(Deserialize)]
struct RawAmount {
    amount: i64,
    currency: String,
}

/// Reads a body whose signature was verified.
pub fn parse(body: &[u8]) -> Result<Message, Invalid> {
    let raw: Raw = serde_json::from_slice(body).map_err(|error| Invalid::malformed(error.to_string()))?;
    let sent_at = raw.timestamp.as_str().and_then(|text| text.parse().ok());
    let said = said(&raw.kind, raw.data)?;
    Ok(Message { kind: cut(&raw.kind, LONGEST_KIND), sent_at, said })
}

fn said(kind: &str, value: serde_json::Value) -> Result<Said, Invalid> {
    if !matches!(
        kind,
        "payment.succeeded" | "payment.failed" | "payment.voided" | "refund.succeeded" | "refund.failed"
    ) {
        return Ok(Said::Unknown);
    }
    let data = data(value)?;
    let about = about(&data)?;
    Ok(match kind {
        "payment.succeeded" => {
            let amount = data.amount.as_ref().ok_or_else(|| required("data.amount"))?;
            match money(amount) {
                Ok(amount) => Said::PaymentSucceeded(about, amount),
                Err(_) => Said::AmountUnreadable(about),
            }
        }
        "payment.failed" => Said::PaymentFailed(about),
        "payment.voided" => Said::PaymentVoided(about),
        "refund.succeeded" => Said::RefundSucceeded(about, refund(&data)?),
        _ => Said::RefundFailed(about, refund(&data)?),
    })
}

fn data(value: serde_json::Value) -> Result<RawData, Invalid> {
    serde_json::from_value(value).map_err(|error| Invalid::malformed(format!("data: {error}")))
}

fn about(data: &RawData) -> Result<AboutPayment, Invalid> {
    Ok(AboutPayment {
        payment_id: data.payment_id.parse()?,
        booking_id: data.booking_id.as_deref().map(str::parse).transpose()?,
        provider_reference: data.provider_reference.as_deref().map(|text| cut(text, LONGEST_REFERENCE)),
        failure_code: data.failure_code.as_deref().map(|text| cut(text, LONGEST_CODE)),
    })
}

fn refund(data: &RawData) -> Result<RefundId, Invalid> {
    data.refund_id.as_deref().ok_or_else(|| required("data.refund_id"))?.parse()
}

fn money(raw: &RawAmount) -> Result<Money, Invalid> {
    Money::new(raw.amount, Currency::parse(&raw.currency)?)
        .map_err(|error| Invalid::out_of_range(error.to_string()))
}

fn required(field: &str) -> Invalid {
    Invalid::new("required", format!("{field} is required."))
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYMENT: &str = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70";

    #[test]
    fn a_success_is_read_with_its_amount_and_unknown_fields_are_left_out() {
        let body = format!(
            r#"{{"type": "payment.succeeded", "timestamp": "x", "extra": 1, "data": {{"payment_id": "{PAYMENT}",
               "amount": {{"amount": 5, "currency": "EUR", "scale": 2}}, "provider_reference": "pr_1", "new": []}}}}"#
        );
        let Said::PaymentSucceeded(about, amount) = parse(body.as_bytes()).unwrap().said else {
            panic!("not a success")
        };
        assert_eq!(about.payment_id.to_string(), PAYMENT);
        assert_eq!(about.provider_reference.as_deref(), Some("pr_1"));
        assert_eq!(amount.amount(), 5);
    }

    #[test]
    fn an_unknown_type_is_no_error_whatever_it_carries() {
        assert_eq!(parse(br#"{"type": "payout.paid"}"#).unwrap().said, Said::Unknown);
    }

    #[test]
    fn money_that_we_cannot_count_is_read_all_the_same() {
        for amount in
            [r#"{"amount": 5, "currency": "QQQ"}"#, r#"{"amount": 9007199254740993, "currency": "EUR"}"#]
        {
            let body = format!(
                r#"{{"type": "payment.succeeded", "data": {{"payment_id": "{PAYMENT}", "amount": {amount}}}}}"#
            );
            assert!(matches!(parse(body.as_bytes()).unwrap().said, Said::AmountUnreadable(_)), "{amount}");
        }
    }

    #[test]
    fn what_cannot_be_recorded_is_malformed() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"type": 1}"#,
            r#"{"type": "payment.succeeded"}"#,
            r#"{"type": "payment.succeeded", "data": {"payment_id": "x"}}"#,
            &format!(r#"{{"type": "payment.succeeded", "data": {{"payment_id": "{PAYMENT}"}}}}"#),
            &format!(r#"{{"type": "refund.failed", "data": {{"payment_id": "{PAYMENT}"}}}}"#),
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
