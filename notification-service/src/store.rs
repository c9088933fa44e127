//! What was sent: one row per event and recipient, claimed, then sent or failed.

use domain::{BookingId, EventId};
use platform::mysql::{DbError, RetrySettings, retry_unit};
use sqlx::MySqlPool;

/// The longest error kept, in characters.
const LONGEST_ERROR: usize = 500;

/// Names one mail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MailKey {
    /// The event that means it.
    pub event_id: EventId,
    /// Where it goes.
    pub recipient: String,
}

/// What is kept about a mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Its name.
    pub key: MailKey,
    /// Which mail it is.
    pub kind: &'static str,
    /// The booking it is about.
    pub booking_id: BookingId,
    /// Its Message-ID.
    pub message_id: String,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is ours to send.
    Ours,
    /// It was sent before.
    Sent,
    /// Another process sends it, or died while it did: its lease is still on.
    Busy,
}

/// The table `sent`.
#[derive(Debug, Clone)]
pub struct SentMails {
    pool: MySqlPool,
    lease_ms: u64,
}

impl SentMails {
    /// Claims last `lease_ms` milliseconds.
    pub fn new(pool: MySqlPool, lease_ms: u64) -> Self {
        Self { pool, lease_ms }
    }

    /// Claims a mail. One that failed, or whose sender's lease is over, is taken up again.
    pub async fn claim(&self, mail: &Mail) -> Result<Claim, DbError> {
        retry_unit(RetrySettings::BRIEF, || self.try_claim(mail)).await
    }

    async fn try_claim(&self, mail: &Mail) -> Result<Claim, DbError> {
        if self.insert(mail).await? || self.take_over(&mail.key).await? {
            return Ok(Claim::Ours);
        }
        let sql = "select status from sent where event_id = ? and recipient = ?";
        let status: Option<String> = sqlx::query_scalar(sql)
            .bind(mail.key.event_id.uuid())
            .bind(&mail.key.recipient)
            .fetch_optional(&self.pool)
            .await?;
        Ok(if status.as_deref() == Some("sent") { Claim::Sent } else { Claim::Busy })
    }

    async fn insert(&self, mail: &Mail) -> Result<bool, DbError> {
        let sql = "insert ignore into sent (event_id, recipient, kind, booking_id, status, message_id, lease_until, \
                   attempts, version, created_at, updated_at) \
                   values (?, ?, ?, ?, 'claimed', ?, now(6) + interval ? * 1000 microsecond, 1, 1, now(6), now(6))";
        let done = sqlx::query(sql)
            .bind(mail.key.event_id.uuid())
            .bind(&mail.key.recipient)
            .bind(mail.kind)
            .bind(mail.booking_id.uuid())
            .bind(&mail.message_id)
            .bind(self.lease_ms)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn take_over(&self, key: &MailKey) -> Result<bool, DbError> {
        let sql = "update sent set status = 'claimed', lease_until = now(6) + interval ? * 1000 microsecond, \
                   attempts = attempts + 1, version = version + 1, updated_at = now(6) \
                   where event_id = ? and recipient = ? \
                   and (status = 'failed' or (status = 'claimed' and coalesce(lease_until, now(6)) <= now(6)))";
        let done = sqlx::query(sql)
            .bind(self.lease_ms)
            .bind(key.event_id.uuid())
            .bind(&key.recipient)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Records that it was sent; may be repeated.
    pub async fn record_sent(&self, key: &MailKey) -> Result<(), DbError> {
        let sql = "update sent set status = 'sent', sent_at = now(6), lease_until = null, last_error = null, \
                   version = version + 1, updated_at = now(6) where event_id = ? and recipient = ?";
        retry_unit(RetrySettings::BRIEF, || async {
            sqlx::query(sql).bind(key.event_id.uuid()).bind(&key.recipient).execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    /// Gives a claim back after a failure: `is_final` when the mail server will never take it.
    pub async fn release(&self, key: &MailKey, why: &str, is_final: bool) -> Result<(), DbError> {
        let why: String = why.chars().take(LONGEST_ERROR).collect();
        let sql = "update sent set status = ?, lease_until = null, last_error = ?, version = version + 1, \
                   updated_at = now(6) where event_id = ? and recipient = ? and status = 'claimed'";
        retry_unit(RetrySettings::BRIEF, || async {
            let query = sqlx::query(sql).bind(if is_final { "failed" } else { "claimed" }).bind(&why);
            query.bind(key.event_id.uuid()).bind(&key.recipient).execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    /// Forgets at most `chunk` mails that have not changed for `days`, and says how many.
    pub async fn purge(&self, days: u32, chunk: u32) -> Result<u64, DbError> {
        let sql = "delete from sent where updated_at < now(6) - interval ? day order by updated_at limit ?";
        Ok(sqlx::query(sql).bind(days).bind(chunk).execute(&self.pool).await?.rows_affected())
    }
}
