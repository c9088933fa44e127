//! A clock that stands until it is moved.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::Instant;
use platform::clock::{Clock, ClockUnavailable};

/// A clock that stands until it is moved; clones show the same time.
#[derive(Debug, Clone)]
pub struct FakeClock {
    micros: Arc<AtomicI64>,
}

impl FakeClock {
    /// Stands at an RFC 3339 instant such as `2026-05-03T12:00:00Z`.
    pub fn at(instant: &str) -> Self {
        let at: Instant = instant.parse().expect("an RFC 3339 instant");
        Self { micros: Arc::new(AtomicI64::new(at.epoch_micros())) }
    }

    /// Stands at this machine's now.
    pub fn from_now() -> Self {
        let now = platform::clock::SystemClock.read();
        Self { micros: Arc::new(AtomicI64::new(now.epoch_micros())) }
    }

    /// What it shows.
    pub fn shows(&self) -> Instant {
        Instant::from_epoch_micros(self.micros.load(Ordering::SeqCst)).expect("within the calendar")
    }

    /// Moves it forward.
    pub fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().expect("within the calendar");
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets it.
    pub fn set(&self, to: Instant) {
        self.micros.store(to.epoch_micros(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for FakeClock {
    async fn now(&self) -> Result<Instant, ClockUnavailable> {
        Ok(self.shows())
    }
}
