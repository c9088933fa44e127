//! Giving money back.

use domain::{Instant, Money, PaymentId, RefundId};
use platform::ids::Ids;

use super::{
    Decided,
    book::Book,
    entry::{Entry, Refund},
    message::{About, CallbackKind, Message},
    script::ScriptedRefunds,
};

/// What the merchant asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The merchant's name for the refund.
    pub refund_id: RefundId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// Of which capture of it; none if it has only one.
    pub provider_reference: Option<String>,
    /// How much.
    pub amount: Money,
    /// The idempotency key.
    pub key: String,
}

/// A refund that is done, or refused as a script wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub refund: Refund,
    /// Whether it was done by an earlier request.
    pub is_repeat: bool,
}

/// Why a refund is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The id or the key names another refund.
    #[error("the refund's id or key names another refund")]
    Reused,
    /// Nothing was captured.
    #[error("nothing was captured")]
    NotCaptured,
    /// Not above zero, in another currency, or more than is left of what was captured.
    #[error("the amount is not one that can go back")]
    Amount,
}

/// Gives money back, once per refund id; the sum is never above what was captured.
pub fn refund(book: &Book, ids: &dyn Ids, wanted: &Wanted, at: Instant) -> Decided<Result<Done, Refused>> {
    let Wanted { refund_id, payment_id, amount, .. } = *wanted;
    let provider_reference = wanted.provider_reference.clone();
    if book.refund_of_key(&wanted.key).is_some_and(|other| other != refund_id) {
        return Decided::quiet(Err(Refused::Reused));
    }
    if let Some(known) = book.refund(refund_id) {
        let is_same = known.payment_id == payment_id
            && known.amount == amount
            && known.provider_reference == provider_reference;
        let done = Done { refund: known.clone(), is_repeat: true };
        return Decided::quiet(if is_same { Ok(done) } else { Err(Refused::Reused) });
    }
    // Neither above what was captured in all, nor above the capture that is named.
    for capture in [None, provider_reference.as_deref()] {
        if let Err(refused) = fits(book, wanted, capture, at) {
            return Decided::quiet(Err(refused));
        }
    }
    let refused = book.payment(payment_id).is_some_and(|one| one.refunds == ScriptedRefunds::Refused);
    let refund = Refund { refund_id, payment_id, provider_reference, amount, at, refused };
    let told = if refused { CallbackKind::RefundFailed } else { CallbackKind::RefundSucceeded };
    let message = Message::new(ids, told, at, &about(book, &refund, at));
    let entries =
        vec![Entry::Refunded { refund: refund.clone(), key: wanted.key.clone() }, Entry::Queued { message }];
    Decided { entries, answer: Ok(Done { refund, is_repeat: false }) }
}

fn fits(book: &Book, wanted: &Wanted, reference: Option<&str>, at: Instant) -> Result<(), Refused> {
    let of_it = |named: Option<&str>| reference.is_none() || reference == named;
    let payment = book.payment(wanted.payment_id);
    let captures = payment.into_iter().flat_map(|payment| payment.captured_by(at));
    let captures = captures.filter(|one| of_it(Some(&one.provider_reference)));
    let captures: Vec<_> = captures.map(|capture| capture.amount).collect();
    let currency = captures.first().ok_or(Refused::NotCaptured)?.currency();
    let refunds = book.refunds_of(wanted.payment_id).filter(|one| of_it(one.provider_reference.as_deref()));
    let given = Money::sum(currency, refunds.map(|refund| refund.amount));
    let sum = given.and_then(|given| given.plus(wanted.amount)).map_err(|_| Refused::Amount)?;
    let captured = Money::sum(currency, captures).map_err(|_| Refused::Amount)?;
    let fits = wanted.amount.amount() > 0 && sum.compare(captured).is_some_and(std::cmp::Ordering::is_le);
    if fits { Ok(()) } else { Err(Refused::Amount) }
}

fn about(book: &Book, refund: &Refund, at: Instant) -> About {
    let payment = book.payment(refund.payment_id);
    let capture = payment.and_then(|payment| payment.captured_by(at).next());
    About {
        payment_id: refund.payment_id,
        booking_id: payment.and_then(|payment| payment.session.as_ref()).map(|session| session.booking_id),
        provider_reference: refund
            .provider_reference
            .clone()
            .or_else(|| capture.map(|capture| capture.provider_reference.clone())),
        amount: Some(refund.amount),
        refund_id: Some(refund.refund_id),
    }
}

#[cfg(test)]
mod tests {
    use platform::ids::SystemIds;

    use super::*;
    use crate::domain::entry::Capture;

    const DUE: &str = "2027-01-01T12:00:00.000000Z";

    fn moment(text: &str) -> Instant {
        text.parse().unwrap()
    }

    /// The callback of a capture falls due with it, and may be delivered before the clockwork has moved the capture.
    #[test]
    fn a_capture_can_be_refunded_from_the_moment_it_is_due() {
        let payment_id = PaymentId::from_uuid(SystemIds.uuid());
        let amount = Money::new(40_000, domain::Currency::parse("EUR").unwrap()).unwrap();
        let capture = Capture { amount, provider_reference: "pr_1".to_owned(), at: moment(DUE) };
        let mut book = Book::default();
        book.apply(Entry::Arriving { payment_id, capture });
        let wanted = Wanted {
            refund_id: RefundId::from_uuid(SystemIds.uuid()),
            payment_id,
            provider_reference: Some("pr_1".to_owned()),
            amount,
            key: "a".to_owned(),
        };
        let early = refund(&book, &SystemIds, &wanted, moment("2027-01-01T11:59:59.999999Z"));
        assert_eq!(early.answer, Err(Refused::NotCaptured));
        assert!(refund(&book, &SystemIds, &wanted, moment(DUE)).answer.is_ok());
    }
}
