//! Deletes book-keeping that has expired, in chunks.

use chrono::TimeDelta;
use domain::Instant;
use events::inbox;
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};
use sqlx::MySqlPool;

use crate::{parts::Shared, queries::retention, settings::RetentionSettings};

pub(super) fn job(shared: Shared) -> Job {
    Job::new("retention", move |shutdown| {
        let shared = shared.clone();
        let pace = Pace::new("retention", shared.settings.retention.every_ms);
        pace.run(shutdown, move || look(shared.clone()))
    })
}

async fn look(shared: Shared) -> Result<Found, BoxError> {
    let now = shared.clock.now().await?;
    let deleted = delete_chunks(&shared.pool, &shared.settings.retention, now).await?;
    let chunk = u64::from(shared.settings.retention.chunk);
    Ok(if deleted.iter().any(|count| *count >= chunk) { Found::More } else { Found::All })
}

async fn delete_chunks(
    pool: &MySqlPool,
    kept: &RetentionSettings,
    now: Instant,
) -> Result<[u64; 4], sqlx::Error> {
    let chunk = kept.chunk;
    // The last zone on earth in which today is still the day before.
    let today = now.plus(TimeDelta::hours(-12)).utc().date_naive();
    let inbox_s = u64::from(kept.inbox_days).saturating_mul(86_400);
    let deleted = [
        retention::payment_events(pool, now, kept.payment_events_days, chunk).await?,
        retention::voids(pool, now, kept.payment_events_days, chunk).await?,
        retention::past_nights(pool, today, kept.past_nights_days, chunk).await?,
        inbox::purge(pool, inbox_s, chunk).await?,
    ];
    metrics::counter!("booking_rows_expired_total").increment(deleted.iter().sum());
    Ok(deleted)
}
