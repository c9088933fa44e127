//! Time moves for the whole booking database: every process that uses it.

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::Instant;
use platform::api::{Problem, dev_clock::MovableClock};

use crate::{parts::Parts, queries::clock};

#[async_trait]
impl MovableClock for Parts {
    fn may_move(&self) -> bool {
        self.settings.development.clock
    }

    async fn advance(&self, by: TimeDelta) -> Result<Instant, Problem> {
        let micros = by.num_microseconds().unwrap_or(0);
        clock::advance(&self.pool, micros).await.map_err(Problem::unavailable)?;
        Ok(self.clock.refresh().await?)
    }
}
