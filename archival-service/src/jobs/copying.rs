//! Ended bookings are copied at once: a scan of MySQL by when they last changed, behind a mark kept in memory.
//!
//! `updated_at` is when a change was decided, its commit comes a little later: so each look begins a little before the mark,
//! and a whole scan from time to time (and at each start) finds whatever no mark can promise.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant as Monotonic},
};

use chrono::TimeDelta;
use domain::{BookingId, Instant, booking::BookingStatus};
use futures::{StreamExt as _, stream};
use platform::{
    app::Job,
    causes::{BoxError, causes},
    pace::{Found, Pace, Wake},
};
use records::active::EndedPlace;
use tokio::sync::Mutex;

use crate::{
    archiver::{ArchiveFailed, Archiver, Copy},
    settings::CopyingSettings,
};

/// The statuses of ended bookings.
pub(super) const ENDED: [BookingStatus; 2] = [BookingStatus::Cancelled, BookingStatus::Completed];

/// Before every booking of the same moment.
const FIRST: BookingId = BookingId::from_uuid(uuid::Uuid::nil());

/// The job.
pub fn job(archiver: Archiver, settings: CopyingSettings, wake: Wake) -> Job {
    let copying = Arc::new(Mutex::new(Copying::new(archiver, settings)));
    Job::new("copying", move |shutdown| {
        let (copying, wake) = (copying.clone(), wake.clone());
        let pace = Pace::new("copying", settings.every_ms).woken_by(wake);
        pace.run(shutdown, move || {
            let copying = copying.clone();
            async move { copying.lock().await.look().await.map(|()| Found::All) }
        })
    })
}

/// The scan and how far it has come.
pub struct Copying {
    archiver: Archiver,
    settings: CopyingSettings,
    /// By status: everything that ended before is copied.
    marks: HashMap<BookingStatus, EndedPlace>,
    /// Confirmed at this version where the next look begins again: not read once more.
    confirmed: HashMap<BookingId, (i64, Instant)>,
    whole_scan: Option<Monotonic>,
}

impl Copying {
    /// Begins with a whole scan.
    pub fn new(archiver: Archiver, settings: CopyingSettings) -> Self {
        Self { archiver, settings, marks: HashMap::new(), confirmed: HashMap::new(), whole_scan: None }
    }

    /// Copies everything that has ended by now and is not confirmed yet. After a failure the next look begins where this one
    /// came to.
    pub async fn look(&mut self) -> Result<(), BoxError> {
        let now = self.archiver.now().await?;
        self.begin_whole_scan_if_due();
        // Before it no transaction under way can still commit.
        let firm = now.plus(-TimeDelta::seconds(i64::from(self.settings.overlap_seconds)));
        for status in ENDED {
            self.scan(status, firm, now).await?;
        }
        self.confirmed.retain(|_, (_, at)| *at >= firm);
        Ok(())
    }

    fn begin_whole_scan_if_due(&mut self) {
        let every = Duration::from_secs(u64::from(self.settings.whole_scan_minutes) * 60);
        if self.whole_scan.is_none_or(|begun| begun.elapsed() >= every) {
            self.whole_scan = Some(Monotonic::now());
            self.marks.clear();
        }
    }

    /// Page by page from the mark to `until`. The mark follows, but not beyond `firm`.
    async fn scan(&mut self, status: BookingStatus, firm: Instant, until: Instant) -> Result<(), BoxError> {
        let mut after = self.marks.get(&status).copied();
        loop {
            let page = self.archiver.active().ended(status, until, after, self.settings.batch).await?;
            let Some((last, _)) = page.last().copied() else { return Ok(()) };
            self.copy_all(page, firm).await?;
            self.marks.insert(status, last.min(EndedPlace { at: firm, booking_id: FIRST }));
            after = Some(last);
        }
    }

    async fn copy_all(&mut self, page: Vec<(EndedPlace, i64)>, firm: Instant) -> Result<(), BoxError> {
        let known = |id, version| self.confirmed.get(&id).is_some_and(|(seen, _)| *seen == version);
        let wanted: Vec<EndedPlace> = page
            .into_iter()
            .filter(|(place, version)| !known(place.booking_id, *version))
            .map(|(place, _)| place)
            .collect();
        let archiver = self.archiver.clone();
        let copies = stream::iter(wanted).map(|place| {
            let archiver = archiver.clone();
            async move { (place, archiver.copy(place.booking_id).await) }
        });
        let done: Vec<_> = copies.buffer_unordered(self.settings.side_by_side).collect().await;
        done.into_iter().try_for_each(|(place, copied)| self.note(place, copied, firm))
    }

    fn note(
        &mut self,
        place: EndedPlace,
        copied: Result<Copy, ArchiveFailed>,
        firm: Instant,
    ) -> Result<(), BoxError> {
        match copied {
            Ok(Copy::Confirmed(held)) => {
                // What lies before is behind the mark and does not come again.
                if place.at >= firm {
                    self.confirmed.insert(place.booking_id, (held.version, place.at));
                }
                Ok(())
            }
            Ok(Copy::Gone | Copy::NotEnded) => Ok(()),
            Ok(Copy::Unconfirmed) => Err("the archive gave back something else than was written".into()),
            Err(error) if error.is_of_this_booking() => {
                pass_by(place.booking_id, &error);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A booking that cannot be read stays where it is; the others go on.
pub(super) fn pass_by(id: BookingId, error: &ArchiveFailed) {
    metrics::counter!("archival_corrupt_total").increment(1);
    tracing::error!(booking_id = %id, error = causes(error), "a booking cannot be archived and stays in MySQL");
}
