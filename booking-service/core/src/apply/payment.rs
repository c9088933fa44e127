//! What captured money, dead links and done refunds do.

use domain::{
    Money, RefundId, VoidId,
    booking::{BookingStatus, LatePayment, PaymentStatus, StatusReason},
    event::{BookingHappening, RefundFacts},
};

use crate::{
    booking::{Booking, Home, next},
    cancel::{refunded, tell_refund},
    command::Capture,
    context::Context,
    money_moves::{Invoice, Payment, RefundReason, RefundStatus, Void, VoidStatus},
    planted::{self, Mistake},
    refusal::Refusal,
    rules::LatePaymentRule,
    step::{Change, Quiet, RoomsMove, Step},
};

/// The row `payment succeeded` of the table.
pub(super) fn succeeded(
    booking: &Booking,
    capture: &Capture,
    context: &Context<'_>,
) -> Result<Step, Refusal> {
    if let Some(known) = booking.known_capture(&capture.provider_reference) {
        return Ok(heard_again(booking, known));
    }
    if booking.paid_by().is_some() && planted::makes(Mistake::SecondCaptureIgnored) {
        return Ok(Step::Quiet(Quiet::Recorded));
    }
    let payment = captured(booking, capture, context);
    let change = match booking.record.status {
        BookingStatus::Reserved if is_asked(booking, capture.amount) => booked(booking, payment, context),
        BookingStatus::Cancelled if is_asked(booking, capture.amount) => late(booking, payment, context)?,
        BookingStatus::Cancelled if booking.record.invoice_id.is_some() => {
            sent_back(booking, &payment, RefundReason::SecondPayment, context)?
        }
        BookingStatus::Reserved | BookingStatus::Cancelled => in_review(payment),
        BookingStatus::Booked | BookingStatus::Completed => {
            sent_back(booking, &payment, RefundReason::SecondPayment, context)?
        }
    };
    Ok(closing_voids(change, booking).step())
}

fn is_asked(booking: &Booking, amount: Money) -> bool {
    booking.record.facts.price.due_now == amount
}

/// The row of a capture: the booking's own payment if nothing was captured on it, else another one.
pub(super) fn captured(booking: &Booking, capture: &Capture, context: &Context<'_>) -> Payment {
    let own = booking.own_payment();
    let mut row =
        if own.is_captured() { Payment::pending(context.ids.other_payment_id, own.amount) } else { own };
    row.provider_reference = Some(capture.provider_reference.clone());
    row.captured = capture.amount;
    row.refunded = Money::zero(capture.amount.currency());
    row.status = PaymentStatus::Succeeded;
    row
}

/// An operator decides; the booking stays as it is.
pub(super) fn in_review(mut payment: Payment) -> Change {
    payment.status = PaymentStatus::InReview;
    Change { payments: vec![payment], ..Change::default() }
}

/// RESERVED -> BOOKED, with its invoice.
pub(super) fn booked(booking: &Booking, payment: Payment, context: &Context<'_>) -> Change {
    let mut after = next(&booking.record, context.now);
    after.status = BookingStatus::Booked;
    after.invoice_id = Some(context.ids.invoice_id);
    let mut change = Change::of(after, BookingHappening::Booked);
    pay(&mut change, booking, payment, context);
    change
}

/// CANCELLED -> BOOKED: the rooms are taken again.
pub(super) fn rebooked(booking: &Booking, payment: Payment, context: &Context<'_>) -> Change {
    let mut after = next(&booking.record, context.now);
    after.status = BookingStatus::Booked;
    after.status_reason = None;
    after.cancelled_at = None;
    after.late_payment = Some(LatePayment::Rebooked);
    after.invoice_id = Some(context.ids.invoice_id);
    let mut change = Change::of(after, BookingHappening::Rebooked);
    change.rooms = RoomsMove::Take;
    pay(&mut change, booking, payment, context);
    change
}

fn pay(change: &mut Change, booking: &Booking, mut payment: Payment, context: &Context<'_>) {
    payment.status = PaymentStatus::Succeeded;
    change.payments.push(payment);
    change.invoice = Some(Invoice {
        invoice_id: context.ids.invoice_id,
        issued_at: context.now,
        amount: booking.record.facts.price.total,
        number: None,
    });
}

fn late(booking: &Booking, payment: Payment, context: &Context<'_>) -> Result<Change, Refusal> {
    let wanted = match context.rules.late_payment {
        LatePaymentRule::Rebook => true,
        LatePaymentRule::Refund => false,
    };
    if wanted && may_come_back(booking, context) {
        Ok(rebooked(booking, payment, context))
    } else {
        sent_back(booking, &payment, RefundReason::LatePayment, context)
    }
}

/// Whether a CANCELLED booking may become BOOKED: it ended unpaid, its rooms are free, its stay has not begun.
pub(super) fn may_come_back(booking: &Booking, context: &Context<'_>) -> bool {
    let unpaid = match booking.record.status_reason {
        Some(StatusReason::HoldExpired | StatusReason::PaymentFailed) => true,
        Some(StatusReason::Traveller | StatusReason::Hotel) | None => false,
    };
    let begun = booking.record.dates.begun_on(booking.record.hotel_today(context.now));
    let active = matches!(booking.home, Home::Active);
    unpaid && active && context.rooms_free && !begun
}

/// The whole payment goes back, told by its own event.
pub(super) fn sent_back(
    booking: &Booking,
    payment: &Payment,
    reason: RefundReason,
    context: &Context<'_>,
) -> Result<Change, Refusal> {
    let mut after = next(&booking.record, context.now);
    if after.status == BookingStatus::Cancelled {
        after.late_payment = after.late_payment.or(Some(LatePayment::Refunded));
    }
    let mut change = Change::of(after, BookingHappening::LatePaymentRefunded);
    let (payment, refund) = refunded(booking, payment, payment.captured, reason, context)?;
    tell_refund(&mut change, &refund);
    change.payments.push(payment);
    change.refunds.push(refund);
    Ok(change)
}

/// A duplicate; but a void may have been decided while the capture was written, which is no transition while it waits for
/// review, and then this is the provider's answer to it.
fn heard_again(booking: &Booking, known: &Payment) -> Step {
    let voids_settled = too_late(booking, std::slice::from_ref(known));
    if voids_settled.is_empty() {
        return Step::Quiet(Quiet::Duplicate);
    }
    Change { voids_settled, ..Change::default() }.step()
}

fn closing_voids(mut change: Change, booking: &Booking) -> Change {
    change.voids_settled = too_late(booking, &change.payments);
    change
}

/// The voids that are owed for payments now captured: they came too late.
fn too_late(booking: &Booking, captured: &[Payment]) -> Vec<(VoidId, VoidStatus)> {
    let is_captured = |void: &&Void| captured.iter().any(|payment| payment.payment_id == void.payment_id);
    booking.voids_owed().filter(is_captured).map(|void| (void.void_id, VoidStatus::Captured)).collect()
}

/// The link is dead: recorded in every status.
pub(super) fn void_confirmed(booking: &Booking) -> Step {
    let settled: Vec<_> = booking.voids_owed().map(|void| (void.void_id, VoidStatus::Confirmed)).collect();
    if settled.is_empty() {
        return Step::Quiet(Quiet::Recorded);
    }
    let mut own = booking.own_payment();
    let mut change = Change { voids_settled: settled, ..Change::default() };
    // One that failed stays so: its session ended unpaid, and now its link is dead as well.
    if !own.is_captured() && own.status != PaymentStatus::Failed {
        own.status = PaymentStatus::Voided;
        change.payments.push(own);
    }
    change.step()
}

/// The provider confirms a refund by the name it knows: one event, in every status; a second word is a duplicate. A name
/// that was given up is nobody's: an operator must look.
pub(super) fn refund_confirmed(
    booking: &Booking,
    name: RefundId,
    context: &Context<'_>,
) -> Result<Step, Refusal> {
    let Some(refund) = booking.refunds.iter().find(|refund| refund.provider_refund_id == name) else {
        let renewed = booking.refunds.iter().any(|refund| refund.refund_id == name);
        return if renewed { Err(Refusal::RefundRenewed(name)) } else { Ok(Step::Quiet(Quiet::Recorded)) };
    };
    let id = refund.refund_id;
    Ok(match refund.status {
        RefundStatus::Confirmed => Step::Quiet(Quiet::Duplicate),
        RefundStatus::Owed => {
            let mut change = Change::of(next(&booking.record, context.now), BookingHappening::Refunded);
            if let Some(transition) = &mut change.transition {
                transition.refund = Some(RefundFacts { refund_id: id, amount: refund.amount });
            }
            let of = booking
                .payments
                .iter()
                .find(|payment| payment.provider_reference == refund.provider_reference);
            if let Some(payment) = of.filter(|payment| !booking.owes_more(payment, id)) {
                change.payments.push(Payment { status: PaymentStatus::Refunded, ..payment.clone() });
            }
            change.refunds_confirmed.push(id);
            change.step()
        }
    })
}
