//! One row that cannot be read is left out of lists, and hides none of the others.

use serde_json::{Value, json};

use crate::stage::Stage;

/// Every item of a list by this member, page by page; the pages may be shorter than asked for.
async fn walk(stage: &Stage, path: &str, size: u32, member: &str) -> Vec<Value> {
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = stage.manager.get(&format!("{path}?page_size={size}{token}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= usize::try_from(size).unwrap());
        seen.extend(items.iter().map(|item| item[member].clone()));
        let Some(next) = page["next_page_token"].as_str() else { return seen };
        token = format!("&page_token={next}");
    }
}

async fn breaks(stage: &Stage, sql: &str) {
    let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(&stage.database.pool).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{sql}");
}

fn hex(id: &Value) -> String {
    format!("x'{}'", id.as_str().unwrap().replace('-', ""))
}

/// In the order of ids, every second one is broken, in turn in one and in another column.
async fn breaks_every_second(
    stage: &Stage,
    table: &str,
    id: &str,
    ids: &[Value],
    with: [&str; 2],
) -> Vec<Value> {
    let mut sound = Vec::new();
    for (place, broken) in ids.iter().enumerate() {
        if place % 2 == 1 {
            let how = with[place / 2 % 2];
            breaks(stage, &format!("update {table} set {how} where {id} = {}", hex(broken))).await;
        } else {
            sound.push(broken.clone());
        }
    }
    sound
}

#[tokio::test(flavor = "multi_thread")]
async fn hotels_and_rooms_that_cannot_be_read_are_left_out_page_by_page() {
    let stage = Stage::new().await;
    let (mut hotels, mut rooms) = (Vec::new(), Vec::new());
    let (path, body) = stage.hotel().await;
    for _ in 0..4 {
        hotels.push(stage.hotel().await.1["hotel_id"].clone());
        rooms.push(stage.room(&path).await.1["room_id"].clone());
    }
    for ids in [&mut hotels, &mut rooms] {
        ids.sort_by_key(|id| id.as_str().unwrap().to_owned());
    }
    let with = ["time_zone = 'Mars/Base'", "contact_email = 'nobody'"];
    let mut sound = breaks_every_second(&stage, "hotels", "hotel_id", &hotels, with).await;
    sound.push(body["hotel_id"].clone());
    sound.sort_by_key(|id| id.as_str().unwrap().to_owned());
    for size in [1, 2, 100] {
        assert_eq!(walk(&stage, "/v1/hotels", size, "hotel_id").await, sound, "hotels by {size}");
    }
    let with = ["currency = 'ZZZ'", "display_name = ''"];
    let sound = breaks_every_second(&stage, "rooms", "room_id", &rooms, with).await;
    for size in [1, 2, 100] {
        assert_eq!(walk(&stage, &format!("{path}/rooms"), size, "room_id").await, sound, "rooms by {size}");
    }
    let figures = stage.anybody.get("/metrics").await.text();
    for table in ["hotels", "rooms"] {
        assert!(figures.contains(&format!("corrupt_rows_total{{table=\"{table}\"}}")), "{figures}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_a_problem_to_who_asks_for_it_alone() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let (room, _) = stage.room(&hotel).await;
    breaks(&stage, "update rooms set currency = 'ZZZ'").await;
    stage.manager.get(&room).await.expect_problem(500, "internal");
    stage.manager.get(&hotel).await.expect(200);
    breaks(&stage, "update hotels set time_zone = 'Mars/Base'").await;
    stage.manager.get(&hotel).await.expect_problem(500, "internal");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_entries_that_cannot_be_read_are_left_out_page_by_page() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    for version in 1..=5 {
        let patch = json!({"name": format!("Hotel {version}")});
        stage.manager.patch(&hotel, &format!("\"{version}\""), &patch).await.expect(200);
    }
    breaks(&stage, "update audit_log set action = 'hotel.blessed' where version = 5").await;
    breaks(&stage, "update audit_log set changes = 'x' where version = 2").await;
    for size in [1, 2, 100] {
        let versions = walk(&stage, &format!("{hotel}/audit"), size, "version").await;
        assert_eq!(versions, [6, 4, 3, 1].map(Value::from), "by {size}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locality_or_facility_that_cannot_be_read_hides_none_of_the_others() {
    let stage = Stage::new().await;
    let insert = "insert into localities (locality_id, name, folded_name, country_code, latitude, longitude, time_zone, \
                  population, names, version, created_at, updated_at) \
                  select uuid_to_bin(uuid()), 'Romeo', 'romeo', '--', 0, 0, 'Europe/Rome', 9000000, names, 1, now(6), now(6) \
                  from localities";
    breaks(&stage, insert).await;
    for size in [1, 100] {
        assert_eq!(walk(&stage, "/v1/localities", size, "name").await, ["Rome"], "by {size}");
    }
    let all = stage.anybody.get("/v1/facilities").await.expect(200)["items"].as_array().unwrap().len();
    // The leased database keeps its facilities: what an earlier run left goes, and ours in the end.
    let pool = stage.database.pool.clone();
    let clean = async || {
        for table in ["hotel_facilities", "facilities"] {
            let sql = format!("delete from {table} where code = 'NO CODE'");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
        }
    };
    clean().await;
    let insert = "insert into facilities (code, name, applies_to, version, created_at, updated_at) \
                  values ('NO CODE', 'Nothing', 'both', 1, now(6), now(6))";
    breaks(&stage, insert).await;
    let left = stage.anybody.get("/v1/facilities").await.expect(200);
    assert_eq!(left["items"].as_array().unwrap().len(), all);
    // Nor does a hotel that has it: the driver itself cannot read such a row.
    let (tagged, _) = stage.hotel().await;
    breaks(&stage, "insert into hotel_facilities select hotel_id, 'NO CODE', now(6) from hotels").await;
    let (_, sound) = stage.hotel().await;
    assert_eq!(walk(&stage, "/v1/hotels", 1, "hotel_id").await, [sound["hotel_id"].clone()]);
    stage.manager.get(&tagged).await.expect_problem(500, "internal");
    clean().await;
    stage.end().await;
}
