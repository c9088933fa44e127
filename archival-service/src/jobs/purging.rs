//! Settled bookings are purged: a walk over everything that ended long enough ago, oldest first. Nobody waits for it, and whoever
//! books or ends a hold uses the same servers: between two transactions it rests for as long as the last one took.

use std::time::{Duration, Instant as Moment};

use domain::{BookingId, Instant, booking::BookingStatus};
use platform::{
    app::Job,
    causes::BoxError,
    pace::{Found, Pace},
};
use records::EndedPosition;

use super::copying::{ENDED, pass_by};
use crate::{
    archiver::{ArchiveFailed, Archiver, Settled},
    settings::PurgingSettings,
};

/// Bookings deleted by one transaction: few enough that none of them is locked for long.
const TOGETHER: usize = 50;
/// The longest rest: after an outage that ended in a long wait it goes on.
const LONGEST_REST: Duration = Duration::from_secs(1);

pub fn job(archiver: Archiver, settings: PurgingSettings) -> Job {
    Job::new("purging", move |shutdown| {
        let pace = Pace::new("purging", settings.every_ms);
        let archiver = archiver.clone();
        pace.run(shutdown, move || look(archiver.clone(), settings))
    })
}

/// One walk: every booking that ended a settling time ago is purged, unless something of it is still open.
pub async fn look(archiver: Archiver, settings: PurgingSettings) -> Result<Found, BoxError> {
    let settled_until = settings.settled_until(archiver.now().await?);
    let mut open = 0.0;
    for status in ENDED {
        open += walk(&archiver, settings, status, settled_until).await?;
    }
    metrics::gauge!("archival_open_bookings").set(open);
    Ok(Found::All)
}

/// How many of this status stay although their time has come.
async fn walk(
    archiver: &Archiver,
    settings: PurgingSettings,
    status: BookingStatus,
    settled_until: Instant,
) -> Result<f64, BoxError> {
    let (mut after, mut open) = (EndedPosition::first(), 0.0);
    loop {
        let page = archiver.active().ended(status, settled_until, after, settings.batch).await?;
        let Some(last) = page.last() else { return Ok(open) };
        after = last.position;
        for some in page.chunks(TOGETHER) {
            let began = Moment::now();
            let ids: Vec<BookingId> = some.iter().map(|ended| ended.position.booking_id).collect();
            for (id, settled) in archiver.settle_all(&ids, settled_until, settings.side_by_side).await? {
                open += stays(id, settled)?;
            }
            tokio::time::sleep(began.elapsed().min(LONGEST_REST)).await;
        }
    }
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
