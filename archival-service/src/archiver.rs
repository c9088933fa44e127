//! What is done with one ended booking: copied, read back, and once it has settled purged.
//!
//! Every step may be run again, by several processes at once, and after a kill at any point: a copy is an idempotent write
//! whose version decides, and only the guarded delete ends it (domain.md, States; faults.md, Cassandra).

use std::{collections::BTreeSet, sync::Arc};

use domain::{BookingId, Instant, booking::BookingRecord};
use futures::{StreamExt as _, stream};
use platform::{
    causes::causes,
    clock::{Clock, ClockUnavailable},
    mysql::{self, DbError, RetrySettings},
    planted::{Point, crash_at},
};
use records::{ActiveBookings, Archive, ArchiveError, Head, Purge, ReadError, confirm_all, purge, purge_all};

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
    /// The note of a confirmed copy, or of how far this service has come.
    #[error("MySQL does not take what was done")]
    Note(#[from] sqlx::Error),
    /// The database's clock.
    #[error("the time is not known")]
    Clock(#[from] ClockUnavailable),
}

impl ArchiveFailed {
    /// Whether this booking alone is to blame, so that the others go on without it: it or its copy is corrupt, or a
    /// purged booking contradicts it.
    pub const fn is_of_this_booking(&self) -> bool {
        matches!(
            self,
            Self::Read(ReadError::Corrupt { .. })
                | Self::Archive(ArchiveError::Corrupt(_))
                | Self::Purge(DbError::Unique { .. })
        )
    }
}

/// What became of a booking that was to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// All of the archive's tables hold exactly this, as read back.
    Confirmed(Box<BookingRecord>),
    /// It was written, and what was read back is something else: a newer version, or a write that was lost.
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

/// Archives bookings. Cheap to clone.
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

    /// Brings copies of ended bookings that MySQL does not know to be archived up to date, so many side by side, reads them back and
    /// notes that in MySQL: one read and one note for all.
    pub async fn copy_all(
        &self,
        ids: &[BookingId],
        side_by_side: usize,
    ) -> Result<Vec<(BookingId, Result<Copied, ArchiveFailed>)>, ArchiveFailed> {
        let mut records = self.active.records(ids).await?;
        let copies: Vec<_> = ids.iter().map(|id| self.copied(*id, records.remove(id))).collect();
        let done: Vec<_> = stream::iter(copies).buffer_unordered(side_by_side).collect().await;
        let held = done.iter().filter_map(|(_, copied)| match copied {
            Ok(Copied::Confirmed(record)) => Some(&**record),
            Ok(Copied::Unconfirmed | Copied::NotEnded | Copied::Gone) | Err(_) => None,
        });
        crash_at(Point::ArchiverAfterReadBack);
        confirm_all(self.active.pool(), &held.collect::<Vec<_>>()).await?;
        Ok(done)
    }

    async fn copied(
        &self,
        id: BookingId,
        record: Option<Result<BookingRecord, ReadError>>,
    ) -> (BookingId, Result<Copied, ArchiveFailed>) {
        let copied = match record {
            None => Ok(Copied::Gone),
            Some(Err(error)) => Err(error.into()),
            Some(Ok(record)) if !record.status.has_ended() => Ok(Copied::NotEnded),
            Some(Ok(record)) => match self.write(&record).await {
                Ok(true) => Ok(Copied::Confirmed(Box::new(record))),
                Ok(false) => Ok(Copied::Unconfirmed),
                Err(error) => Err(error),
            },
        };
        (id, copied)
    }

    /// Writes a copy and says whether the archive gives it back.
    async fn write(&self, record: &BookingRecord) -> Result<bool, ArchiveFailed> {
        self.archive.put(record).await?;
        crash_at(Point::ArchiverAfterPut);
        let is_held = self.archive.read_back(record).await?.as_ref() == Some(record);
        metrics::counter!("archival_copies_total", "confirmed" => if is_held { "yes" } else { "no" })
            .increment(1);
        Ok(is_held)
    }

    /// Purges bookings that have not changed since `settled_until` and of which nothing is open, once their copies are confirmed: so
    /// many side by side, and deleted by one transaction where all of them can be. What is open is known before its copy is
    /// looked at. What became of each.
    pub async fn settle_all(
        &self,
        ids: &[BookingId],
        settled_until: Instant,
        side_by_side: usize,
    ) -> Result<Vec<(BookingId, Result<Settled, ArchiveFailed>)>, ArchiveFailed> {
        let mut records = self.active.records(ids).await?;
        let found: Vec<_> = ids.iter().map(|id| (*id, records.remove(id))).collect();
        let is_due = |record: &BookingRecord| record.status.has_ended() && record.updated_at <= settled_until;
        let due = found.iter().filter_map(|(_, record)| record.as_ref()?.as_ref().ok());
        let due: Vec<&BookingRecord> = due.filter(|record| is_due(record)).collect();
        let unsettled = records::unsettled(self.active.pool(), &due).await?;
        let held = |record: &BookingRecord| is_due(record) && !unsettled.contains(&record.booking_id);
        let mut done = Vec::with_capacity(found.len());
        let mut settling = Vec::new();
        for (id, record) in found {
            match record {
                None => done.push((id, Ok(Settled::Gone))),
                Some(Err(error)) => done.push((id, Err(error.into()))),
                Some(Ok(record)) if held(&record) => settling.push(record),
                Some(Ok(record)) if is_due(&record) => done.push((id, Ok(Settled::Open))),
                Some(Ok(_)) => done.push((id, Ok(Settled::Changed))),
            }
        }
        done.extend(self.purge_held(settling, side_by_side).await);
        for settled in done.iter().filter_map(|(_, settled)| settled.as_ref().ok()) {
            metrics::counter!("archival_settlings_total", "outcome" => settled.word()).increment(1);
        }
        Ok(done)
    }

    /// Purges those of which the archive gives back exactly this.
    async fn purge_held(
        &self,
        records: Vec<BookingRecord>,
        side_by_side: usize,
    ) -> Vec<(BookingId, Result<Settled, ArchiveFailed>)> {
        let copies: Vec<_> = records.into_iter().map(|record| self.held(record)).collect();
        let copies: Vec<_> = stream::iter(copies).buffer_unordered(side_by_side).collect().await;
        let held: Vec<&BookingRecord> =
            copies.iter().filter_map(|copy| copy.1.as_ref().ok()?.as_ref()).collect();
        let all_gone = held.len() > 1 && self.purge_all(&held).await;
        let mut done = Vec::with_capacity(copies.len());
        for (id, copy) in copies {
            let settled = match copy {
                Ok(Some(_)) if all_gone => Ok(Settled::Purged),
                Ok(Some(held)) => self.purge(&held).await,
                Ok(None) => Ok(Settled::Changed),
                Err(error) => Err(error),
            };
            done.push((id, settled));
        }
        done
    }

    /// A booking, if the archive gives back exactly this, be it after it was written once more.
    async fn held(&self, record: BookingRecord) -> (BookingId, Result<Option<BookingRecord>, ArchiveFailed>) {
        let is_held = match self.archive.read_back(&record).await {
            Ok(held) if held.as_ref() == Some(&record) => Ok(true),
            Ok(_) => self.write(&record).await,
            Err(error) => Err(error.into()),
        };
        crash_at(Point::ArchiverAfterReadBack);
        (record.booking_id, is_held.map(|is_held| is_held.then_some(record)))
    }

    /// Whether one transaction has deleted all of them. If not, whatever the reason, each is purged by itself.
    async fn purge_all(&self, held: &[&BookingRecord]) -> bool {
        let Ok(now) = self.now().await else { return false };
        let purged = purge_all(self.active.pool(), held, now).await;
        purged.unwrap_or_else(|error| {
            tracing::debug!(error = causes(&error), "bookings are purged one by one");
            false
        })
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

    /// Those of these bookings that are not in MySQL (any more).
    pub async fn gone(&self, bookings: &BTreeSet<BookingId>) -> Result<BTreeSet<BookingId>, ArchiveFailed> {
        let ids: Vec<BookingId> = bookings.iter().copied().collect();
        let active = self.active.heads(&ids).await?;
        let active: BTreeSet<BookingId> = active.iter().map(Head::booking_id).collect();
        Ok(bookings.difference(&active).copied().collect())
    }

    /// Takes events of bookings that were purged (their money moved on), one of each booking, into their archived copies, so
    /// many side by side; says of each whether it did. A booking that is still in MySQL is copied from there, and an event that
    /// is not newer changes nothing.
    pub async fn amend(
        &self,
        events: &[&BookingRecord],
        side_by_side: usize,
    ) -> Result<Vec<Result<bool, ArchiveFailed>>, ArchiveFailed> {
        let gone = self.gone(&events.iter().map(|event| event.booking_id).collect()).await?;
        let amend = async |event: &BookingRecord| {
            if gone.contains(&event.booking_id) { self.amend_copy(event).await } else { Ok(false) }
        };
        // Made before the first is awaited: a closure that lives on beside them has a type that is not `Send` for every lifetime.
        let amended: Vec<_> = events.iter().map(|event| amend(event)).collect();
        Ok(stream::iter(amended).buffered(side_by_side).collect().await)
    }

    async fn amend_copy(&self, event: &BookingRecord) -> Result<bool, ArchiveFailed> {
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
