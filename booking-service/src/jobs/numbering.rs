//! Invoices and credit notes get their numbers: in order of issue, gapless per hotel and year. The event `invoiced`
//! then lets the traveller's mail go (details.md, Invoices).

use booking_core::Command;
use platform::{
    app::Job,
    causes::BoxError,
    pace::{Found, Pace},
};

use crate::{desk::DeskError, parts::Shared, queries::papers};

/// The job.
pub(super) fn job(shared: Shared) -> Job {
    Job::new("numbering", move |shutdown| {
        let shared = shared.clone();
        let pace =
            Pace::new("numbering", shared.settings.jobs.numbering_ms).woken_by(shared.numbering.clone());
        pace.run(shutdown, move || look(shared.clone()))
    })
}

/// One after the other: two at once would only meet at the counter.
async fn look(shared: Shared) -> Result<Found, BoxError> {
    let batch = shared.settings.jobs.numbering_batch;
    let waiting = papers::waiting(&shared.pool, batch).await?;
    let found = Found::of(waiting.len(), batch);
    for booking in waiting {
        match shared.desk.carry_out(booking, &Command::NumberPapers).await {
            Ok(_) => {}
            Err(DeskError::Refused(refusal)) => {
                tracing::error!(%booking, causes = platform::causes::causes(&refusal), "a paper cannot be numbered");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
