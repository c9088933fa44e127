//! A way of selling rooms, as the comparison sees it.

use std::time::Duration;

use async_trait::async_trait;
use e2e::failed::Failed;

use crate::order::Order;

/// What an order came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sale {
    /// It is acknowledged.
    Booked,
    /// The rooms are gone.
    SoldOut,
    /// Not now: the client comes again.
    Later,
}

/// A way of selling rooms, for one round.
#[async_trait]
pub(crate) trait Way: Send + Sync {
    /// Sells an order, or says why not. An answer is an acknowledgement.
    async fn sell(&self, order: &Order) -> Result<Sale, Failed>;

    /// How long who is told to come again stays away.
    fn again(&self) -> Duration {
        Duration::from_millis(50)
    }

    /// Ends the round: what was acknowledged and is still under way is stored.
    async fn finish(&self) -> Result<(), Failed> {
        Ok(())
    }
}
