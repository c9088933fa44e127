//! Settled bookings are purged: walks over everything that ended long enough ago, oldest first. Nobody waits for it, and whoever
//! books or ends a hold uses the same servers: after a lot of which something went it rests for as long as that took.

use std::time::{Duration, Instant as Moment};

use domain::{BookingId, Instant, booking::BookingStatus};
use platform::{
    app::Job,
    causes::BoxError,
    pace::{Found, Pace},
    shutdown::Shutdown,
};
use records::{Ended, EndedPosition};
use tokio::time::sleep;

use super::copying::pass_by;
use crate::{
    archiver::{ArchiveFailed, Archiver, Settled},
    settings::PurgingSettings,
};

/// Bookings deleted by one transaction: few enough that none of them is locked for long.
const TOGETHER: usize = 50;

/// A job for each status: completed stays wait behind no crowd of cancelled holds, which may be walked over for minutes.
pub fn job(archiver: Archiver, settings: PurgingSettings, status: BookingStatus) -> Job {
    let name = if status == BookingStatus::Completed { "purging completed" } else { "purging cancelled" };
    Job::new(name, move |shutdown| {
        let pace = Pace::new(name, settings.every_ms);
        let (archiver, stop) = (archiver.clone(), shutdown.clone());
        pace.run(shutdown, move || look(archiver.clone(), settings, status, stop.clone()))
    })
}

/// One walk: every booking of this status that ended a settling time ago is purged, unless something of it is still open. What a
/// shutdown breaks off is found by the next look.
pub async fn look(
    archiver: Archiver,
    settings: PurgingSettings,
    status: BookingStatus,
    shutdown: Shutdown,
) -> Result<Found, BoxError> {
    let settled_until = settings.settled_until(archiver.now().await?);
    let purge = Purge { archiver, settings, settled_until, shutdown };
    let (mut after, mut open) = (EndedPosition::first(), 0.0);
    while !purge.shutdown.is_requested() {
        let active = purge.archiver.active();
        let page = active.ended(status, settled_until, after, settings.batch).await?;
        let Some(last) = page.last() else {
            metrics::gauge!("archival_open_bookings", "status" => status.as_str()).set(open);
            break;
        };
        after = last.position;
        open += purge.page(&page).await?;
    }
    Ok(Found::All)
}

struct Purge {
    archiver: Archiver,
    settings: PurgingSettings,
    settled_until: Instant,
    shutdown: Shutdown,
}

impl Purge {
    /// How many of the page stay although their time has come.
    async fn page(&self, page: &[Ended]) -> Result<f64, BoxError> {
        let mut open = 0.0;
        for some in page.chunks(TOGETHER) {
            if self.shutdown.is_requested() {
                break;
            }
            let ids: Vec<BookingId> = some.iter().map(|ended| ended.position.booking_id).collect();
            open += self.lot(&ids).await?;
        }
        Ok(open)
    }

    /// Purges a lot, and rests if any went; how many stay.
    async fn lot(&self, ids: &[BookingId]) -> Result<f64, BoxError> {
        let began = Moment::now();
        let side_by_side = self.settings.side_by_side;
        let settled = self.archiver.settle_all(ids, self.settled_until, side_by_side).await?;
        let any_went = settled.iter().any(|(_, settled)| matches!(settled, Ok(Settled::Purged)));
        let mut open = 0.0;
        for (id, settled) in settled {
            open += stays(id, settled)?;
        }
        if any_went {
            let _stopped = self.shutdown.unless_requested(sleep(rest(began.elapsed(), self.settings))).await;
        }
        Ok(open)
    }
}

fn rest(took: Duration, settings: PurgingSettings) -> Duration {
    took.min(Duration::from_millis(settings.longest_rest_ms.into()))
}

/// 1 if it stays.
fn stays(id: BookingId, settled: Result<Settled, ArchiveFailed>) -> Result<f64, ArchiveFailed> {
    match settled {
        Ok(Settled::Purged | Settled::Gone) => Ok(0.0),
        Ok(Settled::Open | Settled::Changed) => Ok(1.0),
        Err(error) if error.is_of_this_booking() => {
            pass_by(id, &error);
            Ok(1.0)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_lasts_as_long_as_the_lot_took_and_no_longer_than_the_setting() {
        let settings = PurgingSettings {
            every_ms: 1,
            batch: 1,
            side_by_side: 1,
            longest_rest_ms: 500,
            settling_days: 7,
            latest_callback_hours: 72,
        };
        let rest = |took| rest(Duration::from_millis(took), settings);
        assert_eq!((rest(20), rest(9_000)), (Duration::from_millis(20), Duration::from_millis(500)));
    }
}
