//! What is left of each night, in Redis: one script looks and takes. A night without a number (NULL) has no limit.

use std::{collections::BTreeMap, time::Duration};

use chrono::{Days, NaiveDate};
use domain::RoomId;
use e2e::failed::Failed;
use platform::mysql::{Packet, Text};
use redis::{
    Client,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use sqlx::{MySqlConnection, MySqlPool};
use uuid::Uuid;

use crate::{ground::Ground, order::Order, told::OrFailed as _};

/// Longer than thousands of clients make each other wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nights written by one statement.
const CHUNK: usize = 1_000;

/// A night of a room.
pub(super) type At = (RoomId, NaiveDate);

/// The connection, and the scripts that it has loaded. Cheap to clone.
#[derive(Clone)]
pub(super) struct Quotas {
    connection: ConnectionManager,
}

impl Quotas {
    /// What MySQL says now becomes what Redis says.
    pub(super) async fn load(ground: &Ground) -> Result<Self, Failed> {
        let mut connection = connect(&ground.redis_url).await?;
        let nights: Vec<(Uuid, NaiveDate, u32)> =
            sqlx::query_as("select room_id, date, available_quantity from available_rooms")
                .fetch_all(&ground.pool)
                .await
                .or_failed()?;
        for chunk in nights.chunks(CHUNK) {
            let mut pipe = redis::pipe();
            for (room, date, left) in chunk {
                pipe.set(key((RoomId::from_uuid(*room), *date)), *left).ignore();
            }
            pipe.exec_async(&mut connection).await.or_failed()?;
        }
        Ok(Self { connection })
    }

    /// A connection for one call.
    pub(super) fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }

    /// Loads a script; answers its name.
    pub(super) async fn script(&self, lua: &str) -> Result<String, Failed> {
        let mut command = redis::cmd("SCRIPT");
        command.arg("LOAD").arg(lua).query_async(&mut self.connection()).await.or_failed()
    }

    /// Calls a script on the nights of an order.
    pub(super) async fn call(&self, script: &str, order: &Order, argument: &[u8]) -> Result<i64, Failed> {
        let keys: Vec<String> = nights(order).map(key).collect();
        let mut command = redis::cmd("EVALSHA");
        command.arg(script).arg(keys.len()).arg(keys).arg(argument);
        command.query_async(&mut self.connection()).await.or_failed()
    }

    /// Writes what is left of these nights into MySQL.
    pub(super) async fn sync(&self, pool: &MySqlPool, nights: &[At]) -> Result<(), Failed> {
        for chunk in nights.chunks(CHUNK) {
            let keys: Vec<String> = chunk.iter().copied().map(key).collect();
            let left: Vec<Option<u32>> =
                redis::cmd("MGET").arg(keys).query_async(&mut self.connection()).await.or_failed()?;
            let known = chunk.iter().zip(left).filter_map(|(at, left)| Some((*at, left?)));
            let mut conn = pool.acquire().await.or_failed()?;
            set(&mut conn, "v.number", known.collect()).await?;
        }
        Ok(())
    }
}

/// A connection that shares its socket with all its clones.
pub(super) async fn connect(url: &str) -> Result<ConnectionManager, Failed> {
    let config = ConnectionManagerConfig::new().set_response_timeout(Some(PATIENCE));
    let client = Client::open(url).or_failed()?;
    ConnectionManager::new_with_config(client, config).await.or_failed()
}

/// The nights of an order.
pub(super) fn nights(order: &Order) -> impl Iterator<Item = At> {
    let (room, first) = (order.room.room_id, order.first);
    let day = move |after| first.checked_add_days(Days::new(after));
    (0..u64::from(order.nights)).filter_map(day).map(move |date| (room, date))
}

/// What stands behind a night's name in Redis.
pub(super) fn key((room, date): At) -> String {
    format!("quota/{room}/{date}")
}

/// Sets what is left of nights, in their order, to an expression of `v.number` and `n.available_quantity`.
pub(super) async fn set(
    conn: &mut MySqlConnection,
    left: &'static str,
    nights: BTreeMap<At, u32>,
) -> Result<(), Failed> {
    if nights.is_empty() {
        return Ok(());
    }
    let mut sql = Text::new("update (values ");
    sql.separated(nights, |sql, ((room, date), number)| {
        sql.push("row").row(&[&room.uuid(), &date, &number]);
    });
    sql.push(") as v (room_id, date, number) straight_join available_rooms n on n.room_id = v.room_id and n.date = v.date ");
    sql.push("set n.available_quantity = ").push(left);
    sql.push(", n.version = n.version + 1, n.updated_at = utc_timestamp(6)");
    let mut packet = Packet::default();
    packet.add(&sql);
    packet.run(conn).await.or_failed().map(drop)
}
