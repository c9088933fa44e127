//! What time alone does: sessions end, captures arrive.

use domain::{Instant, PaymentId};
use platform::ids::Ids;

use super::{
    book::{Book, Payment},
    checkout::ended,
    entry::Entry,
};

/// The most payments that one turn moves: a turn is one line of the journal.
const MOST: usize = 500;

/// All that has fallen due, in a bounded portion.
pub fn due(book: &Book, ids: &dyn Ids, now: Instant) -> Vec<Entry> {
    book.ticking()
        .filter(|(_, payment)| is_due(payment, now))
        .take(MOST)
        .flat_map(|(id, p)| moved(ids, id, p, now))
        .collect()
}

fn is_due(payment: &Payment, now: Instant) -> bool {
    payment.arriving.iter().any(|capture| capture.at <= now) || is_over(payment, now)
}

fn is_over(payment: &Payment, now: Instant) -> bool {
    let over = payment.session.as_ref().is_some_and(|session| session.expires_at <= now);
    over && payment.arriving.is_empty() && payment.captures.is_empty()
}

fn moved(ids: &dyn Ids, payment_id: PaymentId, payment: &Payment, now: Instant) -> Vec<Entry> {
    let arrived = payment.arriving.iter().filter(|capture| capture.at <= now).cloned();
    let mut entries: Vec<Entry> = arrived.map(|capture| Entry::Captured { payment_id, capture }).collect();
    if let Some(session) = payment.session.as_ref().filter(|_| is_over(payment, now)) {
        entries.extend(ended(ids, payment_id, session, now));
    }
    entries
}
