use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn own_hotels_are_listed_page_by_page_each_once() {
    let stage = Stage::new().await;
    let mut made = BTreeSet::new();
    for _ in 0..5 {
        made.insert(stage.hotel().await.1["hotel_id"].as_str().unwrap().to_owned());
    }
    stage.other_manager.post("/v1/hotels", &stage.hotel_body()).await.expect(201);
    let (mut seen, mut path) = (Vec::new(), "/v1/hotels?page_size=2".to_owned());
    loop {
        let page = stage.manager.get(&path).await.expect(200);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|hotel| hotel["hotel_id"].as_str().unwrap().to_owned()),
        );
        let Some(token) = page["next_page_token"].as_str() else { break };
        path = format!("/v1/hotels?page_size=2&page_token={token}");
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_cut_to_a_hundred_and_a_token_belongs_to_its_list() {
    let stage = Stage::new().await;
    let (one, _) = stage.hotel().await;
    let (two, _) = stage.hotel().await;
    for _ in 0..2 {
        stage.room(&one).await;
    }
    stage.manager.get("/v1/hotels?page_size=1000").await.expect(200);
    for wrong in
        ["page_size=0", "page_size=-1", "page_size=x", "page_size=1.5", "nope=1", "page_size=1&page_size=2"]
    {
        stage.manager.get(&format!("/v1/hotels?{wrong}")).await.expect_problem(422, "invalid_field");
    }
    let page = stage.manager.get(&format!("{one}/rooms?page_size=1")).await.expect(200);
    let token = page["next_page_token"].as_str().unwrap();
    stage.manager.get(&format!("{one}/rooms?page_token={token}")).await.expect(200);
    for elsewhere in [format!("{two}/rooms"), "/v1/hotels".to_owned()] {
        let reply = stage.manager.get(&format!("{elsewhere}?page_token={token}")).await;
        reply.expect_problem(400, "invalid_page_token");
    }
    stage.manager.get("/v1/hotels?page_token=garbage").await.expect_problem(400, "invalid_page_token");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_finds_localities_by_folded_prefix() {
    let stage = Stage::new().await;
    let names = async |query: &str| -> Vec<Value> {
        let page = stage.anybody.get(&format!("/v1/localities?{query}")).await.expect(200);
        page["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
    };
    assert_eq!(names("q=R%C3%93m").await, [json!("Rome")]);
    assert_eq!(names("q=rom&country_code=IT").await, [json!("Rome")]);
    assert!(names("q=rom&country_code=FR").await.is_empty());
    assert!(names("q=ome").await.is_empty());
    for wrong in ["country_code=it", "q=%25", "country_code=ZZ", "q=%FF"] {
        let reply = stage.anybody.get(&format!("/v1/localities?{wrong}")).await;
        let problem = reply.expect_problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["parameter"], wrong.split('=').next().unwrap());
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_lists_the_facilities() {
    let stage = Stage::new().await;
    let facilities = stage.anybody.get("/v1/facilities").await.expect(200);
    assert_eq!(facilities["next_page_token"], json!(null), "all of them stand on one page");
    let sea_view =
        facilities["items"].as_array().unwrap().iter().find(|facility| facility["code"] == "sea_view");
    assert_eq!(sea_view, Some(&json!({"code": "sea_view", "name": "Sea view", "applies_to": "room"})));
    stage.end().await;
}
