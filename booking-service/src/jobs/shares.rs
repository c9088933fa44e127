//! Which shares of hotels are this process's: the copies that live divide them by the rule that divides the outbox's lanes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use delivery::is_ours;
use domain::HotelId;
use platform::{
    app::Job,
    causes::{BoxError, causes},
    ids::{Ids, SystemIds},
    pace::{Found, Pace},
};
use tokio::time::timeout;

use crate::{parts::Shared, queries::shares, shares::ShareSet};

pub(super) fn job(shared: Shared) -> Job {
    let owner: Arc<str> = format!("booking-service/{}", SystemIds.uuid()).into();
    Job::new("shares", move |shutdown| {
        let (shared, owner) = (shared.clone(), owner.clone());
        async move {
            let pace = Pace::new("shares", shared.settings.jobs.shares_ms);
            let ran = pace.run(shutdown, || in_time(shared.clone(), owner.clone())).await;
            leave(&shared, &owner).await;
            ran
        }
    })
}

/// A look that outlasts the lease is worth nothing: the database is away, and is asked again.
async fn in_time(shared: Shared, owner: Arc<str>) -> Result<Found, BoxError> {
    timeout(lease(&shared), look(shared.clone(), owner)).await?
}

/// Lives on, and holds what is its own now.
async fn look(shared: Shared, owner: Arc<str>) -> Result<Found, BoxError> {
    let lease = lease(&shared);
    let lease_us = u64::try_from(lease.as_micros()).unwrap_or(u64::MAX);
    shares::join(&shared.pool, &owner, lease_us).await?;
    let living = shares::living(&shared.pool).await?;
    let me = owner.to_string();
    let ours: ShareSet = (0..HotelId::SHARES).filter(|share| is_ours(*share, &me, &living)).collect();
    // Jobs let go of a share before others may have it.
    shared.shares.keep_only(ours);
    let asked_at = Instant::now();
    shares::hold(&shared.pool, &owner, ours, lease_us).await?;
    let held = shares::held(&shared.pool, &owner).await?;
    shared.shares.lease(held.and(ours), asked_at, lease);
    metrics::gauge!("booking_shares_held").set(f64::from(held.len()));
    Ok(Found::All)
}

/// The others need not wait for the leases to run out.
async fn leave(shared: &Shared, owner: &str) {
    shared.shares.keep_only(ShareSet::NONE);
    let left = timeout(lease(shared), shares::leave(&shared.pool, owner)).await;
    if let Ok(Err(error)) = left {
        tracing::warn!(
            causes = causes(&error),
            "the other copies were not told that one leaves; they see it soon"
        );
    }
}

fn lease(shared: &Shared) -> Duration {
    Duration::from_millis(shared.settings.jobs.shares_lease_ms)
}
