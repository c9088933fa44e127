//! How far the archiver has come, kept in MySQL: its copies share the work, and a restart goes on where the last one ended.

use chrono::NaiveDateTime;
use domain::{BookingId, Instant, booking::BookingStatus};
use records::EndedPosition;
use sqlx::{FromRow, MySqlPool};
use uuid::Uuid;

/// The table `archive_progress`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Progress {
    pool: MySqlPool,
}

#[derive(FromRow)]
struct WalkRow {
    at: NaiveDateTime,
    booking_id: Uuid,
    rests_until: Option<NaiveDateTime>,
}

impl Progress {
    /// In this database. Rights needed: SELECT, INSERT and UPDATE on `archive_progress`.
    pub const fn new(pool: MySqlPool) -> Self {
        Self { pool }
    }

    /// Everything of the status that ended before it was looked at.
    pub async fn mark(&self, status: BookingStatus) -> Result<EndedPosition, sqlx::Error> {
        let sql = "select at from archive_progress where walk = 'fresh' and status = ?";
        let at: Option<NaiveDateTime> =
            sqlx::query_scalar(sql).bind(status.as_str()).fetch_optional(&self.pool).await?;
        Ok(at.map_or_else(EndedPosition::first, |at| EndedPosition::before(Instant::from_naive_utc(at))))
    }

    /// Moves the mark on; never back, whoever else moves it.
    pub async fn move_mark(&self, status: BookingStatus, at: Instant) -> Result<(), sqlx::Error> {
        let sql = "insert into archive_progress (walk, status, at, booking_id) values ('fresh', ?, ?, ?) as new \
                   on duplicate key update at = greatest(archive_progress.at, new.at)";
        let position = EndedPosition::before(at);
        sqlx::query(sql)
            .bind(status.as_str())
            .bind(position.at.naive_utc())
            .bind(position.booking_id.uuid())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Where the walk over everything goes on; none while it rests.
    pub async fn walk(
        &self,
        status: BookingStatus,
        now: Instant,
    ) -> Result<Option<EndedPosition>, sqlx::Error> {
        let sql =
            "select at, booking_id, rests_until from archive_progress where walk = 'whole' and status = ?";
        let row: Option<WalkRow> =
            sqlx::query_as(sql).bind(status.as_str()).fetch_optional(&self.pool).await?;
        match row {
            Some(row) if row.rests_until.is_some_and(|until| until > now.naive_utc()) => Ok(None),
            Some(row) => Ok(Some(row.position())),
            None => self.begin(status).await.map(Some),
        }
    }

    async fn begin(&self, status: BookingStatus) -> Result<EndedPosition, sqlx::Error> {
        let sql =
            "insert ignore into archive_progress (walk, status, at, booking_id) values ('whole', ?, ?, ?)";
        let first = EndedPosition::first();
        let insert = sqlx::query(sql).bind(status.as_str()).bind(first.at.naive_utc());
        insert.bind(first.booking_id.uuid()).execute(&self.pool).await?;
        Ok(first)
    }

    /// Takes the page between two places; false when another copy has taken it.
    pub async fn take(
        &self,
        status: BookingStatus,
        from: EndedPosition,
        to: EndedPosition,
    ) -> Result<bool, sqlx::Error> {
        self.step(status, from, to, None).await
    }

    /// Ends the walk: the next one begins at `until`.
    pub async fn rest(
        &self,
        status: BookingStatus,
        from: EndedPosition,
        until: Instant,
    ) -> Result<bool, sqlx::Error> {
        self.step(status, from, EndedPosition::first(), Some(until)).await
    }

    async fn step(
        &self,
        status: BookingStatus,
        from: EndedPosition,
        to: EndedPosition,
        rests_until: Option<Instant>,
    ) -> Result<bool, sqlx::Error> {
        let sql = "update archive_progress set at = ?, booking_id = ?, rests_until = ? \
                   where walk = 'whole' and status = ? and at = ? and booking_id = ?";
        let moved = sqlx::query(sql)
            .bind(to.at.naive_utc())
            .bind(to.booking_id.uuid())
            .bind(rests_until.map(Instant::naive_utc))
            .bind(status.as_str())
            .bind(from.at.naive_utc())
            .bind(from.booking_id.uuid())
            .execute(&self.pool)
            .await?;
        Ok(moved.rows_affected() == 1)
    }
}

impl WalkRow {
    fn position(&self) -> EndedPosition {
        let at = Instant::from_naive_utc(self.at);
        EndedPosition { at, booking_id: BookingId::from_uuid(self.booking_id) }
    }
}
