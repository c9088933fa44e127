//! `PUT /v1/scripts/{payment_id}`

use domain::{BookingId, Faults, Instant, Invalid, Money, PaymentId};
use platform::{
    api::{Answer, Endpoint, Problem, Request},
    ids::Ids,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{key, payments::SandboxPayment},
    domain::{
        Decided,
        book::Book,
        entry::Entry,
        link::Session,
        play::{self, Stage},
        script::{Outcome, ScriptStep, ScriptedApi, ScriptedRefunds},
    },
    parts::Shared,
};

/// A script is a few steps; a test that needs more is two tests.
const MOST_STEPS: usize = 50;

/// A delay of 400 days outlives every booking that a test makes.
const LONGEST_DELAY_MS: u64 = 400 * 86_400_000;

/// How long a session that a script describes goes on, in minutes, unless it says so itself.
const SESSION_MINUTES: i64 = 30;

/// What shall happen when the traveller pays: a named outcome, or steps one by one; neither takes a script away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScriptWrite {
    /// A script with a name.
    #[schema(inline = false)]
    outcome: Option<Outcome>,
    /// Delays what a named outcome tells (with `late`, also its capture), on the sandbox's clock.
    #[schema(minimum = 0, maximum = 34_560_000_000u64)]
    delay_ms: Option<u64>,
    /// The steps, at most 50.
    #[schema(max_items = 50)]
    events: Option<Vec<ScriptStep>>,
    /// How the API answers about this payment.
    #[serde(default)]
    api: ScriptedApi,
    /// What becomes of its refunds.
    #[serde(default)]
    refunds: ScriptedRefunds,
    /// What is to be paid, where nobody opens the page.
    session: Option<ScriptSession>,
    /// Plays it now, as if the traveller paid, declined tries included.
    #[serde(default)]
    pay: bool,
}

/// A session without a page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScriptSession {
    /// The merchant's booking.
    booking_id: BookingId,
    /// How much.
    amount: Money,
    /// When it ends; else in 30 minutes.
    expires_at: Option<Instant>,
}

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::put("put_script", handle)
        .summary("Says what shall happen to a payment")
        .description(
            "A script decides before the card does. `pay` needs a \
             session: an opened page, or `session`.",
        )
        .tag("scripts")
        .keyed()
        .path_param::<PaymentId>("payment_id", "The merchant's name for the payment.")
        .body::<ScriptWrite>()
        .answers::<SandboxPayment>(200, "The payment as it stands now.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    key::demand(&shared, &request)?;
    let payment_id: PaymentId = request.path("payment_id")?;
    let body: ScriptWrite = request.json()?;
    let mut faults = Faults::new();
    let Some(steps) = faults.take("#/events", steps(&body)) else { return Err(faults.into()) };
    if body.session.as_ref().is_some_and(|session| session.amount.amount() <= 0) {
        faults.note("#/session/amount", Invalid::out_of_range("Above zero."));
        return Err(faults.into());
    }
    let asked = Asked { payment_id, body: &body, steps };
    if !shared.store.decide(|book, ids, now| decide(book, ids, now, asked)).await? {
        faults.note(
            "#/session",
            Invalid::new("required", "Nobody has opened the page: say what is to be paid."),
        );
        return Err(faults.into());
    }
    let view = shared.store.look(|book, _| SandboxPayment::of(book, payment_id)).await?;
    Ok(Answer::json(200, &view))
}

fn steps(body: &ScriptWrite) -> Result<Vec<ScriptStep>, Invalid> {
    let longest = |step: &ScriptStep| match step {
        ScriptStep::Decline | ScriptStep::End => 0,
        ScriptStep::Capture { after_ms, .. } => *after_ms,
        ScriptStep::Callback { after_ms, happened_ms_ago, .. } => *after_ms.max(happened_ms_ago),
    };
    let steps = match (body.outcome, &body.events) {
        (Some(_), Some(_)) => return Err(Invalid::new("contradiction", "Either outcome or events.")),
        (Some(outcome), None) => outcome.steps(body.delay_ms),
        (None, events) => events.clone().unwrap_or_default(),
    };
    if steps.len() > MOST_STEPS || steps.iter().map(longest).any(|ms| ms > LONGEST_DELAY_MS) {
        return Err(Invalid::out_of_range("At most 50 steps, none more than 400 days away."));
    }
    Ok(steps)
}

struct Asked<'a> {
    payment_id: PaymentId,
    body: &'a ScriptWrite,
    steps: Vec<ScriptStep>,
}

/// Whether it could be done: playing needs a session.
fn decide(book: &Book, ids: &dyn Ids, now: Instant, asked: Asked<'_>) -> Decided<bool> {
    let Asked { payment_id, body, steps } = asked;
    let known = book.payment(payment_id).and_then(|payment| payment.session.clone());
    let told = body.session.as_ref().map(|session| session.to_session(now));
    let mut entries = Vec::new();
    if let (None, Some(session)) = (&known, &told) {
        entries.push(Entry::Seen { payment_id, session: session.clone() });
    }
    entries.push(Entry::Scripted { payment_id, steps: steps.clone(), api: body.api, refunds: body.refunds });
    let session = known.or(told);
    match (body.pay, session) {
        (false, _) => {}
        (true, None) => return Decided::quiet(false),
        (true, Some(session)) => {
            entries.extend(play_all(Stage { ids, payment_id, session: &session, now }, steps));
        }
    }
    Decided { entries, answer: true }
}

/// Every attempt that the script provides for, until one is not declined. Without steps, that of a good card.
fn play_all(stage: Stage<'_>, steps: Vec<ScriptStep>) -> Vec<Entry> {
    let steps = if steps.is_empty() { play::of_good_card() } else { steps };
    let declines = steps.iter().take_while(|step| **step == ScriptStep::Decline).count();
    play::play(stage, steps.split_at_checked(declines).map_or(&[], |(_, rest)| rest)).0
}

impl ScriptSession {
    fn to_session(&self, now: Instant) -> Session {
        let later = now.plus(chrono::TimeDelta::minutes(SESSION_MINUTES));
        Session {
            booking_id: self.booking_id,
            amount: self.amount,
            expires_at: self.expires_at.unwrap_or(later),
            return_url: None,
        }
    }
}
