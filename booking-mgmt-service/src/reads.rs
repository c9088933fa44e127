//! Reads over both stores: what is active, what is archived, and one list of both.

mod booking_list;
mod list;

use std::sync::Arc;

use domain::{BookingId, ClientReference, UserId, booking::BookingRecord};
use platform::api::Problem;
use records::{ActiveBookings, Archive, ArchiveError, BodyCache, EachRow, Head, ReadError};
use tokio::sync::Semaphore;

pub use booking_list::BookingList;
pub use list::Listing;

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailed {
    /// MySQL's part.
    #[error("active bookings cannot be read")]
    Active(#[from] ReadError),
    /// The archive's part.
    #[error("archived bookings cannot be read")]
    Archive(#[from] ArchiveError),
}

impl From<ReadFailed> for Problem {
    /// A store that does not answer is 503; a row that does not parse is our mistake, and trying again does not help.
    fn from(failed: ReadFailed) -> Self {
        match failed {
            ReadFailed::Active(ReadError::Corrupt { .. }) | ReadFailed::Archive(ArchiveError::Corrupt(_)) => {
                Self::internal(failed)
            }
            ReadFailed::Active(ReadError::Unavailable(_))
            | ReadFailed::Archive(ArchiveError::Unavailable(_)) => Self::unavailable(failed),
        }
    }
}

/// Every read of bookings. Cheap to clone.
#[derive(Clone)]
pub struct Reads {
    active: ActiveBookings,
    archive: Arc<dyn Archive>,
    bodies: BodyCache,
    // Bounds the writes to Redis that requests leave behind.
    writers: Arc<Semaphore>,
}

impl Reads {
    /// Reads of these stores; at most `writers` requests at once leave bodies behind in Redis.
    pub fn new(active: ActiveBookings, archive: Arc<dyn Archive>, bodies: BodyCache, writers: usize) -> Self {
        Self { active, archive, bodies, writers: Arc::new(Semaphore::new(writers)) }
    }

    /// What only MySQL has: payments, invoices, cover images, owners.
    pub const fn active(&self) -> &ActiveBookings {
        &self.active
    }

    /// A booking wherever it is; none if there is none. Who asks for an active one never waits for the archive.
    pub async fn booking(&self, id: BookingId) -> Result<Option<BookingRecord>, ReadFailed> {
        if let Some(head) = self.active.head(id).await?
            && let Some(found) = self.bodies_of(&[head]).await?.remove(&id)
        {
            return Ok(Some(found?));
        }
        // Purged, perhaps only just: then the archive has had it for long.
        Ok(self.archive.by_id(id).await?)
    }

    /// The caller's booking of this reference.
    pub async fn by_reference(
        &self,
        user: UserId,
        reference: &ClientReference,
    ) -> Result<Option<BookingRecord>, ReadFailed> {
        match self.active.by_reference(user, reference).await? {
            Some(id) => self.booking(id).await,
            None => Ok(None),
        }
    }

    /// The records of these heads: from Redis at exactly their version, else from MySQL. One purged meanwhile is left out.
    async fn bodies_of(&self, heads: &[Head]) -> Result<EachRow<BookingId, BookingRecord>, ReadFailed> {
        let kept = self.bodies.read(heads).await;
        let missing: Vec<BookingId> =
            heads.iter().map(Head::booking_id).filter(|id| !kept.contains_key(id)).collect();
        let mut found = self.active.records(&missing).await?;
        if !found.is_empty() {
            self.keep(found.values().filter_map(|read| read.as_ref().ok()).cloned().collect());
        }
        found.extend(kept.into_iter().map(|(id, record)| (id, Ok(record))));
        Ok(found)
    }

    /// Keeps bodies for the next request. Nobody waits for it: a Redis that is down must not make reads slow.
    fn keep(&self, records: Vec<BookingRecord>) {
        let Ok(permit) = Arc::clone(&self.writers).try_acquire_owned() else { return };
        let bodies = self.bodies.clone();
        tokio::spawn(async move {
            let _permit = permit;
            bodies.write(&records).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use platform::api::Code;

    use super::*;

    #[test]
    fn only_what_may_answer_later_says_to_come_back() {
        let corrupt = ReadFailed::Archive(ArchiveError::Corrupt("x".to_owned()));
        assert_eq!(Problem::from(corrupt).code(), Code::Internal);
        let away = ReadFailed::Archive(ArchiveError::Unavailable("away".into()));
        assert_eq!(Problem::from(away).code(), Code::Unavailable);
    }
}
