//! A Redis database number of one's own (expiry events are per database).

use std::time::Duration;

use ::redis::{Client, Commands, Connection};
use tokio::task::JoinHandle;

use crate::{stack, unique::unique_word};

/// Database 0 holds the leases; a server has 16.
const NUMBERS: std::ops::RangeInclusive<u8> = 1..=15;

/// A lease ends by itself when its test was killed.
const LEASE_S: u64 = 60;

/// How long a test waits for a number, in tries of a quarter second each.
const TRIES: u32 = 480;

/// An empty Redis database that is this test's alone until it is dropped.
#[derive(Debug)]
pub struct Lease {
    /// `redis://host:port/number`.
    pub url: String,
    /// The database's number.
    pub number: u8,
    owner: String,
    renewal: JoinHandle<()>,
}

fn connection(url: &str) -> Connection {
    let client = Client::open(url).expect("a Redis address");
    client
        .get_connection_with_timeout(Duration::from_secs(5))
        .unwrap_or_else(|error| panic!("no Redis at {url} (cargo xtask stack up --instance test): {error}"))
}

fn key(number: u8) -> String {
    format!("vacancy:test-lease:{number}")
}

/// A lease of a database number, flushed.
pub async fn lease() -> Lease {
    let server = stack::redis_url();
    let mut leases = connection(&server);
    let owner = unique_word();
    let number = take(&mut leases, &owner).await;
    let url = format!("{}/{number}", server.trim_end_matches('/'));
    let _: () = ::redis::cmd("FLUSHDB").query(&mut connection(&url)).expect("the database can be emptied");
    Lease { url, number, renewal: tokio::spawn(renew(server, number)), owner }
}

async fn take(leases: &mut Connection, owner: &str) -> u8 {
    for _ in 0..TRIES {
        for number in NUMBERS {
            let mut set = ::redis::cmd("SET");
            set.arg(key(number)).arg(owner).arg("NX").arg("EX").arg(LEASE_S);
            let taken: Option<String> = set.query(leases).expect("SET answers");
            if taken.is_some() {
                return number;
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("all Redis databases stayed leased");
}

async fn renew(server: String, number: u8) {
    let mut leases = connection(&server);
    loop {
        tokio::time::sleep(Duration::from_secs(LEASE_S / 6)).await;
        let renewed: Result<bool, _> = leases.expire(key(number), i64::try_from(LEASE_S).unwrap_or(60));
        if renewed.is_err() {
            leases = connection(&server);
        }
    }
}

/// The value of a key, for crates that have no driver of their own.
pub fn get(connection: &mut Connection, key: &str) -> Option<String> {
    connection.get(key).expect("GET answers")
}

/// The members of a sorted set with their scores, the lowest first.
pub fn scored(connection: &mut Connection, key: &str) -> Vec<(String, i64)> {
    connection.zrange_withscores(key, 0, -1).expect("ZRANGE answers")
}

/// Sets a key.
pub fn set(connection: &mut Connection, key: &str, value: &str) {
    let _: () = connection.set(key, value).expect("SET answers");
}

impl Lease {
    /// A connection for the test itself: `redis::cmd("GET")...query(&mut lease.connect())`.
    pub fn connect(&self) -> Connection {
        connection(&self.url)
    }

    /// Empties the database, as a fault.
    pub fn flush(&self) {
        let _: () = ::redis::cmd("FLUSHDB").query(&mut self.connect()).expect("FLUSHDB answers");
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
        let mut leases = connection(&stack::redis_url());
        let holder: Option<String> = leases.get(key(self.number)).unwrap_or(None);
        if holder.as_deref() == Some(self.owner.as_str()) {
            let _: Result<(), _> = leases.del(key(self.number));
        }
    }
}
