//! Redis, which is never the truth here: every call is bounded in time, and a failure is just [`Unavailable`].

mod expired;
mod subscription;
mod telling;

use std::{collections::BTreeMap, time::Duration};

use redis::{
    Client, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use serde::Deserialize;

use crate::settings::{Secret, SettingProblems, Value, section};

pub use expired::Expired;
pub use subscription::{Heard, Subscription};
pub use telling::Telling;

/// Compares and sets in one step: only a newer version replaces what is there. 1 when it was written.
const SET_IF_NEWER: &str = "local old = redis.call('get', KEYS[1]) \
    local seen = old and tonumber(string.match(old, '^(%d+):')) \
    if seen and seen >= tonumber(ARGV[1]) then return 0 end \
    redis.call('set', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'px', ARGV[3]) \
    return 1";

/// How to reach Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct RedisSettings {
    pub url: Secret,
    pub timeout_ms: u64,
    pub connect_timeout_ms: u64,
    pub most_wait_ms: u64,
}

impl RedisSettings {
    /// The kit's section `redis` with an address: for tools and tests.
    pub fn at(url: impl Into<String>) -> Result<Self, SettingProblems> {
        section("redis", [("url", Value::String(url.into()))])
    }
}

/// Redis did not do it, or did not say so in time. Correctness never depends on it.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// Redis or the way there refused.
    #[error("Redis does not answer")]
    Failed(#[from] RedisError),
    /// No answer in time: it may have happened.
    #[error("Redis did not answer in time")]
    TimedOut,
}

/// A value with the version of what it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The version.
    pub version: u64,
    /// The value.
    pub value: Vec<u8>,
}

/// A connection that heals by itself. Cheap to clone; one connection is shared by all clones.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    connection: ConnectionManager,
    timeout: Duration,
    most_wait: Duration,
}

/// A handle that connects when it is first used: a Redis that is down never keeps a service from starting. Fails only when the
/// address does not parse. Call it inside a tokio runtime.
pub fn connect(settings: &RedisSettings) -> Result<Redis, Unavailable> {
    let info = settings.url.expose().into_connection_info()?;
    let client = Client::open(info)?;
    let timeout = Duration::from_millis(settings.timeout_ms);
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_millis(settings.connect_timeout_ms)))
        .set_response_timeout(Some(timeout))
        .set_number_of_retries(1)
        .set_max_delay(timeout);
    let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
    Ok(Redis { client, connection, timeout, most_wait: Duration::from_millis(settings.most_wait_ms) })
}

impl Redis {
    /// Tells it all of this in one round trip.
    pub async fn tell(&self, telling: &Telling) -> Result<(), Unavailable> {
        self.ask_all(&telling.0).await
    }

    /// Of each sorted set the members with a score of at most `until`, at most `limit` of them, the lowest first.
    pub async fn scored_until(
        &self,
        sets: &[String],
        until: i64,
        limit: usize,
    ) -> Result<Vec<Vec<String>>, Unavailable> {
        let mut pipeline = redis::pipe();
        for set in sets {
            let mut range = redis::cmd("ZRANGE");
            range.arg(set).arg("-inf").arg(until).arg("BYSCORE").arg("LIMIT").arg(0).arg(limit);
            pipeline.add_command(range);
        }
        self.ask_all(&pipeline).await
    }

    /// Takes members out of sorted sets: in one round trip.
    pub async fn remove_scored(&self, sets: &BTreeMap<String, Vec<String>>) -> Result<(), Unavailable> {
        let mut pipeline = redis::pipe();
        for (set, members) in sets {
            pipeline.cmd("ZREM").arg(set).arg(members).ignore();
        }
        self.ask_all(&pipeline).await
    }

    /// The value of a key.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        self.ask(redis::cmd("GET").arg(key)).await
    }

    /// The values of keys, in their order.
    pub async fn mget(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Unavailable> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(redis::cmd("MGET").arg(keys)).await
    }

    /// Sets keys, each unless it holds the same or a newer version, in one round trip; says of each whether it did. Read them
    /// with [`Redis::mget_versioned`].
    pub async fn set_if_newer(
        &self,
        new: &[(String, Versioned)],
        ttl_ms: u64,
    ) -> Result<Vec<bool>, Unavailable> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let mut commands = Pipeline::with_capacity(new.len());
        for (key, new) in new {
            let command = commands.cmd("EVAL").arg(SET_IF_NEWER).arg(1).arg(key);
            command.arg(new.version).arg(new.value.as_slice()).arg(ttl_ms.max(1));
        }
        self.ask_all(&commands).await
    }

    /// The versioned values of keys, in their order; none also for a value that [`Redis::set_if_newer`] did not write.
    pub async fn mget_versioned(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, Unavailable> {
        Ok(self.mget(keys).await?.into_iter().map(|value| versioned(&value?)).collect())
    }

    /// Deletes keys, and says how many there were.
    pub async fn delete(&self, keys: &[String]) -> Result<u64, Unavailable> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.ask(redis::cmd("DEL").arg(keys)).await
    }

    /// Asks whether Redis answers at all.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        self.ask(&redis::cmd("PING")).await
    }

    /// Keys with this prefix as they expire, as far as Redis tells: late, at most once, and not those of a time without a
    /// connection. It subscribes again whenever it has to. A hint, never the truth.
    pub fn expired(&self, prefix: impl Into<String>) -> Expired {
        let channel = Expired::channel(&self.client);
        Expired::new(self.subscription("expired keys", [channel]), prefix.into())
    }

    /// What is published on these channels, as far as Redis tells: at most once, and not what was said in a time without a
    /// connection. It subscribes again whenever it has to; the log says whether Redis tells of `what`.
    pub fn subscription(
        &self,
        what: &'static str,
        channels: impl IntoIterator<Item = String>,
    ) -> Subscription {
        let channels = channels.into_iter().collect();
        Subscription::new(self.client.clone(), (what, channels), (self.timeout, self.most_wait))
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Unavailable> {
        let mut connection = self.connection.clone();
        self.within(command.query_async(&mut connection)).await
    }

    /// Nothing to ask is nothing to wait for; the library would call it an error.
    async fn ask_all<T: FromRedisValue + Default>(&self, commands: &Pipeline) -> Result<T, Unavailable> {
        if commands.is_empty() {
            return Ok(T::default());
        }
        let mut connection = self.connection.clone();
        self.within(commands.query_async(&mut connection)).await
    }

    async fn within<T>(&self, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, Unavailable> {
        let asked = tokio::time::timeout(self.timeout, call).await;
        let answer =
            asked.map_err(|_| Unavailable::TimedOut).and_then(|answer| answer.map_err(Unavailable::from));
        if answer.is_err() {
            metrics::counter!("redis_failures_total").increment(1);
        }
        answer
    }
}

fn versioned(stored: &[u8]) -> Option<Versioned> {
    let colon = stored.iter().position(|byte| *byte == b':')?;
    let (version, value) = stored.split_at_checked(colon)?;
    let version = std::str::from_utf8(version).ok()?.parse().ok()?;
    Some(Versioned { version, value: value.get(1..)?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_value_gives_back_its_version_and_bytes() {
        assert_eq!(versioned(b"12:a:b"), Some(Versioned { version: 12, value: b"a:b".to_vec() }));
        assert_eq!(versioned(b"no version"), None);
        assert_eq!(versioned(b"x:1"), None);
    }
}
