//! What a plan does to payments, refunds and voids, and the provider's words.

use booking_core::{
    Payment, PaymentEvent, Plan, Refund, Void, VoidStatus,
    plan::{PaymentGuard, PaymentWrite},
};
use domain::{BookingId, Instant, PaymentId, RefundId, VoidId, booking::PaymentStatus};
use sqlx::MySqlConnection;

use super::{WriteError, exactly};
use crate::domain::outcome;

/// Everything of the plan about money, payments first.
pub(crate) async fn write(conn: &mut MySqlConnection, plan: &Plan) -> Result<(), WriteError> {
    for event in &plan.payment_events {
        record(conn, event).await?;
    }
    for payment in &plan.payments {
        match payment.before {
            None => open(conn, payment).await?,
            Some(before) => change(conn, &before, &payment.after).await?,
        }
    }
    for (booking, refund) in &plan.refunds {
        owe_refund(conn, *booking, refund).await?;
    }
    for refund in &plan.refunds_confirmed {
        confirm_refund(conn, *refund).await?;
    }
    for (booking, void) in &plan.voids {
        owe_void(conn, *booking, void).await?;
    }
    for (void, how) in &plan.voids_settled {
        settle_void(conn, *void, *how).await?;
    }
    Ok(())
}

/// What the provider said; said before, it is left as it was, but for what waited for an operator and is carried out now.
pub(crate) async fn record(conn: &mut MySqlConnection, event: &PaymentEvent) -> Result<(), WriteError> {
    let sql = format!(
        "insert into payment_events (webhook_id, kind, payment_id, booking_id, refund_id, provider_reference, \
               amount, currency, failure_code, outcome, sent_at, received_at, handled_at, body) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, utc_timestamp(6), utc_timestamp(6), ?) as new \
               on duplicate key update payment_events.outcome = if(payment_events.outcome in {}, new.outcome, \
               coalesce(payment_events.outcome, new.outcome)), \
               payment_events.handled_at = coalesce(payment_events.handled_at, new.handled_at)",
        outcome::IN_SQL
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(event.webhook_id.as_str())
        .bind(event.kind.as_str())
        .bind(event.payment_id.map(PaymentId::uuid))
        .bind(event.booking_id.map(BookingId::uuid))
        .bind(event.refund_id.map(RefundId::uuid))
        .bind(event.provider_reference.as_deref())
        .bind(event.amount.map(domain::Money::amount))
        .bind(event.amount.map(|amount| amount.currency().code().to_owned()))
        .bind(event.failure_code.as_deref())
        .bind(event.outcome)
        .bind(event.sent_at.map(Instant::naive_utc))
        .bind(event.body.as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

async fn open(conn: &mut MySqlConnection, write: &PaymentWrite) -> Result<(), WriteError> {
    let sql = "insert into payments (payment_id, booking_id, hotel_id, user_id, status, amount, currency, captured, \
               captured_currency, refunded, provider_reference, review_reason, booker_name, booker_email, language, version, \
               created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, utc_timestamp(6), \
               utc_timestamp(6))";
    let (payment, payer) = (&write.after, &write.payer);
    sqlx::query(sql)
        .bind(payment.payment_id.uuid())
        .bind(write.booking_id.uuid())
        .bind(payer.hotel_id.uuid())
        .bind(payer.user_id.uuid())
        .bind(payment.status.as_str())
        .bind(payment.amount.amount())
        .bind(payment.amount.currency().code())
        .bind(payment.captured.amount())
        .bind(captured_currency(payment))
        .bind(payment.refunded.amount())
        .bind(payment.provider_reference.as_deref())
        .bind(review_reason(payment))
        .bind(payer.name.as_str())
        .bind(payer.email.as_str())
        .bind(payer.language.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

async fn change(
    conn: &mut MySqlConnection,
    before: &PaymentGuard,
    after: &Payment,
) -> Result<(), WriteError> {
    let sql = "update payments set status = ?, captured = ?, refunded = ?, captured_currency = ?, provider_reference = ?, \
               review_reason = ?, version = version + 1, updated_at = utc_timestamp(6) \
               where payment_id = ? and status = ? and refunded = ?";
    let query = sqlx::query(sql)
        .bind(after.status.as_str())
        .bind(after.captured.amount())
        .bind(after.refunded.amount())
        .bind(captured_currency(after))
        .bind(after.provider_reference.as_deref())
        .bind(review_reason(after))
        .bind(after.payment_id.uuid())
        .bind(before.status.as_str())
        .bind(before.refunded.amount());
    exactly(conn, 1, query).await
}

/// What the provider took, if that is not the currency asked for.
fn captured_currency(payment: &Payment) -> Option<String> {
    let taken = payment.captured.currency();
    (taken != payment.amount.currency()).then(|| taken.code().to_owned())
}

fn review_reason(payment: &Payment) -> Option<&'static str> {
    (payment.status == PaymentStatus::InReview).then_some("amount_mismatch")
}

async fn owe_refund(
    conn: &mut MySqlConnection,
    booking: BookingId,
    refund: &Refund,
) -> Result<(), WriteError> {
    let sql = "insert into refunds (refund_id, payment_id, booking_id, amount, currency, reason, status, \
               provider_reference, version, created_at, updated_at) \
               values (?, ?, ?, ?, ?, ?, 'owed', ?, 1, utc_timestamp(6), utc_timestamp(6))";
    sqlx::query(sql)
        .bind(refund.refund_id.uuid())
        .bind(refund.payment_id.uuid())
        .bind(booking.uuid())
        .bind(refund.amount.amount())
        .bind(refund.amount.currency().code())
        .bind(refund.reason.as_str())
        .bind(refund.provider_reference.as_deref())
        .execute(conn)
        .await?;
    Ok(())
}

async fn confirm_refund(conn: &mut MySqlConnection, refund: RefundId) -> Result<(), WriteError> {
    let sql = "update refunds set status = 'succeeded', finished_at = utc_timestamp(6), next_attempt_at = null, \
               version = version + 1, updated_at = utc_timestamp(6) where refund_id = ? and status <> 'succeeded'";
    exactly(conn, 1, sqlx::query(sql).bind(refund.uuid())).await
}

async fn owe_void(conn: &mut MySqlConnection, booking: BookingId, void: &Void) -> Result<(), WriteError> {
    let sql = "insert into voids (void_id, payment_id, booking_id, reason, status, version, created_at, updated_at) \
               values (?, ?, ?, ?, 'owed', 1, utc_timestamp(6), utc_timestamp(6))";
    sqlx::query(sql)
        .bind(void.void_id.uuid())
        .bind(void.payment_id.uuid())
        .bind(booking.uuid())
        .bind(void.reason.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

async fn settle_void(conn: &mut MySqlConnection, void: VoidId, how: VoidStatus) -> Result<(), WriteError> {
    let status = match how {
        VoidStatus::Owed => "owed",
        VoidStatus::Confirmed => "succeeded",
        VoidStatus::Captured => "captured",
    };
    let sql = "update voids set status = ?, finished_at = utc_timestamp(6), next_attempt_at = null, \
               version = version + 1, updated_at = utc_timestamp(6) \
               where void_id = ? and status not in ('succeeded', 'captured')";
    exactly(conn, 1, sqlx::query(sql).bind(status).bind(void.uuid())).await
}
