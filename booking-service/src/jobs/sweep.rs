//! Every second: holds near their end. `hold_expires_at` in MySQL is the truth (domain.md, invariant 6).

use futures::{StreamExt, stream};
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};

use super::hold_end;
use crate::{parts::Shared, queries::holds};

pub(super) fn job(shared: Shared) -> Job {
    Job::new("hold sweep", move |shutdown| {
        let shared = shared.clone();
        let pace = Pace::new("hold sweep", shared.settings.jobs.sweep_ms);
        pace.run(shutdown, move || look(shared.clone()))
    })
}

async fn look(shared: Shared) -> Result<Found, BoxError> {
    let until = shared
        .clock
        .now()
        .await?
        .plus(chrono::TimeDelta::milliseconds(i64::from(shared.settings.holds.lead_ms)));
    let batch = shared.settings.jobs.sweep_batch;
    let due = holds::due(&shared.pool, until, batch).await?;
    let found = Found::of(due.len(), batch);
    let side_by_side = shared.settings.provider.max_calls;
    stream::iter(due).for_each_concurrent(side_by_side, |booking| hold_end::work_on(&shared, booking)).await;
    Ok(found)
}
