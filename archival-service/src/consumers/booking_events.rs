//! `booking.events`: an ended booking wakes the copying; an event after the purge amends the archived copy.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::{
    BookingId,
    booking::BookingRecord,
    event::{BookingHappening, BookingHead, read_booking_event, read_booking_head},
};
use events::consumer::{Handler, Record, Verdict, read_event, read_events, verdicts};
use platform::{causes::causes, pace::Wake};
use records::newest;

use crate::{
    archiver::{ArchiveFailed, Archiver},
    settings::PurgingSettings,
};

/// Wakes and amends.
#[derive(Clone)]
pub struct BookingEvents {
    archiver: Archiver,
    ended: Wake,
    /// Copies amended side by side.
    side_by_side: usize,
    /// When what has ended may be purged.
    purging: PurgingSettings,
}

impl BookingEvents {
    /// Wakes `ended` when bookings have ended.
    pub const fn new(archiver: Archiver, ended: Wake, side_by_side: usize, purging: PurgingSettings) -> Self {
        Self { archiver, ended, side_by_side, purging }
    }
}

#[async_trait]
impl Handler for BookingEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let heads = read_events(records, read_booking_head);
        let ended: Vec<Told> =
            heads.iter().flatten().filter(|(_, head)| head.status.has_ended()).copied().collect();
        if ended.is_empty() {
            return verdicts(heads, |_| Verdict::Done);
        }
        self.ended.wake();
        match self.gone(&ended).await {
            Ok(gone) if gone.is_empty() => verdicts(heads, |_| Verdict::Done),
            Ok(gone) => self.amend(records, heads, &gone).await,
            Err(error) => verdicts(heads, |_| Verdict::retry(causes(&error))),
        }
    }
}

impl BookingEvents {
    /// Those of these bookings that have left MySQL. Of a crowd that ends nobody is looked for: what has ended lately is there.
    async fn gone(&self, ended: &[Told]) -> Result<BTreeSet<BookingId>, ArchiveFailed> {
        let settled_until = self.purging.settled_until(self.archiver.now().await?);
        let may_be_gone = |(happening, head): &&Told| !happening.ends() || head.updated_at <= settled_until;
        self.archiver.gone(&ended.iter().filter(may_be_gone).map(|(_, head)| head.booking_id).collect()).await
    }

    /// Hardly any event is of a booking that has left MySQL, and only these are read to their end.
    async fn amend(&self, records: &[Record], heads: Read<Told>, gone: &BTreeSet<BookingId>) -> Vec<Verdict> {
        let event = |(record, head): (&Record, Result<Told, Verdict>)| {
            let concerned = |(_, head): &Told| head.status.has_ended() && gone.contains(&head.booking_id);
            let head = Some(head?).filter(concerned);
            head.map(|_| read_event(record, read_booking_event).map(|(_, event)| event.data.booking))
                .transpose()
        };
        let bookings: Read<Option<BookingRecord>> = records.iter().zip(heads).map(event).collect();
        let newest = newest(bookings.iter().flatten().flatten());
        let (ids, records): (Vec<BookingId>, Vec<_>) = newest.into_iter().unzip();
        match self.archiver.amend(&records, self.side_by_side).await {
            Ok(amended) => {
                let amended: BTreeMap<_, _> = ids.into_iter().zip(amended).collect();
                verdicts(bookings, |booking| {
                    verdict(booking.and_then(|booking| amended.get(&booking.booking_id)))
                })
            }
            Err(error) => verdicts(bookings, |_| Verdict::retry(causes(&error))),
        }
    }
}

/// What happened, and to whom.
type Told = (BookingHappening, BookingHead);

/// What was read of each record, else what becomes of it.
type Read<T> = Vec<Result<T, Verdict>>;

/// Of an event, by what became of its booking.
fn verdict(amended: Option<&Result<bool, ArchiveFailed>>) -> Verdict {
    match amended {
        None | Some(Ok(_)) => Verdict::Done,
        // Only this booking's copy is damaged: others of its partition must not wait for it.
        Some(Err(error)) if error.is_of_this_booking() => Verdict::damaged(causes(error)),
        Some(Err(error)) => Verdict::retry(causes(error)),
    }
}
