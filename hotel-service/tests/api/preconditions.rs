use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::stage::{Stage, room_body};

#[tokio::test(flavor = "multi_thread")]
async fn every_update_needs_the_version_it_was_decided_on() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let (room, _) = stage.room(&hotel).await;
    let before = stage.rows().await;
    for (path, body) in [(&hotel, stage.hotel_body()), (&room, room_body())] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let call = || {
                let call = stage.manager.call(method.clone(), path);
                if method == Method::DELETE { call } else { call.json(&body) }
            };
            call().send().await.expect_problem(428, "precondition_required");
            for stale in ["\"2\"", "W/\"1\"", "\"abc\""] {
                call().header("if-match", stale).send().await.expect_problem(412, "stale_version");
            }
            call().header("if-match", "1").send().await.expect_problem(400, "malformed_header");
        }
    }
    assert_eq!(stage.rows().await, before);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_updates_of_one_version_one_wins() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let patches: Vec<_> = (0..10).map(|number| json!({"name": format!("Hotel {number}")})).collect();
    let replies = join_all(patches.iter().map(|patch| stage.manager.patch(&hotel, "\"1\"", patch))).await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 412)), "{statuses:?}");
    assert_eq!(stage.manager.get(&hotel).await.etag(), "\"2\"");
    stage.end().await;
}
