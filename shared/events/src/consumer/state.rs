use std::sync::Arc;

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    caught_up: bool,
    stale: bool,
}

/// What others may know of a consumer while it runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ConsumerState(Arc<watch::Sender<Seen>>);

impl Default for ConsumerState {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Seen::default())))
    }
}

impl ConsumerState {
    /// Whether it stopped after too many refusals: what it feeds is no longer kept up to date.
    pub fn stale(&self) -> bool {
        self.0.borrow().stale
    }

    /// Whether it has handled everything there was when it reached the end of each partition, at least once since it
    /// started. Meaningful when the process is alone in its group, as a rebuild is.
    pub fn caught_up(&self) -> bool {
        self.0.borrow().caught_up
    }

    pub(super) fn set_caught_up(&self, caught_up: bool) {
        self.0.send_if_modified(|seen| std::mem::replace(&mut seen.caught_up, caught_up) != caught_up);
    }

    pub(super) fn set_stale(&self) {
        self.0.send_if_modified(|seen| !std::mem::replace(&mut seen.stale, true));
    }
}
