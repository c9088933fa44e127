//! Stays that are over become COMPLETED, by the hotel's local date.

use booking_core::Command;
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};

use super::walk;
use crate::{parts::Shared, queries::completion};

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
        let batch = shared.settings.jobs.completion_batch;
        let (stays, last) = completion::candidates(&shared.pool, now, after, batch).await?;
        if last.is_none() {
            return Ok(Found::All);
        }
        after = last;
        for stay in stays {
            if stay.time_zone.date_of(now) > stay.end_date {
                let turn = shared.bookings.carry_out(stay.booking_id, &Command::StayEnded).await;
                walk::taken("completion", stay.booking_id, turn)?;
            }
        }
    }
}
