//! Stays that are over become COMPLETED, by the hotel's local date.

use booking_core::Command;
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};

use crate::{parts::Shared, queries::completion};

/// The job.
pub(super) fn job(shared: Shared) -> Job {
    Job::new("completion", move |shutdown| {
        let shared = shared.clone();
        let pace = Pace::new("completion", shared.settings.jobs.completion_ms);
        pace.run(shutdown, move || look(shared.clone()))
    })
}

/// One walk over all candidates; those whose hotel's day is not over yet are passed by.
async fn look(shared: Shared) -> Result<Found, BoxError> {
    let now = shared.clock.now().await?;
    let mut after = None;
    loop {
        let page =
            completion::candidates(&shared.pool, now, after, shared.settings.jobs.completion_batch).await?;
        let Some(last) = page.last().map(|candidate| candidate.at) else { return Ok(Found::All) };
        after = Some(last);
        for stay in page {
            if stay.time_zone.date_of(now) > stay.end_date {
                shared.desk.carry_out(stay.booking_id, &Command::StayEnded).await?;
            }
        }
    }
}
