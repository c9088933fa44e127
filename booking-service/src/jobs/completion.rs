//! Stays that are over become COMPLETED, by the hotel's local date.

use std::{collections::BTreeMap, sync::Arc};

use booking_core::{Command, Decided, Quiet, Step};
use chrono::TimeDelta;
use domain::{BookingId, Instant, booking::BookingStatus};
use futures::{StreamExt, TryStreamExt, stream};
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};
use tokio::sync::Mutex;

use super::walk;
use crate::{
    parts::Shared,
    queries::due::{self, DueBooking, DueRange},
};

/// What is not over yet, or cannot be decided, is left alone for so long.
const LATER: TimeDelta = TimeDelta::hours(1);
/// Works at once: as many as a batch takes of those that nobody waits for.
const SIDE_BY_SIDE: usize = 128;

/// Those left alone, until when.
type LeftAlone = BTreeMap<BookingId, Instant>;

pub(super) fn job(shared: Shared) -> Job {
    let left_alone = Arc::new(Mutex::new(LeftAlone::new()));
    Job::new("completion", move |shutdown| {
        let (shared, left_alone) = (shared.clone(), left_alone.clone());
        let pace = Pace::new("completion", shared.settings.jobs.completion_ms);
        pace.run(shutdown, move || {
            let (shared, left_alone) = (shared.clone(), left_alone.clone());
            async move { look(&shared, &mut *left_alone.lock().await).await }
        })
    })
}

/// One walk over all that are due in this process's shares.
async fn look(shared: &Shared, left_alone: &mut LeftAlone) -> Result<Found, BoxError> {
    let now = shared.clock.now().await?;
    left_alone.retain(|_, until| *until > now);
    let range = DueRange { status: BookingStatus::Booked, until: now, shares: shared.shares.held() };
    let mut after = None;
    loop {
        let page = due::walk(&shared.pool, range, after, shared.settings.jobs.completion_batch).await?;
        let Some(last) = page.last().copied() else { return Ok(Found::All) };
        after = Some(last);
        let wanted = page.into_iter().filter(|stay| !left_alone.contains_key(&stay.booking_id));
        let again: Vec<Option<BookingId>> = stream::iter(wanted.collect::<Vec<_>>())
            .map(|stay| complete(shared, stay))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        left_alone.extend(again.into_iter().flatten().map(|booking| (booking, now.plus(LATER))));
    }
}

/// The stay's booking, if it is to be looked at again.
async fn complete(shared: &Shared, stay: DueBooking) -> Result<Option<BookingId>, BoxError> {
    let turn = shared.bookings.carry_out_in(stay.hotel_id, stay.booking_id, Command::StayEnded).await;
    let done = walk::taken("completion", stay.booking_id, turn)?;
    let is_over = |decided: &Decided| !matches!(decided.step, Step::Quiet(Quiet::NotYet(_)));
    Ok((!done.as_ref().is_some_and(is_over)).then_some(stay.booking_id))
}
