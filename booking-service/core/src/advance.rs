//! A snapshot as it is once a plan was written: so that the next work is decided on what the ones before left.

use chrono::NaiveDate;
use domain::{BookingId, RoomId, UserId, booking::BookingStatus};

use crate::{
    booking::Booking,
    idempotency::{KeyHolder, KeyUse},
    invoice::{PaperId, SeriesStep},
    money_moves::{CreditNote, Invoice, Payment, Refund, RefundStatus, Void},
    night::{NightDelta, RoomNight},
    plan::{Move, NewBooking, PaymentWrite, Plan},
    snapshot::{PurgedMoney, Snapshot},
};

/// The rows that hang on a booking, wherever the booking is.
struct MoneyRows<'a> {
    payments: &'a mut Vec<Payment>,
    refunds: &'a mut Vec<Refund>,
    voids: &'a mut Vec<Void>,
    invoice: &'a mut Option<Invoice>,
    credit_notes: &'a mut Vec<CreditNote>,
}

impl Snapshot {
    /// As the database is after the plan. No guard is checked here: the write does that.
    pub fn advance(&mut self, plan: &Plan) {
        for answer in &plan.answers {
            let used = KeyUse { hash: answer.key.hash, holder: KeyHolder::Answer(answer.clone()) };
            self.keys.insert(answer.key.scope, used);
        }
        plan.bookings.iter().for_each(|new| self.made(new));
        plan.moves.iter().for_each(|step| self.moved(step));
        plan.payments.iter().for_each(|write| self.paid(write));
        self.owed(plan);
        self.papers(plan);
        plan.nights.iter().for_each(|(at, delta)| self.shift(*at, *delta));
    }

    /// Forgets a room and its nights: what is asked of them next is read.
    pub fn forget(&mut self, room: RoomId) {
        self.rooms.remove(&room);
        self.remembered.rooms.remove(&room);
        let all = (room, NaiveDate::MIN)..=(room, NaiveDate::MAX);
        let nights: Vec<RoomNight> = self.nights.range(all).map(|(at, _)| *at).collect();
        for at in nights {
            self.nights.remove(&at);
        }
    }

    fn made(&mut self, new: &NewBooking) {
        let record = &new.record;
        let id = record.booking_id;
        self.keys.insert(new.key.scope, KeyUse { hash: new.key.hash, holder: KeyHolder::Booking(id) });
        let reference = record.client_reference.clone();
        self.references.extend(reference.map(|name| ((record.user_id, name), id)));
        let open = self.open_holds.entry(record.user_id).or_default();
        *open = open.saturating_add(1);
        self.bookings.insert(id, Booking::unpaid(record.clone()));
    }

    fn moved(&mut self, step: &Move) {
        let Some(after) = &step.after else { return };
        let now = self.now;
        if let Some(purged) = self.purged.get_mut(&step.booking_id) {
            (purged.version, purged.late_payment) = (after.version, after.late_payment);
        }
        let Some(booking) = self.bookings.get_mut(&step.booking_id) else { return };
        let held = booking.record.status == BookingStatus::Reserved && booking.record.hold_expires_at > now;
        let ended = held && after.status != BookingStatus::Reserved;
        booking.record = after.clone();
        if ended {
            self.released(after.user_id);
        }
    }

    fn released(&mut self, user: UserId) {
        if let Some(open) = self.open_holds.get_mut(&user) {
            *open = open.saturating_sub(1);
        }
    }

    /// A booking's money, which stays in the database when the booking is purged.
    fn money(&mut self, id: BookingId) -> Option<MoneyRows<'_>> {
        if let Some(Booking { payments, refunds, voids, invoice, credit_notes, .. }) =
            self.bookings.get_mut(&id)
        {
            return Some(MoneyRows { payments, refunds, voids, invoice, credit_notes });
        }
        let PurgedMoney { payments, refunds, voids, invoice, credit_notes } =
            self.purged_money.get_mut(&id)?;
        Some(MoneyRows { payments, refunds, voids, invoice, credit_notes })
    }

    fn paid(&mut self, write: &PaymentWrite) {
        let Some(money) = self.money(write.booking_id) else { return };
        let stored = money.payments.iter_mut().find(|row| row.payment_id == write.after.payment_id);
        match stored {
            Some(row) => row.clone_from(&write.after),
            None => money.payments.push(write.after.clone()),
        }
    }

    /// Refunds and voids: new ones, and those that the provider has confirmed, which are all of bookings that the plan
    /// guards.
    fn owed(&mut self, plan: &Plan) {
        for owing in &plan.refunds {
            if let Some(money) = self.money(owing.booking_id) {
                money.refunds.push(owing.what.clone());
            }
        }
        for owing in &plan.voids {
            if let Some(money) = self.money(owing.booking_id) {
                money.voids.push(owing.what.clone());
            }
        }
        if plan.refunds_confirmed.is_empty() && plan.voids_settled.is_empty() {
            return;
        }
        for step in &plan.moves {
            let Some(money) = self.money(step.booking_id) else { continue };
            for refund in money.refunds {
                if plan.refunds_confirmed.contains(&refund.refund_id) {
                    refund.status = RefundStatus::Confirmed;
                }
            }
            for void in money.voids {
                let settled = plan.voids_settled.iter().find(|(id, _)| *id == void.void_id);
                void.status = settled.map_or(void.status, |(_, how)| *how);
            }
        }
    }

    fn papers(&mut self, plan: &Plan) {
        for new in &plan.invoices {
            if let Some(money) = self.money(new.record.booking_id) {
                *money.invoice = Some(new.invoice.clone());
            }
        }
        for new in &plan.credit_notes {
            if let Some(money) = self.money(new.booking_id) {
                money.credit_notes.push(new.note.clone());
            }
        }
        for step in &plan.numbered {
            self.series.insert(step.series, step.ordinal);
            plan.moves.iter().for_each(|moved| self.number(moved.booking_id, step));
        }
    }

    fn number(&mut self, booking: BookingId, step: &SeriesStep) {
        let Some(money) = self.money(booking) else { return };
        let number = || Some(step.number.clone());
        match step.paper {
            PaperId::Invoice(id) => {
                let rows = money.invoice.iter_mut().filter(|row| row.invoice_id == id);
                rows.for_each(|row| row.number = number());
            }
            PaperId::CreditNote(id) => {
                let notes = money.credit_notes.iter_mut().filter(|row| row.credit_note_id == id);
                notes.for_each(|row| row.number = number());
            }
        }
    }

    /// A night that cannot be moved so stays as it is: its guard will miss.
    fn shift(&mut self, at: RoomNight, delta: NightDelta) {
        let night = self.night(at.0, at.1).give_back(delta.given_back, delta.room_quantity);
        if let Some(after) = night.and_then(|night| night.take(delta.taken)) {
            self.nights.insert(at, Some(after));
        }
    }
}
