//! The statements of the relay. Leases run on the database's clock, so no process's clock matters.

use std::collections::{BTreeMap, BTreeSet};

use delivery::{LANES, Living};
use platform::mysql;
use sqlx::{FromRow, MySql, MySqlPool, QueryBuilder};

/// An unpublished row. Without its entries it is one for the next time.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct OutboxRow {
    pub(crate) outbox_id: u64,
    pub(crate) entries: Option<Vec<u8>>,
}

/// How much is read of a lane at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portion {
    /// So many entries at most.
    pub(crate) records: u32,
    /// In rows of so many bytes at most.
    pub(crate) bytes: u64,
}

/// An entry that cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) outbox_id: u64,
    /// Where it stands in the row, from 0.
    pub(crate) place: u32,
    pub(crate) entry: Vec<u8>,
    pub(crate) why: &'static str,
}

/// So many rows of a lane are looked at for those that are read.
pub(crate) const LOOKED_AT: usize = 1_000;

/// Makes sure that the rows of all lanes exist.
pub(crate) async fn ensure_lanes(pool: &MySqlPool) -> Result<(), sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new("insert ignore into outbox_lanes (lane) ");
    sql.push_values(0..LANES, |mut row, lane| {
        row.push_bind(lane);
    });
    sql.build().execute(pool).await?;
    Ok(())
}

/// Says that this owner lives and reaches the log, for so long.
pub(crate) async fn join(pool: &MySqlPool, owner: &str, lease_ms: u64) -> Result<(), sqlx::Error> {
    let sql = "insert into outbox_relays (owner, joined_at, alive_until) \
               values (?, now(6), now(6) + interval ? microsecond) \
               on duplicate key update alive_until = now(6) + interval ? microsecond";
    let lease = lease_ms.saturating_mul(1_000);
    sqlx::query(sql).bind(owner).bind(lease).bind(lease).execute(pool).await?;
    Ok(())
}

/// Takes back what [`join`] said, and forgets owners that died long ago.
pub(crate) async fn leave(pool: &MySqlPool, owner: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from outbox_relays where owner = ? or alive_until < now(6) - interval 1 day")
        .bind(owner)
        .execute(pool)
        .await?;
    Ok(())
}

/// Leaves the lane to other owners for so long, and forgets who left one before and may be back.
pub(crate) async fn part_with(
    pool: &MySqlPool,
    lane: u8,
    owner: &str,
    away_ms: u64,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from outbox_parted where back_at < now(6)").execute(pool).await?;
    let sql = "replace into outbox_parted (lane, owner, back_at) \
               values (?, ?, now(6) + interval ? microsecond)";
    sqlx::query(sql).bind(lane).bind(owner).bind(away_ms.saturating_mul(1_000)).execute(pool).await?;
    Ok(())
}

/// Who lives, in the order in which they came, and which lanes have rows that wait.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Overview {
    pub(crate) living: Vec<Living<String>>,
    pub(crate) waiting: Vec<u8>,
}

/// One statement for all lanes: it is asked again and again while nothing happens. An owner alone lives, a lane alone waits, and
/// both together have parted; the lanes come before the owners.
pub(crate) async fn overview(pool: &MySqlPool) -> Result<Overview, sqlx::Error> {
    let sql = "select owner, cast(null as signed) as lane, timestampdiff(microsecond, '2000-01-01', joined_at) as came \
               from outbox_relays where alive_until > now(6) \
               union all select owner, cast(lane as signed), null from outbox_parted where back_at > now(6) \
               union all select null, cast(l.lane as signed), null from outbox_lanes l where exists \
               (select 1 from outbox o where o.lane = l.lane and o.published_at is null) order by came, owner";
    let rows: Vec<(Option<String>, Option<i64>, Option<i64>)> = sqlx::query_as(sql).fetch_all(pool).await?;
    let (mut seen, mut parted) = (Overview::default(), BTreeMap::<String, BTreeSet<u8>>::new());
    for (owner, lane, _) in rows {
        match (owner, lane.and_then(|lane| u8::try_from(lane).ok())) {
            (Some(owner), Some(lane)) => {
                parted.entry(owner).or_default().insert(lane);
            }
            (Some(owner), None) => {
                let parted = parted.remove(&owner).unwrap_or_default();
                seen.living.push(Living { owner, parted });
            }
            (None, lane) => seen.waiting.extend(lane),
        }
    }
    Ok(seen)
}

/// Takes the lease when it is free, run out, or our own. The low-water mark when it is ours now.
pub(crate) async fn take_lease(
    pool: &MySqlPool,
    lane: u8,
    owner: &str,
    lease_ms: u64,
) -> Result<Option<u64>, sqlx::Error> {
    let sql = "update outbox_lanes set owner = ?, lease_until = now(6) + interval ? microsecond \
               where lane = ? and (owner is null or owner = ? or lease_until is null or lease_until < now(6))";
    let taken = sqlx::query(sql)
        .bind(owner)
        .bind(lease_ms.saturating_mul(1_000))
        .bind(lane)
        .bind(owner)
        .execute(pool)
        .await?;
    if taken.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query_scalar("select published_below from outbox_lanes where lane = ? and owner = ?")
        .bind(lane)
        .bind(owner)
        .fetch_optional(pool)
        .await
}

/// Extends a lease that nobody else has taken, also one that ran out, and keeps the low-water mark.
pub(crate) async fn renew_lease(
    pool: &MySqlPool,
    lane: u8,
    owner: &str,
    lease_ms: u64,
    low_water: u64,
) -> Result<bool, sqlx::Error> {
    let sql = "update outbox_lanes set lease_until = now(6) + interval ? microsecond, \
               published_below = greatest(published_below, ?) \
               where lane = ? and owner = ?";
    let renewed = sqlx::query(sql)
        .bind(lease_ms.saturating_mul(1_000))
        .bind(low_water)
        .bind(lane)
        .bind(owner)
        .execute(pool)
        .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives the lease back if it is still ours.
pub(crate) async fn release_lease(pool: &MySqlPool, lane: u8, owner: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update outbox_lanes set owner = null, lease_until = null where lane = ? and owner = ?")
        .bind(lane)
        .bind(owner)
        .execute(pool)
        .await?;
    Ok(())
}

/// The first unpublished rows of the lane from an id on: as many of them with their entries as the portion holds, one at least.
/// How large they are an index tells, before any is read.
pub(crate) async fn read(
    pool: &MySqlPool,
    lane: u8,
    from: u64,
    portion: Portion,
) -> Result<Vec<OutboxRow>, sqlx::Error> {
    let sql = "select f.outbox_id, o.entries from \
               (select outbox_id, row_number() over w as place, sum(records) over w as records, sum(bytes) over w as bytes \
               from (select outbox_id, records, bytes from outbox where lane = ? and published_at is null \
               and outbox_id >= ? order by outbox_id limit ?) waiting \
               window w as (order by outbox_id rows unbounded preceding)) f \
               left join outbox o on o.outbox_id = f.outbox_id and (f.place = 1 or (f.records <= ? and f.bytes <= ?)) \
               order by f.outbox_id";
    sqlx::query_as(sql)
        .bind(lane)
        .bind(from)
        .bind(u64::try_from(LOOKED_AT).unwrap_or(u64::MAX))
        .bind(portion.records)
        .bind(portion.bytes)
        .fetch_all(pool)
        .await
}

/// Keeps what cannot be told, for an operator; what is kept already stays, and so does what another relay has told meanwhile.
/// Says how many are new.
pub(crate) async fn keep_broken(pool: &MySqlPool, lane: u8, broken: &[Broken]) -> Result<u64, sqlx::Error> {
    let (mut new, mut tx) = (0_u64, pool.begin().await?);
    for Broken { outbox_id, place, entry, why } in broken {
        let sql = "insert ignore into outbox_broken (outbox_id, place, lane, entry, why, found_at) \
                   select outbox_id, ?, ?, ?, ?, now(6) from outbox where outbox_id = ? and published_at is null";
        let kept = sqlx::query(sql).bind(place).bind(lane).bind(entry).bind(*why).bind(outbox_id);
        new = new.saturating_add(kept.execute(&mut *tx).await?.rows_affected());
    }
    tx.commit().await?;
    Ok(new)
}

/// Marks rows as published. Doing it twice does no harm.
pub(crate) async fn mark(pool: &MySqlPool, ids: &[u64]) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::<MySql>::new("update outbox set published_at = now(6) where outbox_id in ");
    mysql::push_list(&mut sql, mysql::padded(ids));
    sql.push(" and published_at is null");
    sql.build().execute(pool).await?;
    Ok(())
}

/// Deletes at most `chunk` rows of the lane published longer ago than the retention, and says how many.
pub(crate) async fn purge(
    pool: &MySqlPool,
    lane: u8,
    retention_s: u64,
    chunk: u64,
) -> Result<u64, sqlx::Error> {
    let sql = "delete from outbox where lane = ? and published_at < now(6) - interval ? second \
               order by published_at limit ?";
    Ok(sqlx::query(sql).bind(lane).bind(retention_s).bind(chunk).execute(pool).await?.rows_affected())
}

/// Seconds the oldest unpublished row of the lane has waited; 0 when none waits.
pub(crate) async fn oldest_s(pool: &MySqlPool, lane: u8) -> Result<i64, sqlx::Error> {
    let sql = "select coalesce(timestampdiff(second, (select created_at from outbox where lane = ? \
               and published_at is null order by outbox_id limit 1), now(6)), 0)";
    sqlx::query_scalar(sql).bind(lane).fetch_one(pool).await
}
