//! The checkout page's decisions: opening it, paying on it; and a void, which closes it.

use domain::{Instant, PaymentId};
use platform::ids::Ids;

use super::{
    Decided,
    book::{Book, Payment, Status},
    card::Card,
    entry::Entry,
    link::Session,
    message::{About, CallbackKind, Message},
    play::{self, Attempt, Stage},
};

/// What somebody who pays is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paid {
    /// Captured just now or before.
    Paid,
    /// Taken on, to be captured later.
    Processing,
    /// The bank declined: another card may be tried.
    Declined,
    /// The session had ended, or ended with this attempt.
    Ended,
    /// The merchant called the payment off.
    Voided,
}

/// A traveller opens the page: the session is known from now on, and ends if it is over.
pub fn open(
    book: &Book,
    ids: &dyn Ids,
    payment_id: PaymentId,
    session: &Session,
    now: Instant,
) -> Decided<()> {
    let known = book.payment(payment_id);
    let mut entries = Vec::new();
    if known.is_none_or(|payment| payment.session.is_none()) {
        entries.push(Entry::Seen { payment_id, session: session.clone() });
    }
    let may_end = known.is_none_or(|payment| matches!(payment.status(), Status::Open | Status::Unknown));
    if may_end && session.expires_at <= now && known.is_none_or(|payment| payment.arriving.is_empty()) {
        entries.extend(ended(ids, payment_id, session, now));
    }
    Decided { entries, answer: () }
}

/// The session ends unpaid, and the merchant is told.
pub fn ended(ids: &dyn Ids, payment_id: PaymentId, session: &Session, at: Instant) -> [Entry; 2] {
    let about = about(payment_id, Some(session));
    let message = Message::new(ids, CallbackKind::PaymentFailed, at, &about);
    [Entry::Ended { payment_id, at }, Entry::Queued { message }]
}

fn about(payment_id: PaymentId, session: Option<&Session>) -> About {
    About {
        payment_id,
        booking_id: session.map(|session| session.booking_id),
        provider_reference: None,
        amount: session.map(|session| session.amount),
        refund_id: None,
    }
}

/// A card is tried on an open session; a script decides before the card does.
pub fn pay(stage: Stage<'_>, book: &Book, card: Card) -> Decided<Paid> {
    let known = book.payment(stage.payment_id);
    if let Some(closed) = known.and_then(closed) {
        return Decided::quiet(closed);
    }
    let opened = open(book, stage.ids, stage.payment_id, stage.session, stage.now);
    if opened.entries.iter().any(|entry| matches!(entry, Entry::Ended { .. })) {
        return Decided { entries: opened.entries, answer: Paid::Ended };
    }
    let scripted = known.map(|payment| payment.steps.as_slice()).unwrap_or_default();
    let (played, attempt) = match (scripted, card) {
        ([], Card::Declines) => (Vec::new(), Attempt::Declined),
        ([], Card::Succeeds) => play::play(stage, &play::of_good_card()),
        (steps, Card::Succeeds | Card::Declines) => play::play(stage, steps),
    };
    let entries = opened.entries.into_iter().chain(played).collect();
    Decided { entries, answer: attempt.into() }
}

/// Why nothing more can be paid, if so.
fn closed(payment: &Payment) -> Option<Paid> {
    match payment.status() {
        Status::Captured => Some(Paid::Paid),
        Status::Ended => Some(Paid::Ended),
        Status::Voided => Some(Paid::Voided),
        Status::Open if !payment.arriving.is_empty() => Some(Paid::Processing),
        Status::Open | Status::Unknown => None,
    }
}

/// The merchant calls a payment off: an unknown one too, so that its link is dead. A captured one stays captured, and
/// one whose capture is on its way stays open: that cannot be called back any more.
pub fn void(book: &Book, ids: &dyn Ids, payment_id: PaymentId, at: Instant) -> Decided<()> {
    let known = book.payment(payment_id);
    let settled = known.is_some_and(|payment| match payment.status() {
        Status::Captured | Status::Voided => true,
        Status::Open => !payment.arriving.is_empty(),
        Status::Unknown | Status::Ended => false,
    });
    if settled {
        return Decided::quiet(());
    }
    let mut entries = vec![Entry::Voided { payment_id, at }];
    // Of a payment that nobody has opened there is nothing to tell: the answer says it.
    if let Some(session) = known.and_then(|payment| payment.session.as_ref()) {
        let message = Message::new(ids, CallbackKind::PaymentVoided, at, &about(payment_id, Some(session)));
        entries.push(Entry::Queued { message });
    }
    Decided { entries, answer: () }
}

impl From<Attempt> for Paid {
    fn from(attempt: Attempt) -> Self {
        match attempt {
            Attempt::Paid => Self::Paid,
            Attempt::Processing => Self::Processing,
            Attempt::Declined => Self::Declined,
            Attempt::Ended => Self::Ended,
        }
    }
}
