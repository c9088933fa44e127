//! The leases of shares, on the database's own clock, so that no process's clock matters.

use std::collections::BTreeSet;

use delivery::Living;
use sqlx::MySqlPool;

use crate::shares::ShareSet;

/// Says that this copy lives and runs jobs, for so long.
pub async fn join(pool: &MySqlPool, owner: &str, lease_us: u64) -> Result<(), sqlx::Error> {
    let sql = "insert into job_copies (owner, joined_at, alive_until) \
               values (?, now(6), now(6) + interval ? microsecond) \
               on duplicate key update alive_until = now(6) + interval ? microsecond";
    let query = sqlx::query(sql).bind(owner.to_owned()).bind(lease_us).bind(lease_us);
    super::touched(query, pool).await.map(drop)
}

/// The copies that live, in the order in which they came.
pub async fn living(pool: &MySqlPool) -> Result<Vec<Living<String>>, sqlx::Error> {
    let sql = "select owner from job_copies where alive_until > now(6) order by joined_at, owner";
    let owners: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await?;
    Ok(owners.into_iter().map(|owner| Living { owner, parted: BTreeSet::new() }).collect())
}

/// Takes and renews these shares as far as nobody else holds them, and gives all others back.
pub async fn hold(pool: &MySqlPool, owner: &str, shares: ShareSet, lease_us: u64) -> Result<(), sqlx::Error> {
    let sql = "update job_shares set owner = if(? >> share & 1, ?, null), \
               lease_until = if(? >> share & 1, now(6) + interval ? microsecond, null) \
               where owner = ? or (? >> share & 1 and (owner is null or lease_until < now(6)))";
    let bits = shares.bits();
    let query = sqlx::query(sql).bind(bits).bind(owner.to_owned()).bind(bits).bind(lease_us);
    super::touched(query.bind(owner.to_owned()).bind(bits), pool).await.map(drop)
}

/// The shares that are this copy's.
pub async fn held(pool: &MySqlPool, owner: &str) -> Result<ShareSet, sqlx::Error> {
    let sql = "select share from job_shares where owner = ?";
    let shares: Vec<u8> = sqlx::query_scalar(sql).bind(owner).fetch_all(pool).await?;
    Ok(shares.into_iter().collect())
}

/// Takes back what [`join`] and [`hold`] said, and forgets copies that died long ago.
pub async fn leave(pool: &MySqlPool, owner: &str) -> Result<(), sqlx::Error> {
    hold(pool, owner, ShareSet::NONE, 0).await?;
    let sql = "delete from job_copies where owner = ? or alive_until < now(6) - interval 1 day";
    super::touched(sqlx::query(sql).bind(owner.to_owned()), pool).await.map(drop)
}
