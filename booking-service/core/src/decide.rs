//! From a command and a snapshot to a step and its plan.

use domain::{
    Actor, EventId,
    booking::{BookingRecord, StatusReason},
    event::{BookingEvent, BookingHappening},
};

use crate::{
    apply::apply,
    booking::Booking,
    command::Command,
    context::Context,
    invoice::{Paper, Series},
    money_moves::{CreditNote, Invoice, Payment, Refund},
    night::NightDelta,
    plan::{Move, NewCreditNote, NewInvoice, Owing, Payer, PaymentGuard, PaymentWrite, Plan, PlannedEvent},
    refusal::Refusal,
    rules::Rules,
    snapshot::Snapshot,
    step::{Change, Quiet, RoomsMove, Step, Transition, TransitionIds},
    stock::RoomStock,
};

/// A decision about one booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What the table said.
    pub step: Step,
    /// The booking as it is after that.
    pub after: BookingRecord,
    /// The payment it was about, as it is after that: the one reviewed or changed, else the booking's own.
    pub payment: Payment,
}

/// Applies the command to a booking of the snapshot, or to one that [`Snapshot::revive`] has made of the archive's
/// record, and plans what it changes; the plan is empty if nothing does.
pub fn decide(
    snapshot: &Snapshot,
    booking: &Booking,
    command: &Command,
    ids: &TransitionIds,
    rules: &Rules,
) -> Result<(Decided, Plan), Refusal> {
    let step = apply(booking, command, &context(snapshot, booking, ids, rules))?;
    let told = Told { event_id: ids.event_id, actor: command.actor() };
    let (plan, after) = match &step {
        Step::Quiet(_) | Step::AskProvider(_) => (Plan::default(), booking.record.clone()),
        Step::Change(change) => {
            let after = change.transition.as_ref().map_or(&booking.record, |moved| &moved.after);
            (plan(snapshot, booking, change, &told), after.clone())
        }
    };
    let payment = payment(booking, command, &step);
    Ok((Decided { step, after, payment }, plan))
}

/// What the decision depends on beside the booking.
pub(crate) fn context<'a>(
    snapshot: &'a Snapshot,
    booking: &Booking,
    ids: &TransitionIds,
    rules: &'a Rules,
) -> Context<'a> {
    let rooms_free = rooms_free(snapshot, booking);
    Context { now: snapshot.now, rules, ids: *ids, rooms_free, series: &snapshot.series }
}

impl Decided {
    /// What became of what the provider said, in a word: kept with it as evidence.
    pub fn outcome(&self) -> &'static str {
        match &self.step {
            Step::Quiet(Quiet::Duplicate) => "duplicate",
            Step::Quiet(_) | Step::AskProvider(_) => "recorded",
            Step::Change(change) => match &change.transition {
                Some(moved) => moved.happening.as_str(),
                None => "money_changed",
            },
        }
    }
}

fn payment(booking: &Booking, command: &Command, step: &Step) -> Payment {
    let changed = match step {
        Step::Change(change) => change.payments.first(),
        Step::Quiet(_) | Step::AskProvider(_) => None,
    };
    let reviewed = if let Command::Reviewed(decision) = command {
        booking.payments.iter().find(|row| row.payment_id == decision.payment_id)
    } else {
        None
    };
    changed.or(reviewed).cloned().unwrap_or_else(|| booking.own_payment())
}

/// Whether all the booking's rooms could be sold again now.
fn rooms_free(snapshot: &Snapshot, booking: &Booking) -> bool {
    let units = booking.units();
    let on_sale = |room| snapshot.rooms.get(room).is_some_and(RoomStock::on_sale);
    units.keys().all(on_sale) && snapshot.short_nights(&units, booking.record.dates).is_empty()
}

/// What a transition's event says beside what has changed.
struct Told {
    event_id: EventId,
    actor: Actor,
}

fn plan(snapshot: &Snapshot, booking: &Booking, change: &Change, told: &Told) -> Plan {
    let mut plan = Plan {
        moves: vec![moved(booking, change)],
        payments: change.payments.iter().map(|row| payment_write(booking, row)).collect(),
        refunds: change.refunds.iter().map(|refund| owing(booking, refund)).collect(),
        refunds_confirmed: change.refunds_confirmed.clone(),
        voids: change.voids.iter().map(|void| owing(booking, void)).collect(),
        voids_settled: change.voids_settled.clone(),
        numbered: change.numbered.clone(),
        ..Plan::default()
    };
    papers(&mut plan, booking, change);
    rooms(&mut plan, snapshot, booking, change.rooms);
    let event = |transition: &Transition| PlannedEvent {
        event_id: told.event_id.of_version(transition.after.version),
        happening: transition.happening,
        at: snapshot.now,
        reason: reason(transition.happening, &transition.after, change.refunds.first()),
        body: BookingEvent {
            booking: transition.after.clone(),
            from: Some(booking.record.status),
            actor: Some(told.actor.clone()),
            refund: transition.refund,
            invoice: transition.invoice.clone(),
        },
    };
    plan.events.extend(change.transition.as_ref().map(event));
    plan
}

fn owing<T: Clone>(booking: &Booking, what: &T) -> Owing<T> {
    let (booking_id, hotel_id) = (booking.record.booking_id, booking.record.hotel_id);
    Owing { booking_id, hotel_id, what: what.clone() }
}

fn moved(booking: &Booking, change: &Change) -> Move {
    Move {
        booking_id: booking.record.booking_id,
        home: booking.home,
        from_status: booking.record.status,
        from_version: booking.record.version,
        after: change.transition.as_ref().map(|transition| transition.after.clone()),
    }
}

fn payment_write(booking: &Booking, row: &Payment) -> PaymentWrite {
    let stored = booking.payments.iter().find(|before| before.payment_id == row.payment_id);
    PaymentWrite {
        booking_id: booking.record.booking_id,
        before: stored.map(|before| PaymentGuard { status: before.status, refunded: before.refunded }),
        after: row.clone(),
        payer: payer(&booking.record),
    }
}

fn payer(record: &BookingRecord) -> Payer {
    let booker = &record.facts.booker;
    Payer {
        hotel_id: record.hotel_id,
        user_id: record.user_id,
        name: format!("{} {}", booker.given_name, booker.family_name),
        email: booker.email.as_str().to_owned(),
        language: record.facts.language.as_str().to_owned(),
    }
}

fn papers(plan: &mut Plan, booking: &Booking, change: &Change) {
    let (booking_id, hotel_id) = (booking.record.booking_id, booking.record.hotel_id);
    let after = change.transition.as_ref().map_or(&booking.record, |moved| &moved.after);
    let invoice = |invoice: Invoice| {
        let year = Series::of(after, Paper::Invoice, invoice.issued_at).year;
        NewInvoice { record: after.clone(), year, invoice }
    };
    let credit_note = |note: CreditNote| {
        let year = Series::of(after, Paper::CreditNote, note.issued_at).year;
        NewCreditNote { booking_id, hotel_id, year, note }
    };
    plan.invoices.extend(change.invoice.clone().map(invoice));
    plan.credit_notes.extend(change.credit_note.clone().map(credit_note));
}

fn rooms(plan: &mut Plan, snapshot: &Snapshot, booking: &Booking, rooms: RoomsMove) {
    let today = booking.record.hotel_today(snapshot.now);
    for (room, units) in booking.units() {
        let delta = match rooms {
            RoomsMove::Stay => continue,
            RoomsMove::GiveBack => NightDelta { given_back: units, ..NightDelta::default() },
            RoomsMove::Take => NightDelta { taken: units, ..NightDelta::default() },
        };
        plan.rely_on(snapshot, room);
        for date in booking.record.dates.nights().filter(|date| *date >= today) {
            plan.night(snapshot, room, date, delta);
        }
    }
}

/// Why it is CANCELLED, or why money goes back; nothing else needs a reason.
pub(crate) fn reason(
    happening: BookingHappening,
    after: &BookingRecord,
    sent_back: Option<&Refund>,
) -> Option<&'static str> {
    match happening {
        BookingHappening::Cancelled => after.status_reason.map(StatusReason::as_str),
        BookingHappening::LatePaymentRefunded => sent_back.map(|refund| refund.reason.as_str()),
        BookingHappening::Reserved
        | BookingHappening::Booked
        | BookingHappening::Completed
        | BookingHappening::Rebooked
        | BookingHappening::Refunded
        | BookingHappening::Invoiced => None,
    }
}
