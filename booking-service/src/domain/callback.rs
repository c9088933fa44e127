//! The provider's callbacks: what they say, read as leniently as we can (api.md, CALLBACK: unknown fields and types are
//! fine), because whatever is well signed is recorded.

use domain::{BookingId, Currency, Instant, Money, PaymentId, RefundId};
use serde_json::Value;

/// The longest reference of the provider that is kept, in characters.
const LONGEST_REFERENCE: usize = 128;

/// The longest failure code that is kept, in characters.
const LONGEST_CODE: usize = 64;

/// The longest type that is kept, in characters.
const LONGEST_KIND: usize = 64;

/// The types that we know.
pub const KINDS: [&str; 5] =
    ["payment.succeeded", "payment.failed", "payment.voided", "refund.succeeded", "refund.failed"];

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
    /// Money was captured, how much we cannot read: of a currency that we do not know, beyond all bounds, not above zero.
    AmountUnreadable(AboutPayment),
    /// The session ended unpaid.
    PaymentFailed(AboutPayment),
    /// The payment was voided: its link is dead.
    PaymentVoided(AboutPayment),
    /// A refund was carried out.
    RefundSucceeded(AboutPayment, RefundId),
    /// A refund was refused by the provider.
    RefundFailed(AboutPayment, RefundId),
    /// It cannot be read, or not which payment it is about.
    Unreadable(Option<AboutPayment>),
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
            Self::Unreadable(about) => about.as_ref(),
            Self::Unknown => None,
        }
    }
}

/// Reads a body whose signature was verified: whatever it is, it says something that can be recorded.
pub fn parse(body: &[u8]) -> Message {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = value.get("type").and_then(Value::as_str);
    Message {
        kind: cut(kind.unwrap_or_default(), LONGEST_KIND),
        sent_at: text(value.get("timestamp")).and_then(|text| text.parse().ok()),
        said: kind
            .map_or(Said::Unreadable(None), |kind| said(kind, value.get("data").unwrap_or(&Value::Null))),
    }
}

fn said(kind: &str, data: &Value) -> Said {
    let read: fn(AboutPayment, &Value) -> Said = match kind {
        "payment.succeeded" => succeeded,
        "payment.failed" => |about, _| Said::PaymentFailed(about),
        "payment.voided" => |about, _| Said::PaymentVoided(about),
        "refund.succeeded" => |about, data| of_refund(about, data, Said::RefundSucceeded),
        "refund.failed" => |about, data| of_refund(about, data, Said::RefundFailed),
        _ => return Said::Unknown,
    };
    let Some(about) = about(data) else { return Said::Unreadable(None) };
    // Without its name a second capture would pass for the first told again.
    let nameless = data.get("provider_reference").is_some_and(|name| !name.is_null())
        && about.provider_reference.is_none();
    if nameless { Said::Unreadable(Some(about)) } else { read(about, data) }
}

/// The payment it names; its booking follows from it, so a name of the booking that cannot be read is left out.
fn about(data: &Value) -> Option<AboutPayment> {
    Some(AboutPayment {
        payment_id: text(data.get("payment_id"))?.parse().ok()?,
        booking_id: text(data.get("booking_id")).and_then(|text| text.parse().ok()),
        provider_reference: reference(data.get("provider_reference")),
        failure_code: text(data.get("failure_code")).map(|text| cut(text, LONGEST_CODE)),
    })
}

fn succeeded(about: AboutPayment, data: &Value) -> Said {
    match data.get("amount").and_then(money) {
        Some(amount) => Said::PaymentSucceeded(about, amount),
        None => Said::AmountUnreadable(about),
    }
}

fn of_refund(about: AboutPayment, data: &Value, say: fn(AboutPayment, RefundId) -> Said) -> Said {
    match text(data.get("refund_id")).and_then(|text| text.parse().ok()) {
        Some(refund) => say(about, refund),
        None => Said::Unreadable(Some(about)),
    }
}

/// Money that can have been captured: whole minor units, more than nothing.
fn money(value: &Value) -> Option<Money> {
    let amount = value.get("amount")?.as_i64().filter(|amount| *amount > 0)?;
    let currency = Currency::parse(text(value.get("currency"))?).ok()?;
    Money::new(amount, currency).ok()
}

/// A name, also one that is a number there.
fn reference(value: Option<&Value>) -> Option<String> {
    let value = value?;
    let number = || value.as_number().map(ToString::to_string);
    value.as_str().map(|text| cut(text, LONGEST_REFERENCE)).or_else(number)
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
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
        let Said::PaymentSucceeded(about, amount) = parse(body.as_bytes()).said else {
            panic!("not a success")
        };
        assert_eq!(about.payment_id.to_string(), PAYMENT);
        assert_eq!(about.provider_reference.as_deref(), Some("pr_1"));
        assert_eq!(amount.amount(), 5);
    }

    #[test]
    fn an_unknown_type_is_no_error_whatever_it_carries() {
        assert_eq!(parse(br#"{"type": "payout.paid"}"#).said, Said::Unknown);
    }

    #[test]
    fn every_type_that_we_know_is_read() {
        for kind in KINDS {
            let body = format!(
                r#"{{"type": "{kind}", "data": {{"payment_id": "{PAYMENT}", "refund_id": "{PAYMENT}"}}}}"#
            );
            assert!(parse(body.as_bytes()).said.about().is_some(), "{kind}");
        }
    }

    #[test]
    fn money_that_we_cannot_count_is_read_all_the_same() {
        for amount in
            [r#"{"amount": 5, "currency": "QQQ"}"#, r#"{"amount": 9007199254740993, "currency": "EUR"}"#]
        {
            let body = format!(
                r#"{{"type": "payment.succeeded", "data": {{"payment_id": "{PAYMENT}", "amount": {amount}}}}}"#
            );
            assert!(matches!(parse(body.as_bytes()).said, Said::AmountUnreadable(_)), "{amount}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_error_either() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"type": 1}"#,
            r#"{"type": "payment.succeeded"}"#,
            r#"{"type": "payment.succeeded", "data": {"payment_id": "x"}}"#,
            &format!(r#"{{"type": "refund.failed", "data": {{"payment_id": "{PAYMENT}"}}}}"#),
        ] {
            assert!(matches!(parse(bad.as_bytes()).said, Said::Unreadable(_)), "{bad}");
        }
    }
}
