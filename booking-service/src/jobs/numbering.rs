//! Invoices and credit notes get their numbers: in order of issue, gapless per hotel and year. The event `invoiced`
//! then lets the traveller's mail go (details.md, Invoices).

use std::collections::BTreeMap;

use booking_core::Command;
use chrono::TimeDelta;
use domain::{HotelId, Instant};
use futures::{StreamExt, TryStreamExt, stream};
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};

use super::walk;
use crate::{
    parts::Shared,
    queries::papers::{self, Waiting},
};

/// Hotels at once.
const SIDE_BY_SIDE: usize = 16;

pub(super) fn job(shared: Shared) -> Job {
    Job::new("numbering", move |shutdown| {
        let shared = shared.clone();
        Pace::new("numbering", shared.settings.jobs.numbering_ms).run(shutdown, move || look(shared.clone()))
    })
}

/// One walk over what has waited for some time: shards number what they issue, this finds what a process that died has left.
async fn look(shared: Shared) -> Result<Found, BoxError> {
    let until = issued_until(&shared).await?;
    let mut after = None;
    loop {
        let limit = shared.settings.jobs.numbering_batch;
        let waiting = papers::waiting(&shared.pool, until, after, limit).await?;
        if waiting.is_empty() {
            return Ok(Found::All);
        }
        after = waiting.last().copied();
        stream::iter(by_hotel(&shared, waiting))
            .map(|(hotel, papers)| number(&shared, hotel, papers))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect::<()>()
            .await?;
    }
}

async fn issued_until(shared: &Shared) -> Result<Instant, BoxError> {
    let after_ms = i64::from(shared.settings.jobs.numbering_after_ms);
    Ok(shared.clock.now().await?.plus(TimeDelta::milliseconds(-after_ms)))
}

/// Those of this process's shares, each hotel's in the order in which they were issued.
fn by_hotel(shared: &Shared, waiting: Vec<Waiting>) -> BTreeMap<HotelId, Vec<Waiting>> {
    let held = shared.shares.held();
    let mut hotels: BTreeMap<HotelId, Vec<Waiting>> = BTreeMap::new();
    for paper in waiting.into_iter().filter(|paper| held.has(paper.hotel_id.share())) {
        hotels.entry(paper.hotel_id).or_default().push(paper);
    }
    hotels
}

/// One after the other: two of a hotel at once would only meet at the counter.
async fn number(shared: &Shared, hotel: HotelId, papers: Vec<Waiting>) -> Result<(), BoxError> {
    for paper in papers {
        let turn = shared.bookings.carry_out_in(hotel, paper.booking_id, Command::NumberPapers).await;
        walk::taken("numbering", paper.booking_id, turn)?;
    }
    Ok(())
}
