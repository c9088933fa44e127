//! The wish to stop, handed to everything that runs on its own.

use tokio_util::sync::CancellationToken;

/// Tells whether the process is to stop. Clones are told together.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everyone who holds a clone to finish.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Whether it was asked.
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns when it is asked.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// A part of this one: told whenever this one is, and it can be told without it.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }

    /// Runs `future` until it ends or the stop is asked for: then `None`.
    pub async fn unless_requested<F: Future>(&self, future: F) -> Option<F::Output> {
        self.0.run_until_cancelled(future).await
    }
}
