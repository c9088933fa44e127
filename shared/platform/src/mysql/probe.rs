//! Whether a database answers, and how its pool is doing: asked and told by one look.

use std::time::Instant;

use domain::ratio::gauge;
use sqlx::{Connection as _, MySqlPool};

use crate::{causes::BoxError, readiness::ReadinessProbe};

/// A probe of the service's own database. Each look tells how long it waited for a connection, and how many there are.
pub fn probe(pool: MySqlPool) -> ReadinessProbe {
    ReadinessProbe::new("mysql", move || {
        let pool = pool.clone();
        async move { ask(&pool).await }
    })
}

async fn ask(pool: &MySqlPool) -> Result<(), BoxError> {
    let asked = Instant::now();
    let got = pool.acquire().await;
    metrics::gauge!("mysql_pool_wait_seconds").set(asked.elapsed().as_secs_f64());
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    for (state, count) in [("idle", idle), ("in_use", pool.size().saturating_sub(idle))] {
        metrics::gauge!("mysql_pool_connections", "state" => state).set(gauge(u64::from(count)));
    }
    Ok(got?.ping().await?)
}
