//! Mails that are not tried any more, as an operator lists them and puts them into the queue again.

use chrono::NaiveDateTime;
use domain::{BookingId, EventId, Instant};
use platform::mysql::DbError;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use super::{MailKey, Mails};

/// A mail that is not tried any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Its name.
    pub key: MailKey,
    /// The booking it is about.
    pub booking_id: BookingId,
    pub message_id: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What the mail server said last.
    pub last_error: String,
    /// Since when.
    pub since: Instant,
}

/// A place in the list: behind the mail of that Message-ID, given up then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Since when it is given up.
    pub since: Instant,
    pub message_id: String,
}

const COLUMNS: &str = "select event_id, recipient, kind, booking_id, message_id, attempts, last_error, updated_at \
                       from mails where status = 'given_up'";

impl Mails {
    /// What was given up, the newest first, at most `most` behind a place.
    pub async fn given_up(&self, after: Option<&Place>, most: u32) -> Result<Vec<GivenUp>, DbError> {
        let sql = format!(
            "{COLUMNS} and (? is null or updated_at < ? or (updated_at = ? and message_id < ?)) \
             order by updated_at desc, message_id desc limit ?"
        );
        let (at, id) = (after.map(|place| place.since.naive_utc()), after.map(|place| &place.message_id));
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(at).bind(at).bind(at).bind(id).bind(most);
        let rows: Vec<GivenUpRow> = query.fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(GivenUp::from).collect())
    }

    /// The mail of that Message-ID, if it is given up.
    pub async fn given_up_as(&self, message_id: &str) -> Result<Option<GivenUp>, DbError> {
        let query = sqlx::query_as(AssertSqlSafe(format!("{COLUMNS} and message_id = ?"))).bind(message_id);
        let row: Option<GivenUpRow> = query.fetch_optional(&self.pool).await?;
        Ok(row.map(GivenUp::from))
    }

    /// How many are given up.
    pub async fn count_given_up(&self) -> Result<u64, DbError> {
        let sql = "select count(*) from mails where status = 'given_up'";
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await?;
        Ok(count.unsigned_abs())
    }

    /// Puts a mail that was given up into the queue again, with all its patience. False if it is not given up.
    pub async fn try_again(&self, key: &MailKey) -> Result<bool, DbError> {
        let sql = "update mails set status = 'waiting', due_at = now(6), attempts = 0, created_at = now(6), \
                   version = version + 1, updated_at = now(6) \
                   where event_id = ? and recipient = ? and kind = ? and status = 'given_up' and event is not null";
        let query = sqlx::query(sql).bind(key.event_id.uuid()).bind(&key.recipient).bind(&key.kind);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }
}

impl GivenUp {
    /// Where it stands in the list.
    pub fn place(&self) -> Place {
        Place { since: self.since, message_id: self.message_id.clone() }
    }
}

#[derive(FromRow)]
struct GivenUpRow {
    event_id: Uuid,
    recipient: String,
    kind: String,
    booking_id: Uuid,
    message_id: String,
    attempts: u32,
    last_error: Option<String>,
    updated_at: NaiveDateTime,
}

impl From<GivenUpRow> for GivenUp {
    fn from(row: GivenUpRow) -> Self {
        let GivenUpRow { event_id, recipient, kind, .. } = row;
        Self {
            key: MailKey { event_id: EventId::from_uuid(event_id), recipient, kind },
            booking_id: BookingId::from_uuid(row.booking_id),
            message_id: row.message_id,
            attempts: row.attempts,
            last_error: row.last_error.unwrap_or_default(),
            since: Instant::from_naive_utc(row.updated_at),
        }
    }
}
