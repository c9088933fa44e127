//! Settled bookings are purged: a walk over everything that ended long enough ago, oldest first.

use chrono::TimeDelta;
use domain::{Instant, booking::BookingStatus};
use futures::{StreamExt as _, stream};
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

pub fn job(archiver: Archiver, settings: PurgingSettings) -> Job {
    Job::new("purging", move |shutdown| {
        let pace = Pace::new("purging", settings.every_ms);
        let archiver = archiver.clone();
        pace.run(shutdown, move || look(archiver.clone(), settings))
    })
}

/// One walk: every booking that ended a settling time ago is purged, unless something of it is still open.
pub async fn look(archiver: Archiver, settings: PurgingSettings) -> Result<Found, BoxError> {
    let settled_until = archiver.now().await?.plus(-TimeDelta::days(i64::from(settings.settling_days)));
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
        let settling = stream::iter(page).map(|ended| settle(archiver, ended.position, settled_until));
        let done: Vec<_> = settling.buffer_unordered(settings.side_by_side).collect().await;
        for settled in done {
            open += match settled? {
                Settled::Open | Settled::Changed => 1.0,
                Settled::Purged | Settled::Gone => 0.0,
            };
        }
    }
}

async fn settle(
    archiver: &Archiver,
    position: EndedPosition,
    until: Instant,
) -> Result<Settled, ArchiveFailed> {
    match archiver.settle(position.booking_id, until).await {
        Err(error) if error.is_of_this_booking() => {
            pass_by(position.booking_id, &error);
            Ok(Settled::Open)
        }
        other => other,
    }
}
