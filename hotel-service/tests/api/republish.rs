use std::time::Duration;

use ::domain::HotelId;
use hotel_service::republish::{Again, Republisher};
use sqlx::MySqlPool;
use testkit::wait::eventually_equals;
use uuid::Uuid;

use crate::stage::Stage;

const ALL: Again = Again { only: None, page: 100, raise_by: 0 };

/// In the log the last record of a key is its last word: an older version behind a newer one would come back with a rebuild.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_again_never_stands_behind_a_change_that_was_under_way() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let pool = stage.database.pool.clone();
    let mut change = pool.begin().await.unwrap();
    sqlx::query("update hotels set version = 2, name = 'Newer'").execute(&mut *change).await.unwrap();

    let republisher = Republisher::new(pool.clone(), ALL).topic(&stage.topic);
    let told =
        tokio::spawn(async move { republisher.hotels(HotelId::from_uuid(Uuid::nil())).await.unwrap() });
    eventually_equals(Duration::from_secs(20), true, || async {
        told.is_finished() || is_waiting(&pool, &stage.database.database).await
    })
    .await;
    change.commit().await.unwrap();

    assert_eq!(told.await.unwrap().len(), 1);
    let sql = "select version, cast(payload as char) from outbox where event_key = ? order by outbox_id desc limit 1";
    let key = hotel.replace("/v1/hotels/", "hotel/");
    let (version, payload): (i64, String) = sqlx::query_as(sql).bind(key).fetch_one(&pool).await.unwrap();
    assert!(version == 2 && payload.contains("Newer"), "version {version}: {payload}");
    stage.end().await;
}

async fn is_waiting(pool: &MySqlPool, database: &str) -> bool {
    let sql = "select count(*) from information_schema.processlist where db = ? and info like 'select hotel_id%for update'";
    let waiting: i64 = sqlx::query_scalar(sql).bind(database).fetch_one(pool).await.unwrap();
    waiting > 0
}
