//! Ended bookings are copied some seconds later, those of one crowd together: a scan of MySQL by when they last changed, from a
//! mark that is kept there too.
//!
//! `updated_at` is when a change was decided, its commit comes a little later: so each look begins a little before the end of
//! the last one. Which of the bookings are archived MySQL knows itself. What no mark can promise the slow walk finds
//! ([`super::walking`]).

use std::sync::Arc;

use chrono::TimeDelta;
use domain::{BookingId, Instant, booking::BookingStatus};
use platform::{
    app::Job,
    causes::{BoxError, causes},
    pace::{Found, Pace, Wake},
};
use records::Ended;

use crate::{
    archiver::{ArchiveFailed, Archiver, Copied},
    progress::Progress,
    settings::CopyingSettings,
};

/// The statuses of ended bookings, stays first: they wait behind no crowd of cancelled holds.
pub(super) const ENDED: [BookingStatus; 2] = [BookingStatus::Completed, BookingStatus::Cancelled];

pub fn job(copying: Copying, wake: Wake) -> Job {
    let copying = Arc::new(copying);
    Job::new("copying", move |shutdown| {
        let copying = copying.clone();
        let CopyingSettings { every_ms, gather_ms, .. } = copying.settings;
        let pace = Pace::new("copying", every_ms).woken_by(wake.clone()).gathering(gather_ms);
        pace.run(shutdown, move || {
            let copying = copying.clone();
            async move { copying.look().await.map(|()| Found::All) }
        })
    })
}

/// The scan behind the mark.
pub struct Copying {
    archiver: Archiver,
    progress: Progress,
    settings: CopyingSettings,
}

impl Copying {
    /// From where the last one came to.
    pub const fn new(archiver: Archiver, progress: Progress, settings: CopyingSettings) -> Self {
        Self { archiver, progress, settings }
    }

    /// Copies everything that has ended since the mark. After a failure the next look begins where this one came to.
    pub async fn look(&self) -> Result<(), BoxError> {
        let now = self.archiver.now().await?;
        for status in ENDED {
            self.scan(status, now).await?;
        }
        Ok(())
    }

    /// Page by page from the mark to `until`. The mark follows, but not to where a transaction under way may still commit.
    async fn scan(&self, status: BookingStatus, until: Instant) -> Result<(), BoxError> {
        let all_committed = until.plus(-TimeDelta::seconds(i64::from(self.settings.overlap_seconds)));
        let mark = self.progress.mark(status).await?;
        let mut after = mark;
        loop {
            let page = self.archiver.active().ended(status, until, after, self.settings.batch).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.position;
            copy_page(&self.archiver, &page, self.settings.side_by_side).await?;
            let reached = after.at.min(all_committed);
            if reached > mark.at {
                self.progress.move_mark(status, reached).await?;
            }
        }
    }
}

/// Copies those of the page that are not archived as they are now. One that cannot be copied keeps no other back.
pub(super) async fn copy_page(
    archiver: &Archiver,
    page: &[Ended],
    side_by_side: usize,
) -> Result<(), ArchiveFailed> {
    let missing = page.iter().filter(|ended| !ended.is_archived);
    let wanted: Vec<BookingId> = missing.map(|ended| ended.position.booking_id).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let done = archiver.copy_all(&wanted, side_by_side).await?;
    done.into_iter().try_for_each(|(id, copied)| note(id, copied))
}

fn note(id: BookingId, copied: Result<Copied, ArchiveFailed>) -> Result<(), ArchiveFailed> {
    match copied {
        Ok(Copied::Confirmed(_) | Copied::Gone | Copied::NotEnded) => Ok(()),
        Ok(Copied::Unconfirmed) => {
            tracing::warn!(booking_id = %id, "the archive gave back something else than was written");
            Ok(())
        }
        Err(error) if error.is_of_this_booking() => {
            pass_by(id, &error);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// A booking that cannot be archived stays where it is; the others go on.
pub(super) fn pass_by(id: BookingId, error: &ArchiveFailed) {
    metrics::counter!("archival_corrupt_total").increment(1);
    tracing::error!(booking_id = %id, error = causes(error), "a booking cannot be archived and stays in MySQL");
}
