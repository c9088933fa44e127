//! The sandbox's own time, moved like that of the services.

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::Instant;
use platform::api::{Problem, dev_clock::MovableClock};

use crate::parts::Parts;

#[async_trait]
impl MovableClock for Parts {
    fn may_move(&self) -> bool {
        self.settings.development.clock
    }

    async fn advance(&self, by: TimeDelta) -> Result<Instant, Problem> {
        Ok(self.store.advance(by).await?)
    }
}
