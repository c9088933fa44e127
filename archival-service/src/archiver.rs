//! What is done with one ended booking: copied, read back, and once it has settled purged.
//!
//! Every step may be run again, by several processes at once, and after a kill at any point: a copy is an idempotent write
//! whose version decides, and only the guarded delete ends it (domain.md, States; faults.md, Cassandra).

use std::sync::Arc;

use domain::{BookingId, Instant, booking::BookingRecord};
use platform::{
    clock::{Clock, ClockUnavailable},
    mysql::{self, DbError, RetrySettings},
};
use records::{ActiveBookings, Archive, ArchiveError, Purge, ReadError, purge};

/// Why a step was not done. It will be tried again.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveFailed {
    /// MySQL's part.
    #[error("the booking cannot be read from MySQL")]
    Read(#[from] ReadError),
    /// The archive's part.
    #[error("the booking cannot be written to the archive")]
    Archive(#[from] ArchiveError),
    /// MySQL's delete.
    #[error("the booking cannot be purged from MySQL")]
    Purge(#[from] DbError),
    /// The database's clock.
    #[error("the time is not known")]
    Clock(#[from] ClockUnavailable),
}

impl ArchiveFailed {
    /// Whether this booking alone is to blame, so that the others go on without it.
    pub const fn is_of_this_booking(&self) -> bool {
        matches!(self, Self::Read(ReadError::Corrupt { .. }) | Self::Archive(ArchiveError::Corrupt(_)))
    }
}

/// What became of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copy {
    /// All of the archive's tables hold exactly this, as read back.
    Confirmed(Box<BookingRecord>),
    /// It was written, and what was read back is something else: try again.
    Unconfirmed,
    /// It has not ended (any more): a late payment brought it back.
    NotEnded,
    /// It is not in MySQL: purged.
    Gone,
}

/// What became of a settled booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is gone from MySQL.
    Purged,
    /// It was gone already.
    Gone,
    /// It has changed meanwhile, or its copy is not confirmed: it is looked at again.
    Changed,
    /// Money is open or an event is not published: it is looked at again.
    Open,
}

/// Archives bookings one by one. Cheap to clone.
#[derive(Clone)]
pub struct Archiver {
    active: ActiveBookings,
    archive: Arc<dyn Archive>,
    clock: Arc<dyn Clock>,
}

impl Archiver {
    /// From these bookings to this archive, by this clock (the booking database's).
    pub fn new(active: ActiveBookings, archive: Arc<dyn Archive>, clock: Arc<dyn Clock>) -> Self {
        Self { active, archive, clock }
    }

    /// The bookings to look for work in.
    pub const fn active(&self) -> &ActiveBookings {
        &self.active
    }

    /// Now, by the booking database.
    pub async fn now(&self) -> Result<Instant, ArchiveFailed> {
        Ok(self.clock.now().await?)
    }

    /// Brings an ended booking's copy up to date and reads it back. One that is already there costs reads only.
    pub async fn copy(&self, id: BookingId) -> Result<Copy, ArchiveFailed> {
        let Some(record) = self.active.record(id).await? else { return Ok(Copy::Gone) };
        if !record.status.has_ended() {
            return Ok(Copy::NotEnded);
        }
        if self.archive.read_back(&record).await?.as_ref() == Some(&record) {
            return Ok(Copy::Confirmed(Box::new(record)));
        }
        self.archive.put(&record).await?;
        let held = self.archive.read_back(&record).await?.filter(|held| *held == record);
        metrics::counter!("archival_copies_total", "confirmed" => if held.is_some() { "yes" } else { "no" })
            .increment(1);
        Ok(held.map_or(Copy::Unconfirmed, |held| Copy::Confirmed(Box::new(held))))
    }

    /// Purges a booking that has not changed since `settled_until`, if its copy is confirmed and nothing of it is open.
    pub async fn settle(&self, id: BookingId, settled_until: Instant) -> Result<Settled, ArchiveFailed> {
        let settled = match self.copy(id).await? {
            Copy::Confirmed(held) if held.updated_at <= settled_until => self.purge(&held).await?,
            Copy::Confirmed(_) | Copy::Unconfirmed | Copy::NotEnded => Settled::Changed,
            Copy::Gone => Settled::Gone,
        };
        metrics::counter!("archival_settlings_total", "outcome" => settled.word()).increment(1);
        Ok(settled)
    }

    /// Deletes exactly what was read back. A lost answer is asked for again: an earlier delete counts.
    pub async fn purge(&self, held: &BookingRecord) -> Result<Settled, ArchiveFailed> {
        let now = self.now().await?;
        let unit = || purge(self.active.pool(), held, now);
        let purged = match mysql::retry_unit(RetrySettings::BRIEF, unit).await {
            Err(DbError::CommitUnknown(_)) => unit().await?,
            other => other?,
        };
        Ok(match purged {
            Purge::Done => Settled::Purged,
            Purge::AlreadyDone => Settled::Gone,
            Purge::Changed => Settled::Changed,
            Purge::NotSettled => Settled::Open,
        })
    }

    /// Takes an event of a booking that was purged (its money moved on) into its archived copy; says whether it did. A
    /// booking that is still in MySQL is copied from there, and an event that is not newer changes nothing.
    pub async fn amend(&self, event: &BookingRecord) -> Result<bool, ArchiveFailed> {
        if self.active.head(event.booking_id).await?.is_some() {
            return Ok(false);
        }
        let held = self.archive.by_id(event.booking_id).await?;
        if held.is_none_or(|held| held.version >= event.version) {
            return Ok(false);
        }
        self.archive.put(event).await?;
        Ok(true)
    }
}

impl Settled {
    const fn word(self) -> &'static str {
        match self {
            Self::Purged => "purged",
            Self::Gone => "gone",
            Self::Changed => "changed",
            Self::Open => "open",
        }
    }
}
