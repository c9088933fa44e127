//! Tables emptied, and filled with copies of the models.

use chrono::NaiveDate;
use e2e::failed::Failed;
use sqlx::{AssertSqlSafe, MySqlPool};

use crate::{scene::Scene, told::OrFailed as _};

/// As many rows are copied by one statement.
const NUMBERS: u32 = 1 << 16;
/// Whose the bookings are that only fill the table.
const FILLER: &str = "x'00000000000000000000000000000000'";

/// The tables that the product begins with empty: they are emptied before each round.
pub(super) async fn emptied(pool: &MySqlPool) -> Result<Vec<String>, Failed> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select convert(table_name using utf8mb4) from information_schema.tables where table_schema = database()",
    )
    .fetch_all(pool)
    .await
    .or_failed()?;
    let mut empty = Vec::new();
    for table in tables {
        let sql = format!("select not exists (select 1 from `{table}`)");
        let is_empty: bool = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.or_failed()?;
        empty.extend(is_empty.then_some(table));
    }
    Ok(empty)
}

/// A table of the numbers from 0 on.
pub(super) async fn numbers(pool: &MySqlPool) -> Result<(), Failed> {
    run(pool, "create table numbers (i int unsigned not null primary key)".to_owned()).await?;
    run(pool, "insert into numbers values (0)".to_owned()).await?;
    let mut made = 1_u32;
    while made < NUMBERS {
        run(pool, format!("insert into numbers select i + {made} from numbers")).await?;
        made = made.saturating_mul(2);
    }
    Ok(())
}

/// Empties all, and puts the scene's hotels, rooms and nights there. Ids are new ones each time.
pub(super) async fn set(
    pool: &MySqlPool,
    tables: &[String],
    scene: &Scene,
    first: NaiveDate,
) -> Result<(), Failed> {
    let keeps = scene.filled > 0 && filler(pool).await? >= scene.filled;
    for table in tables.iter().filter(|table| !(keeps && *table == "bookings")) {
        run(pool, format!("truncate table `{table}`")).await?;
    }
    if !keeps {
        fill(pool, scene.filled).await?;
    }
    let salt: u64 = rand::random();
    let id =
        |kind: &str, number: &str| format!("left(unhex(sha2(concat('{salt} {kind} ', {number}), 256)), 16)");
    let hotel = id("hotel", &format!("n.i div {}", scene.rooms_per_hotel));
    let hotels = scene.rooms.div_ceil(scene.rooms_per_hotel);
    copy(pool, "hotels_seen", &[("hotel_id", &id("hotel", "n.i"))], (0, hotels)).await?;
    let quantity = scene.units.min(100_000).to_string();
    let own = [("room_id", id("room", "n.i")), ("hotel_id", hotel), ("quantity", quantity)];
    let own: Vec<(&str, &str)> = own.iter().map(|(name, sql)| (*name, sql.as_str())).collect();
    copy(pool, "room_stock", &own, (0, scene.rooms)).await?;
    run(pool, nights(scene, first)).await?;
    // Statistics of an empty table would mislead whoever reads a full one.
    run(pool, "analyze table available_rooms, room_stock, bookings".to_owned()).await
}

fn nights(scene: &Scene, first: NaiveDate) -> String {
    format!(
        "insert into available_rooms (room_id, date, hotel_id, initial_quantity, available_quantity, version, created_at, \
         updated_at) select s.room_id, date_add('{first}', interval n.i day), s.hotel_id, {0}, {0}, 1, utc_timestamp(6), utc_timestamp(6) \
         from room_stock s join numbers n on n.i < {1}",
        scene.units, scene.nights
    )
}

async fn filler(pool: &MySqlPool) -> Result<u32, Failed> {
    let sql = format!("select count(*) from bookings where hotel_id = {FILLER}");
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.or_failed()?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// So many bookings of another hotel. Random ids, as keys are: each finds its page in another place.
async fn fill(pool: &MySqlPool, rows: u32) -> Result<(), Failed> {
    let random = "left(unhex(sha2(concat(rand(), n.i, 'a'), 256)), 16)";
    let scope = "unhex(sha2(concat(rand(), n.i, 'b'), 256))";
    let own = [
        // In the order of time, as ids of bookings are.
        (
            "booking_id",
            "concat(unhex(lpad(hex(n.i), 16, '0')), left(unhex(sha2(concat(rand(), n.i), 256)), 8))",
        ),
        ("hotel_id", FILLER),
        ("user_id", random),
        ("payment_id", random),
        ("idempotency_scope", scope),
    ];
    for from in (0..rows).step_by(usize::try_from(NUMBERS).unwrap_or(1)) {
        copy(pool, "bookings", &own, (from, NUMBERS.min(rows - from))).await?;
    }
    Ok(())
}

/// Copies a model so many times, its own columns by these expressions of `n.i`.
async fn copy(
    pool: &MySqlPool,
    table: &str,
    own: &[(&str, &str)],
    (from, count): (u32, u32),
) -> Result<(), Failed> {
    let columns: Vec<String> = sqlx::query_scalar(
        "select convert(column_name using utf8mb4) from information_schema.columns \
         where table_schema = database() and table_name = ? and generation_expression = '' order by ordinal_position",
    )
    .bind(table)
    .fetch_all(pool)
    .await
    .or_failed()?;
    let value = |column: &String| {
        let own = own.iter().find(|(name, _)| name == column).map(|(_, sql)| (*sql).to_owned());
        own.unwrap_or_else(|| format!("m.{column}"))
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    let sql = format!(
        "insert into {table} ({}) select {} from model_{table} m join (select i + {from} as i from numbers where i < {count}) n",
        columns.join(", "),
        values.join(", ")
    );
    run(pool, sql).await
}

async fn run(pool: &MySqlPool, sql: String) -> Result<(), Failed> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.or_failed().map(drop)
}
