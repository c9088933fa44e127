//! Mistakes on purpose, for tests that must find them. Without the feature `planted_faults` none can be made.

/// A mistake that can only be made inside the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// No is said because of a room that is only remembered.
    RefusalFromMemory,
    /// A room stays in memory as a batch left it that was never written.
    MemoryKept,
}

#[cfg(feature = "planted_faults")]
thread_local! {
    static MADE: std::cell::Cell<Option<Mistake>> = const { std::cell::Cell::new(None) };
}

/// From now on this thread makes the mistake, or none.
#[cfg(feature = "planted_faults")]
pub fn plant(mistake: Option<Mistake>) {
    MADE.set(mistake);
}

/// Whether this thread makes it.
#[cfg(feature = "planted_faults")]
pub(crate) fn makes(mistake: Mistake) -> bool {
    MADE.get() == Some(mistake)
}

/// Whether it is made: never.
#[cfg(not(feature = "planted_faults"))]
pub(crate) const fn makes(_: Mistake) -> bool {
    false
}
