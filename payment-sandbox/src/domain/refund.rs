//! Giving money back.

use domain::{Instant, Money, PaymentId, RefundId};
use platform::ids::Ids;

use super::{
    Decided,
    book::Book,
    entry::{Entry, Refund},
    message::{About, CallbackKind, Message},
};

/// What the merchant asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The merchant's name for the refund.
    pub refund_id: RefundId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Money,
    /// The idempotency key.
    pub key: String,
}

/// A refund that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The refund.
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
    if book.refund_of_key(&wanted.key).is_some_and(|other| other != refund_id) {
        return Decided::quiet(Err(Refused::Reused));
    }
    if let Some(known) = book.refund(refund_id) {
        let is_same = known.payment_id == payment_id && known.amount == amount;
        let done = Done { refund: known.clone(), is_repeat: true };
        return Decided::quiet(if is_same { Ok(done) } else { Err(Refused::Reused) });
    }
    if let Err(refused) = fits(book, payment_id, amount) {
        return Decided::quiet(Err(refused));
    }
    let refund = Refund { refund_id, payment_id, amount, at };
    let message = Message::new(ids, CallbackKind::RefundSucceeded, at, &about(book, &refund));
    let entries =
        vec![Entry::Refunded { refund: refund.clone(), key: wanted.key.clone() }, Entry::Queued { message }];
    Decided { entries, answer: Ok(Done { refund, is_repeat: false }) }
}

fn fits(book: &Book, payment_id: PaymentId, amount: Money) -> Result<(), Refused> {
    let captures = book.payment(payment_id).map(|payment| payment.captures.as_slice()).unwrap_or_default();
    let currency = captures.first().ok_or(Refused::NotCaptured)?.amount.currency();
    let captured = Money::sum(currency, captures.iter().map(|capture| capture.amount));
    let given = Money::sum(currency, book.refunds_of(payment_id).map(|refund| refund.amount));
    let sum = given.and_then(|given| given.plus(amount)).map_err(|_| Refused::Amount)?;
    let captured = captured.map_err(|_| Refused::Amount)?;
    let fits = amount.amount() > 0 && sum.compare(captured).is_some_and(std::cmp::Ordering::is_le);
    if fits { Ok(()) } else { Err(Refused::Amount) }
}

fn about(book: &Book, refund: &Refund) -> About {
    let payment = book.payment(refund.payment_id);
    let capture = payment.and_then(|payment| payment.captures.first());
    About {
        payment_id: refund.payment_id,
        booking_id: payment.and_then(|payment| payment.session.as_ref()).map(|session| session.booking_id),
        provider_reference: capture.map(|capture| capture.provider_reference.clone()),
        amount: Some(refund.amount),
        refund_id: Some(refund.refund_id),
    }
}
