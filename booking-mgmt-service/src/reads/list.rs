//! A page of both stores.

use std::collections::HashSet;

use domain::{BookingId, booking::BookingRecord};
use records::{
    ArchiveError, Head, Merged, Position, left_out,
    merge::{Listed, Part, merge},
    readable,
};

use super::{BookingList, ReadFailed, Reads};

/// Empty rounds before an empty page is given: a round is empty only when all it found is corrupt, or had just changed or
/// moved. Also an empty page goes on behind what it has left out.
const MOST_ROUNDS: usize = 5;

/// A page.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The bookings, in order, each once.
    pub items: Vec<BookingRecord>,
    /// Go on behind it; none on the last page.
    pub next: Option<Position>,
    /// Whether the archive did not answer, so that archived bookings may be missing.
    pub partial: bool,
}

/// A booking of a list: active ones by their head, archived ones whole.
#[derive(Debug)]
enum Entry {
    Active(Head),
    Archived(Box<BookingRecord>),
}

impl Listed for Entry {
    fn position(&self) -> Position {
        match self {
            Self::Active(head) => head.position,
            Self::Archived(record) => Position::of(record),
        }
    }

    fn version(&self) -> i64 {
        match self {
            Self::Active(head) => head.version,
            Self::Archived(record) => record.version,
        }
    }
}

/// One merged round, and whether the archive was missing in it.
struct Round {
    merged: Merged<Entry>,
    partial: bool,
}

impl Reads {
    /// At most `size` bookings of the list behind `after`. Active ones are there even when the archive is not.
    pub async fn list(
        &self,
        list: &BookingList,
        after: Option<Position>,
        size: u32,
    ) -> Result<Listing, ReadFailed> {
        let (mut from, mut partial) = (after, false);
        for _ in 1..MOST_ROUNDS {
            let page = self.page(list, from, size).await?;
            partial |= page.partial;
            if !page.items.is_empty() || page.next.is_none() {
                return Ok(Listing { partial, ..page });
            }
            from = page.next;
        }
        let page = self.page(list, from, size).await?;
        Ok(Listing { partial: partial || page.partial, ..page })
    }

    async fn page(
        &self,
        list: &BookingList,
        after: Option<Position>,
        size: u32,
    ) -> Result<Listing, ReadFailed> {
        let Round { merged, partial } = self.round(list, after, size).await?;
        let (items, lost) = self.bodies_in_order(merged.items).await?;
        let items = items.into_iter().filter(|record| list.holds(record)).collect();
        Ok(Listing { items, next: merged.next, partial: partial || lost })
    }

    /// MySQL first, then the archive, then MySQL once more for the versions of what only the archive gave.
    async fn round(
        &self,
        list: &BookingList,
        after: Option<Position>,
        size: u32,
    ) -> Result<Round, ReadFailed> {
        let limit = usize::try_from(size).unwrap_or(usize::MAX);
        let heads = list.active(&self.active, after, size).await?;
        let archived = self.archived(list, after, size).await;
        let partial = archived.is_none();
        let archived = archived.unwrap_or_default();
        let here: HashSet<BookingId> = heads.iter().map(Head::booking_id).collect();
        let alone: Vec<BookingId> =
            archived.iter().map(|record| record.booking_id).filter(|id| !here.contains(id)).collect();
        let now_active = self.active.versions(&alone).await?;
        let active = Part::of(heads.into_iter().map(Entry::Active).collect(), limit);
        let archived = archived.into_iter().map(|record| Entry::Archived(Box::new(record)));
        let merged = merge(list.order(), limit, active, Part::of(archived.collect(), limit), &now_active);
        Ok(Round { merged, partial })
    }

    /// What the archive has; none if it does not answer.
    async fn archived(
        &self,
        list: &BookingList,
        after: Option<Position>,
        size: u32,
    ) -> Option<Vec<BookingRecord>> {
        if !list.reaches_archive() {
            return Some(Vec::new());
        }
        let read = list.archived(&*self.archive, after, size).await;
        read.map_err(|error| missing(&error)).ok()
    }

    /// The records of a round in its order without those that are corrupt, and whether the archive had to be asked for one
    /// and did not answer.
    async fn bodies_in_order(&self, entries: Vec<Entry>) -> Result<(Vec<BookingRecord>, bool), ReadFailed> {
        let heads: Vec<Head> = entries.iter().filter_map(Entry::head).collect();
        let mut bodies = self.bodies_of(&heads).await?;
        let (mut records, mut lost) = (Vec::with_capacity(entries.len()), false);
        for entry in entries {
            match entry {
                Entry::Archived(record) => records.push(*record),
                Entry::Active(head) => match bodies.remove(&head.booking_id()) {
                    Some(read) => records.extend(readable(read)),
                    // Purged since its head was read: the archive has it.
                    None => match self.archive.by_id(head.booking_id()).await {
                        Ok(record) => records.extend(record),
                        Err(error @ ArchiveError::Corrupt(_)) => left_out(&error),
                        Err(error @ ArchiveError::Unavailable(_)) => {
                            missing(&error);
                            lost = true;
                        }
                    },
                },
            }
        }
        Ok((records, lost))
    }
}

impl Entry {
    const fn head(&self) -> Option<Head> {
        match self {
            Self::Active(head) => Some(*head),
            Self::Archived(_) => None,
        }
    }
}

/// The page is answered without the archive, so here is the only place that tells why.
fn missing(error: &ArchiveError) {
    metrics::counter!("mgmt_partial_reads_total").increment(1);
    tracing::warn!(error = platform::causes::causes(error), "the archive does not answer, a list is partial");
}
