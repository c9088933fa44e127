//! Deletes what the bookings' log has kept long enough: a slow walk over its primary key, since no index of it goes by time.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::{BookingId, Instant};
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};
use tokio::sync::Mutex;

use crate::{
    parts::Shared,
    queries::booking_log::{self, FIRST},
};

/// How far the walk has come, and until when it rests once it was at the end.
struct Walk {
    after: BookingId,
    rests_until: Option<Instant>,
}

pub(super) fn job(shared: Shared) -> Job {
    let walk = Arc::new(Mutex::new(Walk { after: FIRST, rests_until: None }));
    Job::new("booking_log", move |shutdown| {
        let (shared, walk) = (shared.clone(), walk.clone());
        let pace = Pace::new("booking_log", shared.settings.retention.every_ms);
        pace.run(shutdown, move || {
            let (shared, walk) = (shared.clone(), walk.clone());
            async move { look(&shared, &mut *walk.lock().await).await }
        })
    })
}

/// One chunk of bookings; a day's rest at the end, since what is kept for a year need not go by the minute.
async fn look(shared: &Shared, walk: &mut Walk) -> Result<Found, BoxError> {
    let now = shared.clock.now().await?;
    if walk.rests_until.is_some_and(|until| until > now) {
        return Ok(Found::All);
    }
    let kept = &shared.settings.retention;
    let before = now.plus(TimeDelta::days(-i64::from(kept.booking_log_days)));
    let step = booking_log::delete(&shared.pool, walk.after, before, kept.chunk).await?;
    metrics::counter!("booking_rows_expired_total").increment(step.deleted);
    let (after, rests_until) = match step.last {
        Some(last) => (last, None),
        None => (FIRST, Some(now.plus(TimeDelta::days(1)))),
    };
    *walk = Walk { after, rests_until };
    Ok(if step.deleted > 0 { Found::More } else { Found::All })
}
