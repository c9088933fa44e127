//! What a plan does to payments, refunds and voids, and the provider's words.

use booking_core::{
    Payment, PaymentEvent, Plan, Refund, Void, VoidStatus,
    plan::{Owing, PaymentGuard, PaymentWrite},
};
use domain::{BookingId, HotelId, Instant, PaymentId, RefundId, VoidId, booking::PaymentStatus};
use platform::mysql::Text;

use super::{Script, Utc};
use crate::domain::outcome;

/// Everything of the plan about money, payments first, each list by its primary key.
pub(crate) fn write(script: &mut Script, plan: &Plan) {
    record(script, &plan.payment_events);
    let mut payments: Vec<&PaymentWrite> = plan.payments.iter().collect();
    payments.sort_unstable_by_key(|write| write.after.payment_id);
    open(script, payments.iter().copied().filter(|write| write.before.is_none()).collect());
    change(script, payments.iter().filter_map(|write| Some((write.before?, &write.after))).collect());
    owe_refunds(script, &plan.refunds);
    confirm_refunds(script, &plan.refunds_confirmed);
    owe_voids(script, &plan.voids);
    for status in [VoidStatus::Owed, VoidStatus::Confirmed, VoidStatus::Captured] {
        let of_status = plan.voids_settled.iter().filter(|(_, how)| *how == status);
        let voids: Vec<VoidId> = of_status.map(|(void, _)| *void).collect();
        settle_voids(script, &voids, status);
    }
}

/// What the provider said; said before, it is left as it was, but for what waited for an operator and is carried out now.
fn record(script: &mut Script, events: &[PaymentEvent]) {
    if events.is_empty() {
        return;
    }
    let mut events: Vec<&PaymentEvent> = events.iter().collect();
    events.sort_unstable_by_key(|event| &event.webhook_id);
    let mut sql = Text::new(
        "insert into payment_events (webhook_id, kind, payment_id, booking_id, hotel_id, refund_id, provider_reference, amount, \
         currency, failure_code, outcome, sent_at, received_at, handled_at, body) values ",
    );
    sql.separated(events, |sql, event| {
        sql.row(&[
            &event.webhook_id,
            &event.kind,
            &event.payment_id.map(PaymentId::uuid),
            &event.booking_id.map(BookingId::uuid),
            &event.hotel_id.map(HotelId::uuid),
            &event.refund_id.map(RefundId::uuid),
            &event.provider_reference,
            &event.amount.map(domain::Money::amount),
            &event.amount.map(|amount| amount.currency().code().to_owned()),
            &event.failure_code,
            &event.outcome,
            &event.sent_at.map(Instant::naive_utc),
            &Utc,
            &Utc,
            &event.body,
        ]);
    });
    sql.push(" as new on duplicate key update payment_events.outcome = if(payment_events.outcome in ");
    sql.push(outcome::IN_SQL);
    sql.push(
        ", new.outcome, coalesce(payment_events.outcome, new.outcome)), \
         payment_events.handled_at = coalesce(payment_events.handled_at, new.handled_at)",
    );
    script.run(&sql);
}

fn open(script: &mut Script, payments: Vec<&PaymentWrite>) {
    script.insert(
        "insert into payments (payment_id, booking_id, hotel_id, user_id, status, amount, currency, captured, \
         captured_currency, refunded, provider_reference, review_reason, booker_name, booker_email, language, version, \
         created_at, updated_at) values ",
        payments,
        |sql, write| {
            let (payment, payer) = (&write.after, &write.payer);
            sql.row(&[
                &payment.payment_id.uuid(),
                &write.booking_id.uuid(),
                &payer.hotel_id.uuid(),
                &payer.user_id.uuid(),
                &payment.status.as_str(),
                &payment.amount.amount(),
                &payment.amount.currency().code(),
                &payment.captured.amount(),
                &captured_currency(payment),
                &payment.refunded.amount(),
                &payment.provider_reference,
                &review_reason(payment),
                &payer.name,
                &payer.email,
                &payer.language,
                &1_i64,
                &Utc,
                &Utc,
            ]);
        },
    );
}

fn change(script: &mut Script, payments: Vec<(PaymentGuard, &Payment)>) {
    script.change(
        "update (values ",
        payments,
        |sql, (before, after)| {
            sql.push("row").row(&[
                &after.payment_id.uuid(),
                &before.status.as_str(),
                &before.refunded.amount(),
                &after.status.as_str(),
                &after.captured.amount(),
                &after.refunded.amount(),
                &captured_currency(after),
                &after.provider_reference,
                &review_reason(after),
            ]);
        },
        ") as v (payment_id, from_status, from_refunded, status, captured, refunded, captured_currency, \
         provider_reference, review_reason) straight_join payments p force index (primary) on p.payment_id = v.payment_id \
         set p.status = v.status, p.captured = v.captured, p.refunded = v.refunded, \
         p.captured_currency = v.captured_currency, p.provider_reference = v.provider_reference, \
         p.review_reason = v.review_reason, p.version = p.version + 1, p.updated_at = utc_timestamp(6) \
         where p.status = v.from_status and p.refunded = v.from_refunded",
    );
}

/// What the provider took, if that is not the currency asked for.
fn captured_currency(payment: &Payment) -> Option<String> {
    let taken = payment.captured.currency();
    (taken != payment.amount.currency()).then(|| taken.code().to_owned())
}

fn review_reason(payment: &Payment) -> Option<&'static str> {
    (payment.status == PaymentStatus::InReview).then_some("amount_mismatch")
}

fn owe_refunds(script: &mut Script, refunds: &[Owing<Refund>]) {
    let mut refunds: Vec<_> = refunds.iter().collect();
    refunds.sort_unstable_by_key(|owing| owing.what.refund_id);
    script.insert(
        "insert into refunds (refund_id, payment_id, booking_id, hotel_id, share, amount, currency, reason, status, provider_reference, \
         version, created_at, updated_at) values ",
        refunds,
        |sql, Owing { booking_id, hotel_id, what: refund }| {
            sql.row(&[
                &refund.refund_id.uuid(),
                &refund.payment_id.uuid(),
                &booking_id.uuid(),
                &hotel_id.uuid(),
                &hotel_id.share(),
                &refund.amount.amount(),
                &refund.amount.currency().code(),
                &refund.reason.as_str(),
                &"owed",
                &refund.provider_reference,
                &1_i64,
                &Utc,
                &Utc,
            ]);
        },
    );
}

fn confirm_refunds(script: &mut Script, refunds: &[RefundId]) {
    if refunds.is_empty() {
        return;
    }
    let mut sql = Text::new(
        "update refunds force index (primary) set status = 'succeeded', finished_at = utc_timestamp(6), next_attempt_at = null, \
         version = version + 1, updated_at = utc_timestamp(6) where status <> 'succeeded' and refund_id in ",
    );
    sql.list(refunds.iter().map(|refund| refund.uuid()));
    script.must_touch(&sql, refunds.len());
}

fn owe_voids(script: &mut Script, voids: &[Owing<Void>]) {
    let mut voids: Vec<_> = voids.iter().collect();
    voids.sort_unstable_by_key(|owing| owing.what.void_id);
    script.insert(
        "insert into voids (void_id, payment_id, booking_id, hotel_id, share, reason, status, version, created_at, \
         updated_at) values ",
        voids,
        |sql, Owing { booking_id, hotel_id, what: void }| {
            sql.row(&[
                &void.void_id.uuid(),
                &void.payment_id.uuid(),
                &booking_id.uuid(),
                &hotel_id.uuid(),
                &hotel_id.share(),
                &void.reason.as_str(),
                &"owed",
                &1_i64,
                &Utc,
                &Utc,
            ]);
        },
    );
}

fn settle_voids(script: &mut Script, voids: &[VoidId], how: VoidStatus) {
    if voids.is_empty() {
        return;
    }
    let mut sql = Text::new("update voids force index (primary) set status = ");
    sql.value(match how {
        VoidStatus::Owed => "owed",
        VoidStatus::Confirmed => "succeeded",
        VoidStatus::Captured => "captured",
    });
    sql.push(
        ", finished_at = utc_timestamp(6), next_attempt_at = null, version = version + 1, \
         updated_at = utc_timestamp(6) where status not in ('succeeded', 'captured') and void_id in ",
    );
    sql.list(voids.iter().map(|void| void.uuid()));
    script.must_touch(&sql, voids.len());
}
