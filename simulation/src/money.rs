//! At the end of a run: the provider's ledger against ours.

use booking_core::{Booking, RefundStatus};
use domain::{
    Money,
    booking::{BookingStatus, PaymentStatus, StatusReason},
};

use crate::{
    checker::{Breach, Verdict},
    provider::Session,
    world::World,
};

impl World<'_> {
    /// Every captured payment is known, and ends in a booking or goes back; a hold that ended unpaid has a dead link.
    pub(crate) fn money_is_right(&self) -> Verdict {
        let active = self.database.books.rows.bookings.values().cloned();
        let nobody = Session::default();
        for booking in active.chain(self.database.purged()) {
            let session = self.provider.sessions.get(&booking.record.booking_id).unwrap_or(&nobody);
            captures_are_known(&booking, session)?;
            refunds_were_paid(&booking, session)?;
            what_is_kept_is_owed(&booking)?;
            link_is_dead(&booking, session)?;
        }
        Ok(())
    }
}

fn captures_are_known(booking: &Booking, session: &Session) -> Verdict {
    for capture in &session.captures {
        let same = |name: &Option<String>| name.as_deref() == Some(capture.provider_reference.as_str());
        let rows = booking.payments.iter().filter(|row| same(&row.provider_reference));
        let taken: Vec<Money> = rows.map(|row| row.captured).collect();
        if taken != [capture.amount] {
            return Breach::of("every captured payment is known once", || {
                format!("{capture:?} is {taken:?}: {booking:?}")
            });
        }
    }
    Ok(())
}

fn refunds_were_paid(booking: &Booking, session: &Session) -> Verdict {
    for payment in booking.payments.iter().filter(|payment| payment.is_captured()) {
        let of = |name: &Option<String>| *name == payment.provider_reference;
        let paid = session.refunds.values().filter(|(name, _)| of(name)).map(|(_, amount)| amount.amount());
        let paid: i64 = paid.sum();
        if paid != payment.refunded.amount() || paid > payment.captured.amount() {
            return Breach::of("what goes back was taken, and goes back once", || {
                format!("{paid} went back of {payment:?}: {booking:?}")
            });
        }
    }
    if booking.refunds.iter().any(|refund| refund.status == RefundStatus::Owed) {
        return Breach::of("every refund is confirmed in the end", || format!("{booking:?}"));
    }
    Ok(())
}

/// What we keep is the price of a booking that stands, or the penalty of one that was cancelled.
fn what_is_kept_is_owed(booking: &Booking) -> Verdict {
    let record = &booking.record;
    let decided = booking.payments.iter().filter(|row| row.status != PaymentStatus::InReview);
    let kept: i64 = decided.map(|row| row.captured.amount() - row.refunded.amount()).sum();
    let price = booking.paid_by().map_or(0, |payment| payment.captured.amount());
    let ended_paid = matches!(record.status_reason, Some(StatusReason::Traveller | StatusReason::Hotel));
    let penalty = record.penalty.filter(|_| ended_paid).map_or(0, Money::amount);
    let owed = match record.status {
        BookingStatus::Reserved => 0,
        BookingStatus::Booked | BookingStatus::Completed => price,
        BookingStatus::Cancelled => penalty,
    };
    let paid = price > 0 || !matches!(record.status, BookingStatus::Booked | BookingStatus::Completed);
    if kept == owed && paid {
        return Ok(());
    }
    Breach::of("no paid booking without room or refund", || {
        format!("{kept} is kept, {owed} is owed: {booking:?}")
    })
}

fn link_is_dead(booking: &Booking, session: &Session) -> Verdict {
    let ended = booking.record.status == BookingStatus::Cancelled;
    if ended && session.captures.is_empty() && !session.dead {
        return Breach::of("a hold that ended unpaid has a dead link", || format!("{booking:?}"));
    }
    Ok(())
}
