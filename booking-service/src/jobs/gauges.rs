//! What is owed, as gauges.

use domain::ratio::gauge;
use events::outbox;
use platform::{
    app::Job,
    causes::BoxError,
    pace::{Found, Pace},
};

use crate::{parts::Shared, queries::gauges};

pub(super) fn job(shared: Shared) -> Job {
    Job::new("gauges", move |shutdown| {
        let shared = shared.clone();
        let pace = Pace::new("gauges", shared.settings.jobs.gauges_ms);
        pace.run(shutdown, move || look(shared.clone()))
    })
}

async fn look(shared: Shared) -> Result<Found, BoxError> {
    let open = gauges::open(&shared.pool).await?;
    let count = |count: i64| gauge(count.unsigned_abs());
    metrics::gauge!("booking_voids_owed").set(count(open.voids));
    metrics::gauge!("booking_refunds_owed").set(count(open.refunds));
    metrics::gauge!("booking_refunds_refused").set(count(open.refused));
    metrics::gauge!("booking_payments_in_review").set(count(open.in_review));
    metrics::gauge!("booking_invoices_unnumbered").set(count(open.unnumbered));
    metrics::gauge!("booking_outbox_unpublished").set(gauge(outbox::unpublished(&shared.pool).await?));
    Ok(Found::All)
}
