//! What is the same for everybody may be kept for a minute; nothing else may.

use reqwest::Method;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn facilities_and_localities_may_be_kept_for_a_minute() {
    let stage = Stage::new().await;
    for path in ["/v1/facilities", "/v1/localities?q=rom", "/v1/localities?q=nowhere"] {
        let first = stage.anybody.get(path).await;
        first.expect(200);
        let known = first.etag();
        let ask = |caller: &testkit::http::Http, tag: &str| {
            caller.call(Method::GET, path).header("if-none-match", tag).send()
        };
        for caller in [&stage.anybody, &stage.manager] {
            let again = ask(caller, &known).await;
            assert_eq!(
                (again.status, again.body.as_slice(), again.etag()),
                (304, &[][..], known.clone()),
                "{path}"
            );
            assert_eq!(again.header("cache-control"), Some("public, max-age=60"), "{path}");
        }
        assert_eq!(ask(&stage.anybody, "\"another\"").await.status, 200, "{path}");
        assert_eq!(first.header("cache-control"), Some("public, max-age=60"), "{path}");
    }
    let tag = async |path: &str| stage.anybody.get(path).await.etag();
    assert_ne!(tag("/v1/localities?q=rom").await, tag("/v1/localities?q=nowhere").await);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_managers_own_and_what_is_refused_is_never_kept() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    for path in [hotel.as_str(), "/v1/hotels", "/v1/localities?q=%25", "/v1/nothing"] {
        let reply = stage.manager.get(path).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
    }
    stage.end().await;
}
