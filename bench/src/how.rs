//! How figures are measured.

use std::{path::PathBuf, time::Duration};

use e2e::{failed::Failed, world::World};

use crate::{
    conditions::{Conditions, Origin},
    figures::Figures,
    ground::{self, Servers},
    kind::Kind,
};

/// How it is measured.
pub(crate) struct How {
    pub(crate) endpoints: PathBuf,
    pub(crate) results: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) servers: Servers,
    pub(crate) ways: Vec<Kind>,
    pub(crate) clients: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    /// Bookings of the burst that is drained, if somebody said how many.
    pub(crate) burst: Option<usize>,
}

/// Where a figure has one number of clients, it is at most this one.
const MANY: usize = 1_024;

impl How {
    /// How long a round lasts.
    pub(crate) fn long(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// Clients of a figure that has one number of them.
    pub(crate) fn many(&self) -> usize {
        self.clients_up_to(MANY)
    }

    /// As many clients as were asked for, and no more than that.
    pub(crate) fn clients_up_to(&self, most: usize) -> usize {
        self.clients.iter().copied().filter(|clients| *clients <= most).max().unwrap_or(most)
    }

    /// Figures measured here, on a server that says so of itself.
    pub(crate) fn figures(&self, server: &str) -> Figures {
        Figures::under(&self.conditions(server))
    }

    /// Under what it is measured here, on a server that says so of itself.
    pub(crate) fn conditions(&self, server: &str) -> Conditions {
        Conditions::of(&self.origin, server)
    }

    /// The running product, and figures of it; refused where its bookings can be forgotten, as comparisons are.
    pub(crate) async fn product(&self) -> Result<(World, Figures), Failed> {
        let world = self.world()?;
        let server = ground::durability(&world, &self.servers).await?;
        Ok((world, self.figures(&server)))
    }

    /// The running product.
    pub(crate) fn world(&self) -> Result<World, Failed> {
        World::read(&self.endpoints, "bench")
    }
}
