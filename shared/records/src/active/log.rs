//! What has happened to a booking, as booking-service logged it; it stays after the purge.

use chrono::NaiveDateTime;
use domain::{BookingId, Instant, Invalid, UserId, booking::BookingStatus};
use sqlx::FromRow;
use uuid::Uuid;

use super::{ActiveBookings, ReadError};
use crate::read_error::readable;

/// One change of a booking after it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The version it made.
    pub version: i64,
    /// When it was decided.
    pub at: Instant,
    /// What happened, as the last word of the event's `type`: `cancelled`.
    pub happening: String,
    /// Where the booking stood before.
    pub from_status: Option<BookingStatus>,
    /// Where it stood after.
    pub to_status: BookingStatus,
    /// Who did it.
    pub actor: LoggedActor,
    /// Why, in a word of ours.
    pub reason: Option<String>,
}

/// Who did it, as the log knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedActor {
    /// `traveller`, `channel`, `manager`, `operator`, `provider` or `system`.
    pub kind: String,
    /// Their account here; none for the provider and for ourselves.
    pub user_id: Option<UserId>,
    /// Their name at the identity provider (`sub`).
    pub subject: Option<String>,
}

/// The columns of who did it, in `booking_log`, `bookings` and `purged_bookings`.
#[derive(Debug, FromRow)]
#[expect(clippy::struct_field_names, reason = "named as the columns")]
pub struct ActorRow {
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_subject: Option<String>,
}

impl From<ActorRow> for LoggedActor {
    fn from(row: ActorRow) -> Self {
        let user_id = row.actor_id.map(UserId::from_uuid);
        Self { kind: row.actor_kind, user_id, subject: row.actor_subject }
    }
}

#[derive(FromRow)]
struct LogRow {
    booking_id: Uuid,
    version: i64,
    at: NaiveDateTime,
    happening: String,
    from_status: Option<String>,
    to_status: String,
    #[sqlx(flatten)]
    actor: ActorRow,
    reason: Option<String>,
}

impl ActiveBookings {
    /// Who made a booking, active or purged: its row is the first entry of its log. None if there is neither.
    pub async fn made_by(&self, booking: BookingId) -> Result<Option<LoggedActor>, ReadError> {
        let sql = "select actor_kind, actor_id, actor_subject from bookings where booking_id = ? \
                   union all select actor_kind, actor_id, actor_subject from purged_bookings where booking_id = ? limit 1";
        let query = sqlx::query_as(sql).bind(booking.uuid()).bind(booking.uuid());
        let row: Option<ActorRow> = query.fetch_optional(&self.pool).await?;
        Ok(row.map(LoggedActor::from))
    }

    /// The log of a booking, oldest first, active or purged, without an entry that is corrupt.
    pub async fn log(&self, booking: BookingId) -> Result<Vec<LogEntry>, ReadError> {
        let sql = "select booking_id, version, at, happening, from_status, to_status, actor_kind, actor_id, actor_subject, \
                   reason from booking_log where booking_id = ? order by version";
        let rows: Vec<LogRow> = sqlx::query_as(sql).bind(booking.uuid()).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(LogEntry::try_from).filter_map(readable).collect())
    }
}

impl TryFrom<LogRow> for LogEntry {
    type Error = ReadError;

    fn try_from(row: LogRow) -> Result<Self, ReadError> {
        let corrupt = |error: Invalid| ReadError::corrupt("booking_log", row.booking_id, &error);
        let from_status = row.from_status.as_deref().map(BookingStatus::parse).transpose();
        Ok(Self {
            version: row.version,
            at: Instant::from_naive_utc(row.at),
            happening: row.happening,
            from_status: from_status.map_err(corrupt)?,
            to_status: BookingStatus::parse(&row.to_status).map_err(corrupt)?,
            actor: row.actor.into(),
            reason: row.reason,
        })
    }
}
