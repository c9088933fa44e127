//! All that the provider knows: the journal, applied.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::TimeDelta;
use domain::{Instant, Money, PaymentId, RefundId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    entry::{Capture, Entry, Refund},
    link::Session,
    message::Message,
    script::{ScriptStep, ScriptedApi, ScriptedRefunds},
};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SandboxPaymentStatus)]
pub enum Status {
    /// The session goes on, or a capture is on its way.
    Open,
    /// The money is there.
    Captured,
    /// The session ended unpaid, and no capture is on its way.
    Ended,
    /// Its link is dead.
    Voided,
    /// Nobody has opened its page.
    Unknown,
}

/// One payment.
#[derive(Debug, Clone, Default)]
pub struct Payment {
    /// What is to be paid; none until its page was opened.
    pub session: Option<Session>,
    /// What was captured; a second one only by script.
    pub captures: Vec<Capture>,
    /// Captures on their way.
    pub arriving: Vec<Capture>,
    /// What a script still wants to happen.
    pub steps: Vec<ScriptStep>,
    /// How the API answers about it.
    pub api: ScriptedApi,
    /// What becomes of its refunds.
    pub refunds: ScriptedRefunds,
    ended: bool,
    voided: bool,
}

impl Payment {
    /// Where it stands.
    pub fn status(&self) -> Status {
        if !self.captures.is_empty() {
            Status::Captured
        } else if self.voided {
            Status::Voided
        } else if !self.arriving.is_empty() {
            Status::Open
        } else if self.ended {
            Status::Ended
        } else if self.session.is_some() {
            Status::Open
        } else {
            Status::Unknown
        }
    }

    /// The amount to show: captured, else asked for.
    pub fn amount(&self) -> Option<Money> {
        self.captures
            .first()
            .map(|capture| capture.amount)
            .or_else(|| self.session.as_ref().map(|s| s.amount))
    }

    /// What is captured by this time, also what the clockwork has not moved yet.
    pub fn captured_by(&self, now: Instant) -> impl Iterator<Item = &Capture> {
        self.captures.iter().chain(self.arriving.iter().filter(move |capture| capture.at <= now))
    }

    /// Whether time alone may change it.
    fn is_ticking(&self) -> bool {
        !self.arriving.is_empty() || self.status() == Status::Open
    }
}

/// Everything.
#[derive(Debug, Default)]
pub struct Book {
    payments: HashMap<PaymentId, Payment>,
    ticking: HashSet<PaymentId>,
    refunds: HashMap<RefundId, Refund>,
    refund_keys: HashMap<String, RefundId>,
    waiting: HashMap<u64, Message>,
    by_due: BTreeSet<(Instant, u64)>,
    queued: u64,
    offset_us: i64,
}

impl Book {
    /// What these entries come to.
    pub fn of(entries: Vec<Entry>) -> Self {
        let mut book = Self::default();
        for entry in entries {
            book.apply(entry);
        }
        book
    }

    /// A payment that somebody has mentioned.
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.get(&id)
    }

    /// Payments that time alone may change.
    pub fn ticking(&self) -> impl Iterator<Item = (PaymentId, &Payment)> {
        self.ticking.iter().filter_map(|id| Some((*id, self.payments.get(id)?)))
    }

    /// A refund.
    pub fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.get(&id)
    }

    /// The refund that was sent with this idempotency key.
    pub fn refund_of_key(&self, key: &str) -> Option<RefundId> {
        self.refund_keys.get(key).copied()
    }

    /// What was given back of a payment.
    pub fn refunds_of(&self, payment: PaymentId) -> impl Iterator<Item = &Refund> {
        self.refunds.values().filter(move |refund| refund.payment_id == payment && !refund.refused)
    }

    /// Callbacks that are not delivered yet, in the order in which they fall due.
    pub fn waiting(&self) -> impl Iterator<Item = (u64, &Message)> {
        self.by_due.iter().filter_map(|(_, number)| Some((*number, self.waiting.get(number)?)))
    }

    /// How far the sandbox's clock is ahead of real time, in microseconds.
    pub fn offset_us(&self) -> i64 {
        self.offset_us
    }

    /// The sandbox's time when it is really `real`.
    pub fn time(&self, real: Instant) -> Instant {
        real.plus(TimeDelta::microseconds(self.offset_us))
    }

    /// Takes an entry in.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Seen { payment_id, session } => self.touch(payment_id, |p| p.session = Some(session)),
            Entry::Scripted { payment_id, steps, api, refunds } => {
                self.touch(payment_id, |p| (p.steps, p.api, p.refunds) = (steps, api, refunds));
            }
            Entry::StepsLeft { payment_id, steps } => self.touch(payment_id, |p| p.steps = steps),
            Entry::Arriving { payment_id, capture } => self.touch(payment_id, |p| p.arriving.push(capture)),
            Entry::Captured { payment_id, capture } => self.touch(payment_id, |p| {
                p.arriving.retain(|one| one.provider_reference != capture.provider_reference);
                p.captures.push(capture);
            }),
            Entry::Ended { payment_id, .. } => self.touch(payment_id, |p| p.ended = true),
            Entry::Voided { payment_id, .. } => self.touch(payment_id, |p| p.voided = true),
            Entry::Refunded { refund, key } => {
                self.refund_keys.insert(key, refund.refund_id);
                self.refunds.insert(refund.refund_id, refund);
            }
            Entry::Queued { message } => {
                self.by_due.insert((message.due_at, self.queued));
                self.waiting.insert(self.queued, message);
                self.queued = self.queued.saturating_add(1);
            }
            Entry::Delivered { number } | Entry::GivenUp { number } => {
                if let Some(message) = self.waiting.remove(&number) {
                    self.by_due.remove(&(message.due_at, number));
                }
            }
            Entry::ClockMoved { offset_us } => self.offset_us = offset_us,
        }
    }

    fn touch(&mut self, id: PaymentId, change: impl FnOnce(&mut Payment)) {
        let payment = self.payments.entry(id).or_default();
        change(payment);
        if payment.is_ticking() {
            self.ticking.insert(id);
        } else {
            self.ticking.remove(&id);
        }
    }
}
