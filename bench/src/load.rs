//! Clients: so many who each wait for their answer, or so many orders a second whoever waits.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use e2e::failed::Failed;
use tokio::task::JoinSet;

use crate::{
    figures::micros,
    orders::Orders,
    told::OrFailed as _,
    way::{Sale, Way},
};

/// Between two handfuls of paced orders.
const PACE: Duration = Duration::from_millis(2);

/// What clients counted.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// How long each acknowledged booking took.
    pub(crate) booked_us: Vec<u64>,
    /// And each refusal.
    pub(crate) refused_us: Vec<u64>,
    /// How often somebody was told to come again.
    pub(crate) later: u64,
    /// Orders without an answer: they may have been carried out.
    pub(crate) failed: u64,
    pub(crate) failure: Option<String>,
    /// From the first order to the last answer.
    pub(crate) took: Duration,
}

impl Count {
    /// Bookings acknowledged.
    pub(crate) fn booked(&self) -> u64 {
        u64::try_from(self.booked_us.len()).unwrap_or(u64::MAX)
    }

    /// Bookings acknowledged per second. A refusal is none.
    pub(crate) fn rate(&self) -> u64 {
        per_second(self.booked(), self.took)
    }

    /// Refusals per second.
    pub(crate) fn refusals(&self) -> u64 {
        per_second(u64::try_from(self.refused_us.len()).unwrap_or(u64::MAX), self.took)
    }

    fn note(&mut self, sale: Result<Sale, Failed>, took: Duration) {
        match sale {
            Ok(Sale::Booked) => self.booked_us.push(micros(took)),
            Ok(Sale::SoldOut) => self.refused_us.push(micros(took)),
            Ok(Sale::Later) => self.later += 1,
            Err(failed) => {
                self.failed += 1;
                self.failure.get_or_insert(failed.to_string());
            }
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.booked_us.extend(other.booked_us);
        self.refused_us.extend(other.refused_us);
        self.later += other.later;
        self.failed += other.failed;
        self.failure = self.failure.or(other.failure);
        self
    }
}

fn per_second(count: u64, took: Duration) -> u64 {
    u128::from(count)
        .saturating_mul(1_000_000)
        .checked_div(took.as_micros())
        .and_then(|rate| u64::try_from(rate).ok())
        .unwrap_or(0)
}

/// So many clients, one order each at a time, until the end or the last order.
pub(crate) async fn closed(
    way: &Arc<dyn Way>,
    orders: &Arc<Orders>,
    clients: usize,
    longest: Duration,
) -> Result<Count, Failed> {
    let began = Instant::now();
    let end = began + longest;
    let mut tasks: JoinSet<Count> = (0..clients).map(|_| client(way.clone(), orders.clone(), end)).collect();
    let mut sum = Count::default();
    while let Some(one) = tasks.join_next().await {
        sum = sum.and(one.or_failed()?);
    }
    sum.took = began.elapsed();
    Ok(sum)
}

async fn client(way: Arc<dyn Way>, orders: Arc<Orders>, end: Instant) -> Count {
    let mut count = Count::default();
    while Instant::now() < end
        && let Some(order) = orders.next()
    {
        let began = Instant::now();
        loop {
            let sale = way.sell(&order).await;
            let later = matches!(sale, Ok(Sale::Later));
            count.note(sale, began.elapsed());
            if !later || Instant::now() >= end {
                break;
            }
            tokio::time::sleep(way.again()).await;
        }
    }
    count
}

/// So many orders a second, each timed from when it was due: whoever comes behind a slow answer is not left out.
pub(crate) async fn paced(
    way: &Arc<dyn Way>,
    orders: &Arc<Orders>,
    per_second: u64,
    long: Duration,
) -> Result<Count, Failed> {
    let (began, mut sent, mut tasks) = (Instant::now(), 0_u64, JoinSet::new());
    let mut ticks = tokio::time::interval(PACE);
    while began.elapsed() < long {
        ticks.tick().await;
        let due = micros(began.elapsed()).saturating_mul(per_second) / 1_000_000;
        while sent < due
            && let Some(order) = orders.next()
        {
            let at = began + Duration::from_micros(sent.saturating_mul(1_000_000) / per_second.max(1));
            let way = way.clone();
            tasks.spawn(async move { (way.sell(&order).await, at.elapsed()) });
            sent += 1;
        }
    }
    let mut count = Count::default();
    while let Some(done) = tasks.join_next().await {
        let (sale, took) = done.or_failed()?;
        count.note(sale, took);
    }
    count.took = began.elapsed();
    Ok(count)
}
