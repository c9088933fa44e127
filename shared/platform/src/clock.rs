//! What time it is: for everything that is decided by time, the database's clock (domain.md, "Money, time").

use std::{
    sync::{PoisonError, RwLock},
    time::{Duration, Instant as Monotonic},
};

use async_trait::async_trait;
use chrono::{NaiveDateTime, TimeDelta, Utc};
use domain::Instant;
use sqlx::MySqlPool;
use tokio::{sync::Mutex, time::timeout};

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
    /// The database's clock without the offset.
    real: Instant,
    offset: TimeDelta,
    /// When the answer was there: a time carried on from it is late by the way back at most, and never ahead.
    read: Monotonic,
}

impl Reading {
    fn after(&self, passed: Duration) -> Option<Self> {
        let passed = TimeDelta::from_std(passed).ok()?;
        Some(Self { real: self.real.plus(passed), ..*self })
    }

    fn now(&self) -> Instant {
        self.real.plus(self.offset)
    }
}

impl DbClock {
    /// How long a reading is carried on: short enough that a moved development clock is seen at once by a person.
    pub const FRESH: Duration = Duration::from_millis(200);

    /// A database that does not answer for so long is away. All who want the time wait for one question.
    const ANSWERED_WITHIN: Duration = Duration::from_secs(3);

    /// The clock of this database, which has the table `dev_clock(offset_us)`.
    pub fn new(pool: MySqlPool) -> Self {
        Self { pool, last: RwLock::new(None), asking: Mutex::new(()) }
    }

    /// Asks the database now, as after moving the development clock.
    pub async fn refresh(&self) -> Result<Instant, ClockUnavailable> {
        Ok(self.ask().await?.now())
    }

    /// The real time by the database's clock, whatever the development offset: what came from outside is dated by it.
    pub async fn real(&self) -> Result<Instant, ClockUnavailable> {
        Ok(self.reading().await?.real)
    }

    async fn ask(&self) -> Result<Reading, ClockUnavailable> {
        let sql = "select utc_timestamp(6), coalesce((select max(offset_us) from dev_clock), 0)";
        let asked = timeout(Self::ANSWERED_WITHIN, sqlx::query_as(sql).fetch_one(&self.pool)).await;
        let (at, offset_us): (NaiveDateTime, i64) =
            asked.map_err(ClockUnavailable::new)?.map_err(ClockUnavailable::new)?;
        let (real, offset) = (Instant::from_naive_utc(at), TimeDelta::microseconds(offset_us));
        let reading = Reading { real, offset, read: Monotonic::now() };
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(reading);
        Ok(reading)
    }

    fn carried(&self) -> Option<Reading> {
        let last = (*self.last.read().unwrap_or_else(PoisonError::into_inner))?;
        let passed = last.read.elapsed();
        (passed < Self::FRESH).then(|| last.after(passed))?
    }

    async fn reading(&self) -> Result<Reading, ClockUnavailable> {
        if let Some(carried) = self.carried() {
            return Ok(carried);
        }
        let _one = self.asking.lock().await;
        match self.carried() {
            Some(carried) => Ok(carried),
            None => self.ask().await,
        }
    }
}

#[async_trait]
impl Clock for DbClock {
    async fn now(&self) -> Result<Instant, ClockUnavailable> {
        Ok(self.reading().await?.now())
    }
}
