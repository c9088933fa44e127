use serde_json::{Value, json};
use testkit::{Token, unique_uuid};
use uuid::Uuid;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_who_changed_what_the_newest_first() {
    let stage = Stage::new().await;
    let (hotel, body) = stage.hotel().await;
    let (room, room_body) = stage.room(&hotel).await;
    stage.operator.patch(&hotel, "\"1\"", &json!({"address": {"line1": "Via Roma 2"}})).await.expect(200);
    stage.manager.delete(&room, "\"1\"").await.expect(204);
    let page = stage.manager.get(&format!("{hotel}/audit")).await.expect(200);
    let entries: Vec<&Value> = page["items"].as_array().unwrap().iter().collect();
    let actions: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["room.deactivated", "hotel.changed", "room.created", "hotel.created"]);
    let [off_sale, moved, _, made] = entries[..] else { panic!("four entries") };
    assert_eq!(off_sale["changes"], json!([{"pointer": "/is_active", "before": true, "after": false}]));
    assert_eq!((&off_sale["room_id"], &off_sale["version"]), (&room_body["room_id"], &json!(2)));
    assert_eq!(
        moved["changes"],
        json!([{"pointer": "/address/line1", "before": "Via Roma 1", "after": "Via Roma 2"}])
    );
    let actor = |kind: &str, id: Uuid| json!({"kind": kind, "user_id": id, "subject": id.to_string()});
    assert_eq!(made["actor"], actor("manager", stage.manager_id));
    assert_eq!(moved["actor"], actor("operator", stage.operator_id));
    assert_eq!((&made["room_id"], &made["version"]), (&json!(null), &json!(1)));
    assert_eq!(made["changes"][0]["after"]["name"], body["name"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_of_one_account_are_told_apart_by_the_name_their_issuer_knows() {
    let stage = Stage::new().await;
    let account = unique_uuid();
    let of = |subject| stage.anybody.as_caller(Token::of(&["manager"], subject).account(account).sign());
    let (ada, bob) = (of("auth0|ada"), of("auth0|bob"));
    let made = ada.post("/v1/hotels", &stage.hotel_body()).await;
    let hotel = made.header("location").unwrap();
    bob.delete(hotel, "\"1\"").await.expect(204);
    let audit = ada.get(&format!("{hotel}/audit")).await.expect(200);
    let who: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["actor"]).collect();
    let told: Vec<_> = who.iter().map(|actor| (&actor["kind"], &actor["subject"])).collect();
    let manager = json!("manager");
    assert_eq!(told, [(&manager, &json!("auth0|bob")), (&manager, &json!("auth0|ada"))]);
    assert_ne!(who[0]["user_id"], who[1]["user_id"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_read_page_by_page() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    for version in 1..=4 {
        let patch = json!({"name": format!("Hotel {version}")});
        stage.manager.patch(&hotel, &format!("\"{version}\""), &patch).await.expect(200);
    }
    let first = stage.manager.get(&format!("{hotel}/audit?page_size=3")).await.expect(200);
    let token = first["next_page_token"].as_str().unwrap();
    let second =
        stage.manager.get(&format!("{hotel}/audit?page_size=3&page_token={token}")).await.expect(200);
    let versions: Vec<i64> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|entry| entry["version"].as_i64().unwrap())
        .collect();
    assert_eq!((versions, &second["next_page_token"]), (vec![5, 4, 3, 2, 1], &json!(null)));
    stage.end().await;
}
