//! Redis: bounded, versioned, and the expiry of keys.

use std::time::{Duration, Instant};

use platform::redis::{self, Heard, Redis, RedisSettings, Telling, Versioned};
use testkit::{stack, unique_word};

/// Its own database number: notifications are told per database.
const DB: u8 = 15;

fn settings() -> RedisSettings {
    let url = format!("{}/{DB}", stack::redis_url());
    RedisSettings { timeout_ms: 2_000, ..RedisSettings::at(url).unwrap() }
}

fn connect() -> Redis {
    redis::connect(&settings()).unwrap()
}

fn versioned(version: u64, value: &str) -> Versioned {
    Versioned { version, value: value.as_bytes().to_vec() }
}

#[tokio::test]
async fn only_a_newer_version_replaces_a_value() {
    let (redis, key) = (connect(), unique_word());
    let set = [(2, "two"), (1, "one"), (2, "again"), (10, "ten")];
    let set = set.map(|(version, value)| (key.clone(), versioned(version, value)));
    assert_eq!(redis.set_if_newer(&set, 60_000).await.unwrap(), [true, false, false, true]);
    let read = redis.mget_versioned(&[key.clone(), unique_word()]).await.unwrap();
    assert_eq!(read, [Some(versioned(10, "ten")), None]);
    assert_eq!(redis.delete(&[key]).await.unwrap(), 1);
}

#[tokio::test]
async fn members_of_sorted_sets_are_told_by_their_scores_until_they_are_taken_out() {
    let (redis, [first, second, empty]) = (connect(), [(); 3].map(|()| unique_word()));
    let member = |score, name: &str| (score, name.to_owned());
    let mut telling = Telling::default();
    telling.scored(&first, &[member(2, "b"), member(1, "a"), member(1_795_000_000_000, "c")]);
    telling.scored(&second, &[member(3, "d")]);
    redis.tell(&telling).await.unwrap();
    let asked = [first.clone(), empty, second.clone()];
    let due = |until, limit| redis.scored_until(&asked, until, limit);
    assert_eq!(due(2, 9).await.unwrap(), [vec!["a", "b"], vec![], vec![]]);
    assert_eq!(due(1_795_000_000_000, 1).await.unwrap(), [vec!["a"], vec![], vec!["d"]]);
    let out = [(first, vec!["a".to_owned(), "c".to_owned()]), (second, vec!["d".to_owned()])];
    redis.remove_scored(&out.into()).await.unwrap();
    assert_eq!(due(i64::MAX, 9).await.unwrap(), [vec!["b"], vec![], vec![]]);
}

#[tokio::test]
async fn an_expired_key_of_the_prefix_is_told_also_after_the_subscription_was_cut() {
    let (redis, prefix) = (connect(), unique_word());
    let mut expired = redis.expired(&prefix).subscribed().await;
    redis.tell(&expiring(&[("other".to_owned(), 1), (format!("{prefix}/1"), 20)])).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(20), expired.next()).await.unwrap();
    assert_eq!(told, format!("{prefix}/1"));

    cut_subscriptions().await;
    // What expires while nobody listens is not told, so it expires again and again until one is.
    let mut number = 1;
    let told = loop {
        number += 1;
        redis.tell(&expiring(&[(format!("{prefix}/{number}"), 5)])).await.unwrap();
        if let Ok(key) = tokio::time::timeout(Duration::from_millis(500), expired.next()).await {
            break key;
        }
        assert!(number < 60, "the subscription did not heal");
    };
    assert!(told.starts_with(&prefix));
}

fn expiring(keys: &[(String, u64)]) -> Telling {
    let mut telling = Telling::default();
    for (key, ttl_ms) in keys {
        telling.expiring(key, *ttl_ms);
    }
    telling
}

#[tokio::test]
async fn who_listens_to_a_channel_hears_what_is_said_there_and_nothing_else() {
    let (redis, [one, other, third]) = (connect(), [(); 3].map(|()| unique_word()));
    let mut heard = redis.subscription("a test", [one.clone(), other.clone()]).subscribed().await;
    let mut telling = Telling::default();
    for (channel, says) in [(&third, "x"), (&other, "y"), (&one, "z")] {
        telling.message(channel, says);
    }
    redis.tell(&telling).await.unwrap();
    for (channel, says) in [(other, "y"), (one, "z")] {
        let told = tokio::time::timeout(Duration::from_secs(20), heard.next()).await.unwrap();
        assert_eq!(told, Heard { channel, says: says.to_owned() });
    }
}

/// Cuts the subscriptions of this test's database, and no others.
async fn cut_subscriptions() {
    let client = ::redis::Client::open(settings().url.expose()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let list: String =
        ::redis::cmd("CLIENT").arg(&["LIST", "TYPE", "pubsub"]).query_async(&mut connection).await.unwrap();
    let ours = list.lines().filter(|line| line.contains(&format!(" db={DB} ")));
    let ids: Vec<_> = ours.filter_map(|line| line.strip_prefix("id=")?.split(' ').next()).collect();
    assert!(!ids.is_empty());
    for id in ids {
        let killed: i64 =
            ::redis::cmd("CLIENT").arg(&["KILL", "ID", id]).query_async(&mut connection).await.unwrap();
        assert_eq!(killed, 1);
    }
}

#[tokio::test]
async fn a_redis_that_is_down_costs_no_more_than_the_timeout() {
    let down = RedisSettings { timeout_ms: 300, ..RedisSettings::at("redis://127.0.0.1:1").unwrap() };
    let redis = redis::connect(&down).unwrap();
    let began = Instant::now();
    assert!(redis.get("k").await.is_err());
    assert!(began.elapsed() < Duration::from_secs(2));
}
