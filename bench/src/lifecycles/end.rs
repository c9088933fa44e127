//! When all lifecycles are whole, as the stores say: numbered, published, read by every group, mailed to both.

use std::time::Duration;

use e2e::{
    failed::Failed,
    wait::{Seen, until},
    world::World,
};
use indicatif::ProgressBar;
use platform::mysql::{self, MySqlSettings};
use sqlx::MySqlPool;

use crate::{lag::Lags, told::OrFailed as _};

/// A backlog may have grown.
const PATIENCE: Duration = Duration::from_mins(20);
/// To the traveller and to the hotel.
const MAILS: u64 = 2;

pub(super) struct Stores {
    pub(super) lags: Lags,
    notification: MySqlPool,
}

/// What there is.
pub(super) struct Ends {
    numbered: u64,
    mailed: u64,
}

impl Stores {
    pub(super) async fn of(world: &World) -> Result<Self, Failed> {
        let settings = MySqlSettings::at(world.server("mysql_notification_url")?.to_owned()).or_failed()?;
        let stores = Self { lags: Lags::of(world)?, notification: mysql::connect(&settings).or_failed()? };
        stores.ends().await?;
        Ok(stores)
    }

    pub(super) async fn ends(&self) -> Result<Ends, Failed> {
        let count = async |pool: &MySqlPool, sql: &'static str| {
            sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await.or_failed().map(i64::unsigned_abs)
        };
        Ok(Ends {
            numbered: count(&self.lags.booking, "select count(*) from invoices where number is not null")
                .await?,
            mailed: count(&self.notification, "select count(*) from mails where status = 'sent'").await?,
        })
    }

    /// Waits until so many more are whole.
    pub(super) async fn whole(&self, before: &Ends, more: u64, bar: &ProgressBar) -> Result<(), Failed> {
        until("all lifecycles are whole", PATIENCE, || async {
            let now = self.ends().await?;
            let (numbered, mailed) = (now.numbered - before.numbered, now.mailed - before.mailed);
            let lag = self.lags.look().await?.sum();
            let done = numbered >= more && mailed >= more * MAILS && lag == 0;
            let seen = format!("of {more}: {numbered} numbered, {mailed} mails, {lag} records unread");
            bar.set_message(seen.clone());
            Ok(Seen::when(done, || seen))
        })
        .await
    }
}
