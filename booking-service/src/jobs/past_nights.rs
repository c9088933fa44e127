//! The day after a night is over everywhere, it is taken back from `availability.events`.

use chrono::{Days, TimeDelta};
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};

use crate::{parts::Shared, queries::nights};

/// How many past dates are looked at: a service that stood still for longer has nights in search that nobody asks for.
const DATES_BACK: u64 = 7;

pub(super) fn job(shared: Shared) -> Job {
    Job::new("past nights", move |shutdown| {
        let shared = shared.clone();
        let pace = Pace::new("past nights", shared.settings.jobs.night_tombstone_ms);
        pace.run(shutdown, move || look(shared.clone()))
    })
}

async fn look(shared: Shared) -> Result<Found, BoxError> {
    // The last zone on earth in which today is still the day before.
    let today = shared.clock.now().await?.plus(TimeDelta::hours(-12)).utc().date_naive();
    for back in 1..=DATES_BACK {
        let Some(date) = today.checked_sub_days(Days::new(back)) else { continue };
        if !nights::is_taken_back(&shared.pool, date).await? {
            take_back(&shared, date).await?;
        }
    }
    Ok(Found::All)
}

async fn take_back(shared: &Shared, date: chrono::NaiveDate) -> Result<(), BoxError> {
    let chunk = shared.settings.jobs.night_tombstone_batch;
    let mut after = nights::take_back(&shared.pool, date, None, chunk).await?;
    while after.is_some() {
        shared.bookings.wake_relay();
        after = nights::take_back(&shared.pool, date, after, chunk).await?;
    }
    Ok(())
}
