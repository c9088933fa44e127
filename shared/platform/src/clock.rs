//! What time it is: for everything that is decided by time, the database's clock (domain.md, "Money, time").

use std::{
    sync::{PoisonError, RwLock},
    time::{Duration, Instant as Monotonic},
};

use async_trait::async_trait;
use chrono::{NaiveDateTime, TimeDelta, Utc};
use domain::Instant;
use sqlx::MySqlPool;
use tokio::sync::Mutex;

use crate::causes::BoxError;

/// Tells the time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    async fn now(&self) -> Result<Instant, ClockUnavailable>;
}

/// The clock could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the clock could not be read")]
pub struct ClockUnavailable(#[source] BoxError);

impl ClockUnavailable {
    /// With its cause.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}

/// This process's own clock: for log lines, leases' waits and token expiry, never for holds or quotes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// Now, by this machine.
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    pub fn read(self) -> Instant {
        Instant::from_utc(Utc::now())
    }
}

#[async_trait]
impl Clock for SystemClock {
    async fn now(&self) -> Result<Instant, ClockUnavailable> {
        Ok(self.read())
    }
}

/// The booking database's clock plus the development offset in `dev_clock`.
///
/// It is asked at most once per [`DbClock::FRESH`]; in between the answer goes on with the monotonic clock, so that a
/// hot path pays no round trip and several processes still agree to within that time.
pub struct DbClock {
    pool: MySqlPool,
    last: RwLock<Option<Reading>>,
    asking: Mutex<()>,
}

#[derive(Clone, Copy)]
struct Reading {
    at: Instant,
    read: Monotonic,
}

impl DbClock {
    /// How long a reading is carried on: short enough that a moved development clock is seen at once by a person.
    pub const FRESH: Duration = Duration::from_millis(200);

    /// The clock of this database, which has the table `dev_clock(offset_us)`.
    pub fn new(pool: MySqlPool) -> Self {
        Self { pool, last: RwLock::new(None), asking: Mutex::new(()) }
    }

    /// Asks the database now, as after moving the development clock.
    pub async fn refresh(&self) -> Result<Instant, ClockUnavailable> {
        let read = Monotonic::now();
        let sql = "select timestampadd(microsecond, coalesce((select max(offset_us) from dev_clock), 0), \
                   utc_timestamp(6))";
        let at: NaiveDateTime =
            sqlx::query_scalar(sql).fetch_one(&self.pool).await.map_err(ClockUnavailable::new)?;
        let at = Instant::from_naive_utc(at);
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(Reading { at, read });
        Ok(at)
    }

    fn carried(&self) -> Option<Instant> {
        let last = (*self.last.read().unwrap_or_else(PoisonError::into_inner))?;
        let passed = last.read.elapsed();
        let passed = (passed < Self::FRESH).then_some(passed)?;
        TimeDelta::from_std(passed).ok().map(|passed| last.at.plus(passed))
    }
}

#[async_trait]
impl Clock for DbClock {
    async fn now(&self) -> Result<Instant, ClockUnavailable> {
        if let Some(at) = self.carried() {
            return Ok(at);
        }
        let _one = self.asking.lock().await;
        match self.carried() {
            Some(at) => Ok(at),
            None => self.refresh().await,
        }
    }
}
