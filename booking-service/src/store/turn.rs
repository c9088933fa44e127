//! The order in which the batches of one shard are committed: the one behind writes beside the first, but its nights and its
//! COMMIT come after the first one's.

use tokio::sync::watch;

use super::Deadline;

/// How far a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    /// It is being written.
    Begun,
    /// Its nights are moved.
    Nights,
    /// It is committed.
    Committed,
}

/// The batch before was not committed, so nothing that rests on it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the batch before was not committed")]
pub struct TakenBack;

/// A plan's place among the others of its shard. Dropped without being committed, it takes back the one behind it.
#[derive(Debug)]
pub struct Turn {
    before: Option<watch::Receiver<Reached>>,
    this: watch::Sender<Reached>,
    until: Deadline,
}

impl Turn {
    /// For a plan that waits for no other and may be committed until then.
    pub fn alone(until: Deadline) -> Self {
        Self { before: None, this: watch::Sender::new(Reached::Begun), until }
    }

    /// For a plan that rests on this one.
    #[must_use]
    pub fn behind(&self, until: Deadline) -> Self {
        Self { before: Some(self.this.subscribe()), this: watch::Sender::new(Reached::Begun), until }
    }

    /// Until when it may be committed.
    pub(super) const fn until(&self) -> Deadline {
        self.until
    }

    /// Whether it waits for no other.
    pub(super) const fn is_alone(&self) -> bool {
        self.before.is_none()
    }

    /// Waits until the nights of the one before are moved.
    pub(super) async fn for_nights(&self) -> Result<(), TakenBack> {
        self.wait(Reached::Nights).await
    }

    /// Waits until the one before is committed.
    pub(super) async fn for_commit(&self) -> Result<(), TakenBack> {
        self.wait(Reached::Committed).await
    }

    /// Its nights are moved.
    pub(super) fn has_nights(&self) {
        self.this.send_replace(Reached::Nights);
    }

    /// It is committed.
    pub(super) fn is_committed(&self) {
        self.this.send_replace(Reached::Committed);
    }

    async fn wait(&self, what: Reached) -> Result<(), TakenBack> {
        let Some(before) = &self.before else { return Ok(()) };
        // The channel closes where the one before is dropped; what it reached last still stands.
        let reached = before.clone().wait_for(|reached| *reached >= what).await.map(drop);
        reached.map_err(|_| TakenBack)
    }
}
