//! Plays steps: what a payment attempt does, by card or by script.

use chrono::TimeDelta;
use domain::{Instant, Money, PaymentId};
use platform::ids::Ids;

use super::{
    entry::{Capture, Entry},
    link::Session,
    message::{About, CallbackKind, CallbackSignature, Message},
    script::{Outcome, ScriptStep},
};

/// The most deliveries of one scripted message.
const MOST_TIMES: u8 = 10;

/// What became of an attempt to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Captured.
    Paid,
    /// Taken on, to be captured later.
    Processing,
    /// The bank declined: another card may be tried.
    Declined,
    /// The session ended unpaid.
    Ended,
}

/// What a card that succeeds does.
pub fn of_good_card() -> Vec<ScriptStep> {
    Outcome::Succeed.steps(None)
}

/// One attempt: which payment, and when.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// Makes references and webhook ids.
    pub ids: &'a dyn Ids,
    pub payment_id: PaymentId,
    /// What is to be paid.
    pub session: &'a Session,
    /// The sandbox's time.
    pub now: Instant,
}

/// Plays the steps up to the next `decline` (or that alone, if it comes first). The rest is kept for the next attempt.
pub fn play(stage: Stage<'_>, steps: &[ScriptStep]) -> (Vec<Entry>, Attempt) {
    let mut playing = Playing { stage, entries: Vec::new(), last: None, attempt: Attempt::Processing };
    let first_declines = steps.first() == Some(&ScriptStep::Decline);
    let count = if first_declines {
        1
    } else {
        steps.iter().take_while(|step| **step != ScriptStep::Decline).count()
    };
    let (now, rest) = steps.split_at_checked(count).unwrap_or((steps, &[]));
    for step in now {
        playing.step(step);
    }
    let left = Entry::StepsLeft { payment_id: stage.payment_id, steps: rest.to_vec() };
    playing.entries.push(left);
    (playing.entries, playing.attempt)
}

struct Playing<'a> {
    stage: Stage<'a>,
    entries: Vec<Entry>,
    last: Option<Capture>,
    attempt: Attempt,
}

impl Playing<'_> {
    fn step(&mut self, step: &ScriptStep) {
        match step {
            ScriptStep::Decline => self.attempt = Attempt::Declined,
            ScriptStep::End => {
                self.attempt = Attempt::Ended;
                let Stage { payment_id, now: at, .. } = self.stage;
                self.entries.push(Entry::Ended { payment_id, at });
            }
            ScriptStep::Capture { amount, more, after_ms } => self.capture(*amount, *more, *after_ms),
            ScriptStep::Callback { kind, amount, after_ms, happened_ms_ago, signature, times } => {
                let told =
                    Told { kind: *kind, amount: *amount, after_ms: *after_ms, ago_ms: *happened_ms_ago };
                self.callback(&told, *signature, *times);
            }
        }
    }

    fn capture(&mut self, amount: Option<Money>, more: i64, after_ms: u64) {
        let asked = amount.unwrap_or(self.stage.session.amount);
        let provider_reference = format!("pr_{}", self.stage.ids.uuid().as_simple());
        let at = later(self.stage.now, after_ms);
        let capture = Capture { amount: with_more(asked, more), provider_reference, at };
        self.last = Some(capture.clone());
        let payment_id = self.stage.payment_id;
        self.entries.push(if after_ms == 0 {
            self.attempt = Attempt::Paid;
            Entry::Captured { payment_id, capture }
        } else {
            Entry::Arriving { payment_id, capture }
        });
    }

    fn callback(&mut self, told: &Told, signature: CallbackSignature, times: u8) {
        let Stage { ids, payment_id, session, now } = self.stage;
        let about = About {
            payment_id,
            booking_id: Some(session.booking_id),
            provider_reference: self.last.as_ref().map(|capture| capture.provider_reference.clone()),
            amount: told.amount.or(self.last.as_ref().map(|capture| capture.amount)).or(Some(session.amount)),
            refund_id: None,
        };
        let due_at = later(now, told.after_ms);
        let happened = due_at.plus(TimeDelta::zero() - millis(told.ago_ms));
        let message = Message { due_at, signature, ..Message::new(ids, told.kind, happened, &about) };
        let copies = std::iter::repeat_n(message, usize::from(times.clamp(1, MOST_TIMES)));
        self.entries.extend(copies.map(|message| Entry::Queued { message }));
    }
}

struct Told {
    kind: CallbackKind,
    amount: Option<Money>,
    after_ms: u64,
    ago_ms: u64,
}

fn with_more(asked: Money, more: i64) -> Money {
    let sum = |delta: i64| {
        let amount = asked.amount().checked_add(delta).filter(|amount| *amount > 0)?;
        Money::new(amount, asked.currency()).ok()
    };
    sum(more).or_else(|| sum(more.saturating_neg())).unwrap_or(asked)
}

fn millis(ms: u64) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX / 1_000))
}

fn later(now: Instant, ms: u64) -> Instant {
    now.plus(millis(ms))
}
