//! Mistakes on purpose, for tests that must find them. Without the feature `planted_faults` none can be made.

#[cfg(feature = "planted_faults")]
use std::{
    cell::Cell,
    sync::{PoisonError, RwLock},
};

/// A mistake that can only be made inside the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// No is said because of a room that is only remembered.
    RefusalFromMemory,
    /// A room stays in memory as a batch left it that was never written, and counts as read.
    MemoryKept,
    /// Nobody waits behind a work of its batch that waits.
    Overtaking,
    /// A second payment is answered and left alone.
    SecondCaptureIgnored,
}

#[cfg(feature = "planted_faults")]
thread_local! {
    static MADE_HERE: Cell<Option<Mistake>> = const { Cell::new(None) };
}
#[cfg(feature = "planted_faults")]
static MADE_EVERYWHERE: RwLock<Option<Mistake>> = RwLock::new(None);

/// From now on this thread makes the mistake, or none: simulations run side by side.
#[cfg(feature = "planted_faults")]
pub fn plant(mistake: Option<Mistake>) {
    MADE_HERE.set(mistake);
}

/// From now on every thread of the process makes the mistake, or none but its own: a service's work moves between threads.
#[cfg(feature = "planted_faults")]
pub fn plant_everywhere(mistake: Option<Mistake>) {
    *MADE_EVERYWHERE.write().unwrap_or_else(PoisonError::into_inner) = mistake;
}

/// Whether it is made on this thread.
#[cfg(feature = "planted_faults")]
pub(crate) fn makes(mistake: Mistake) -> bool {
    let everywhere = || *MADE_EVERYWHERE.read().unwrap_or_else(PoisonError::into_inner);
    MADE_HERE.get() == Some(mistake) || everywhere() == Some(mistake)
}

/// Whether it is made: never.
#[cfg(not(feature = "planted_faults"))]
pub(crate) const fn makes(_: Mistake) -> bool {
    false
}
