//! Invoices and credit notes get their numbers: in order of issue, gapless per hotel and year. The event `invoiced`
//! then lets the traveller's mail go (details.md, Invoices).

use booking_core::Command;
use platform::{
    app::Job,
    causes::BoxError,
    pace::{Found, Pace},
};

use super::walk;
use crate::{parts::Shared, queries::papers};

pub(super) fn job(shared: Shared) -> Job {
    Job::new("numbering", move |shutdown| {
        let shared = shared.clone();
        // Shards number what they issue; this finds what a process that died has left.
        Pace::new("numbering", shared.settings.jobs.numbering_ms).run(shutdown, move || look(shared.clone()))
    })
}

/// One walk over all that wait, one after the other: two at once would only meet at the counter.
async fn look(shared: Shared) -> Result<Found, BoxError> {
    let mut after = None;
    loop {
        let waiting = papers::waiting(&shared.pool, after, shared.settings.jobs.numbering_batch).await?;
        if waiting.is_empty() {
            return Ok(Found::All);
        }
        after = waiting.last().copied();
        for paper in waiting {
            let turn = shared.bookings.carry_out(paper.booking_id, &Command::NumberPapers).await;
            walk::taken("numbering", paper.booking_id, turn)?;
        }
    }
}
