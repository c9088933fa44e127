use crate::{
    events::{House, in_days},
    stage::{SOON, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_city_with_dates_and_a_price_range_finds_the_hotel() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    let (start, end) = (in_days(30), in_days(32));
    let query = format!(
        "q=Maldvies+paradsio&start_date={start}&end_date={end}&rooms=2&adults=4&child_ages=4,9&stars=4,5\
         &tags=beachfront,sea_view&currency=EUR&price_min=15000&price_max=15001&include=facets"
    );
    stage.eventually_finds(&query, &["Hotel Paradiso"]).await;
    let page = stage.http.get(&format!("/v1/search?{query}")).await.expect(200);
    let found = &page["items"][0];
    assert_eq!(page["did_you_mean"], "Maldives Paradiso");
    assert_eq!(page["total_estimate"], 1);
    assert_eq!(page["stale"], false);
    assert!(page["no_results_reason"].is_null() && page["next_page_token"].is_null());
    assert_eq!(page["facets"]["stars"][0], serde_json::json!({ "value": "4", "count": 1 }));
    assert_eq!(found["hotel_id"], house.hotel_id.to_string());
    assert_eq!(found["locality"]["name"], "Malé");
    assert_eq!(found["tags"], serde_json::json!(["beachfront", "sea_view"]));
    assert_eq!(found["room"]["available_quantity"], 2);
    // Halfway between 100.00 and 200.01, halves up; two units over two nights.
    assert_eq!(found["price"]["average_per_night"]["amount"], 15_001);
    assert_eq!(found["price"]["total"]["amount"], 60_004);
    assert!(found["distance_m"].is_null());
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sold_out_night_hides_the_room_and_a_cancellation_brings_it_back() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    let night = in_days(31);
    let over = format!("q=male&start_date={}&end_date={}", in_days(30), in_days(33));
    let before = format!("q=male&start_date={}&end_date={}", in_days(30), night);
    stage.eventually_finds(&over, &["Hotel Paradiso"]).await;

    stage.publish_night(&house.night_key(&night), Some(&house.night(&night, 0, 1))).await;
    stage.eventually_finds(&over, &[]).await;
    assert_eq!(stage.found(&before).await, ["Hotel Paradiso"], "the departure's night is not taken");
    let page = stage.http.get(&format!("/v1/search?{over}")).await.expect(200);
    assert_eq!(page["no_results_reason"], "sold_out");

    stage.publish_night(&house.night_key(&night), Some(&house.night(&night, 1, 2))).await;
    stage.eventually_finds(&over, &["Hotel Paradiso"]).await;
    assert!(stage.found(&format!("{over}&rooms=2")).await.is_empty());
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_that_comes_late_changes_nothing() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    let (night, marker) = (in_days(31), in_days(40));
    let over = format!("q=male&start_date={}&end_date={}", in_days(30), in_days(33));
    stage.publish_night(&house.night_key(&night), Some(&house.night(&night, 0, 5))).await;
    stage.eventually_finds(&over, &[]).await;
    for version in [4, 5] {
        stage.publish_night(&house.night_key(&night), Some(&house.night(&night, 2, version))).await;
    }
    // The same key again, so the same partition: once it is seen, those before it were handled.
    stage.publish_night(&house.night_key(&night), Some(&house.night(&night, 0, 6))).await;
    stage.publish_night(&house.night_key(&marker), Some(&house.night(&marker, 0, 1))).await;
    let at_marker = format!("q=male&start_date={marker}&end_date={}", in_days(41));
    stage.eventually_finds(&at_marker, &[]).await;
    assert!(stage.found(&over).await.is_empty());
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_goes_to_the_dead_letters_and_what_follows_is_read() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    let key = house.hotel_key();
    let mut foreign = house.hotel(1, true);
    foreign["type"] = "vacancy.rates.changed.v1".into();
    let mut broken = house.hotel(1, true);
    broken["data"]["time_zone"] = "Mars/Olympus".into();
    let other = House::new("Another").hotel(1, true);
    let garbage: [&[u8]; 5] = [
        b"not json",
        b"\xff\xfe",
        &foreign.to_string().into_bytes(),
        &broken.to_string().into_bytes(),
        &other.to_string().into_bytes(),
    ];
    for bytes in garbage {
        stage.kafka.write(&stage.hotels, &key, Some(bytes), &[]).await;
    }
    stage.kafka.write(&stage.hotels, &key, None, &[]).await;
    stage.open(&house).await;
    // The newer writer's event is none of them.
    let letters = stage.kafka.wait_for(&format!("{}.dlq", stage.hotels), 5, SOON).await;
    assert_eq!(letters.len(), 5);
    stage.strike().await;
}
