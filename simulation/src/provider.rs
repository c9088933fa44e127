//! The payment provider: sessions, captures, refunds, and its words about them. It is right about money by definition.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Capture, ProviderSaid};
use domain::{BookingId, Money, RefundId};

use crate::hotels::capture;

/// One booking's session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) dead: bool,
    /// What was captured, in order.
    pub(crate) captures: Vec<Capture>,
    /// What went back, by its name.
    pub(crate) refunds: BTreeMap<RefundId, (Option<String>, Money)>,
}

/// What the provider tells, until it is heard.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    Captured(Capture),
    Ended,
    Refunded(RefundId),
}

/// What it is asked.
#[derive(Debug, Clone)]
pub(crate) enum Question {
    /// Whether the booking is paid, for the machine that ends holds.
    Status,
    /// Make its link dead.
    Void,
    /// Give so much of a capture back, under that name.
    Refund(RefundId, Option<String>, Money),
}

/// The provider.
#[derive(Debug, Default)]
pub(crate) struct Provider {
    pub(crate) sessions: BTreeMap<BookingId, Session>,
    /// Words on their way: not heard yet.
    pub(crate) unheard: BTreeSet<u64>,
    pub(crate) away_until: u64,
    said: u64,
    captured: u64,
}

impl Provider {
    /// Takes money, unless the link is dead.
    pub(crate) fn pay(&mut self, booking: BookingId, amount: Money) -> Option<Word> {
        let session = self.sessions.entry(booking).or_default();
        if session.dead {
            return None;
        }
        self.captured += 1;
        let taken = capture(&format!("pr-{}", self.captured), amount);
        session.captures.push(taken.clone());
        Some(Word::Captured(taken))
    }

    /// A word that is told until it is heard.
    pub(crate) fn says(&mut self) -> u64 {
        self.said += 1;
        self.unheard.insert(self.said);
        self.said
    }

    /// Whether the booking is paid.
    pub(crate) fn status(&self, booking: BookingId) -> ProviderSaid {
        let paid = self.sessions.get(&booking).and_then(|session| session.captures.first());
        paid.map_or(ProviderSaid::Unpaid, |capture| ProviderSaid::Paid(capture.clone()))
    }

    /// Makes the link dead, unless money was captured by it: that is the answer then.
    pub(crate) fn void(&mut self, booking: BookingId) -> Option<Capture> {
        let session = self.sessions.entry(booking).or_default();
        session.dead |= session.captures.is_empty();
        session.captures.first().cloned()
    }

    /// Gives money back, once for each name.
    pub(crate) fn refund(
        &mut self,
        booking: BookingId,
        name: RefundId,
        of: Option<String>,
        amount: Money,
    ) -> Word {
        self.sessions.entry(booking).or_default().refunds.insert(name, (of, amount));
        Word::Refunded(name)
    }
}
