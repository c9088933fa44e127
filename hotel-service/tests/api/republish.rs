use std::time::Duration;

use ::domain::{HotelId, RoomId};
use hotel_service::republish::{Again, Republisher};
use serde_json::json;
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

    let republisher = Republisher::new(pool.clone(), 1 << 19, ALL).topic(&stage.topic);
    let told =
        tokio::spawn(async move { republisher.hotels(HotelId::from_uuid(Uuid::nil())).await.unwrap() });
    eventually_equals(Duration::from_secs(20), true, || async {
        let sessions = stage.database.sessions().await;
        let locks = |text: &str| text.starts_with("select hotel_id") && text.ends_with("for update");
        told.is_finished() || sessions.iter().any(|session| locks(&session.statement()))
    })
    .await;
    change.commit().await.unwrap();

    assert_eq!(told.await.unwrap().count, 1);
    let sql = "select e.version, e.payload from outbox o, json_table(convert(o.entries using utf8mb4), '$[*].record' \
               columns (record_key varchar(128) path '$.key', version bigint path '$.version', \
               payload varchar(4000) path '$.payload.data.name')) e where e.record_key = ? order by o.outbox_id desc limit 1";
    let key = hotel.replace("/v1/hotels/", "hotel/");
    let (version, payload): (i64, String) = sqlx::query_as(sql).bind(key).fetch_one(&pool).await.unwrap();
    assert!(version == 2 && payload == "Newer", "version {version}: {payload}");
    stage.end().await;
}

/// Broken rows, one that is too large and sound ones: the sound are told, the others named.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_told_is_passed_by_and_named() {
    let stage = Stage::new().await;
    let mut hotels = Vec::new();
    for _ in 0..5 {
        hotels.push(stage.hotel().await.0.replace("/v1/hotels/", ""));
    }
    hotels.sort();
    let pool = &stage.database.pool;
    let set = async |what: &str, hotel: &str| {
        let sql = format!("update hotels set {what} where hotel_id = uuid_to_bin('{hotel}')");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap();
    };
    set("time_zone = 'Mars/Base'", &hotels[0]).await;
    set("contact_email = 'nobody'", &hotels[1]).await;
    set("description = repeat('x', 5000)", &hotels[3]).await;
    sqlx::query("delete from outbox").execute(pool).await.unwrap();
    let republisher =
        Republisher::new(pool.clone(), 3_000, Again { page: 2, raise_by: 9, ..ALL }).topic("nobody's");
    let (mut after, mut count, mut passed_by) = (Some(HotelId::from_uuid(Uuid::nil())), 0, Vec::new());
    while let Some(behind) = after {
        let page = republisher.hotels(behind).await.unwrap();
        (after, count) = (page.next, count + page.count);
        passed_by.extend(page.passed_by.into_iter().map(|passed| passed.row));
    }
    let named = [0, 1, 3].map(|place: usize| format!("hotels {}", hotels[place]));
    assert_eq!((count, passed_by), (2, named.to_vec()));
    let sql = "select version, count(*) from hotels group by version order by version";
    let versions: Vec<(i64, i64)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    assert_eq!(versions, [(1, 3), (10, 2)], "what is not told is not raised");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_a_command_raises_stands_in_the_audit_with_the_command() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    stage.room(&hotel).await;
    let all = Again { raise_by: 7, ..ALL };
    let republisher = Republisher::new(stage.database.pool.clone(), 1 << 19, all).topic(&stage.topic);
    republisher.hotels(HotelId::from_uuid(Uuid::nil())).await.unwrap();
    republisher.rooms(RoomId::from_uuid(Uuid::nil())).await.unwrap();
    let audit = stage.manager.get(&format!("{hotel}/audit?page_size=2")).await.expect(200);
    let command =
        json!({"kind": "operator", "user_id": null, "subject": "vacancy admin republish --raise-version"});
    for (entry, action) in
        audit["items"].as_array().unwrap().iter().zip(["room.republished", "hotel.republished"])
    {
        assert_eq!((&entry["action"], &entry["version"]), (&json!(action), &json!(8)));
        assert_eq!(entry["changes"], json!([{"pointer": "/version", "before": 1, "after": 8}]));
        assert_eq!(entry["actor"], command);
    }
    let shown = stage.manager.get(&hotel).await;
    assert_eq!((shown.header("etag"), &shown.expect(200)["version"]), (Some("\"8\""), &json!(8)));
    // Told again without being raised: nothing changed, so nobody changed it.
    let again = Republisher::new(stage.database.pool.clone(), 1 << 19, ALL).topic(&stage.topic);
    again.hotels(HotelId::from_uuid(Uuid::nil())).await.unwrap();
    assert_eq!(stage.rows().await[2], 4);
    stage.end().await;
}
