use domain::booking::BookingRecord;
use platform::redis::RedisSettings;
use records::{BodyCache, Head, Position};

fn head(record: &BookingRecord) -> Head {
    Head { position: Position::of(record), version: record.version }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_used_only_in_the_version_that_mysql_says() {
    let lease = testkit::redis::lease().await;
    let redis = platform::redis::connect(&RedisSettings::at(&lease.url).unwrap()).unwrap();
    let cache = BodyCache::new(redis, 60_000);
    let first = testkit::booking::record();
    let second = BookingRecord { version: 2, ..first.clone() };
    cache.write([&second]).await;
    cache.write([&first, &testkit::booking::record()]).await;
    assert!(cache.read(&[head(&first)]).await.is_empty(), "an older body overwrote a newer one");
    let found = cache.read(&[head(&second), head(&testkit::booking::record())]).await;
    assert_eq!(found.get(&second.booking_id), Some(&second));
    assert_eq!(found.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_there_are_simply_no_bodies() {
    let redis = platform::redis::connect(&RedisSettings::at("redis://127.0.0.1:1/0").unwrap()).unwrap();
    let cache = BodyCache::new(redis, 60_000);
    let record = testkit::booking::record();
    cache.write([&record]).await;
    assert!(cache.read(&[head(&record)]).await.is_empty());
}
