//! What a request may look like, and what it is answered when it does not.

use platform::auth::Role;
use reqwest::{Method, StatusCode};

use crate::greetings::{Greeting, HOTEL, Site, loader, problem, token};

#[tokio::test]
async fn a_greeting_is_read_with_its_headers() {
    let site = Site::start().await;
    let call = site.get(&format!("/v1/greetings/{HOTEL}?rooms=2")).header("request-id", "my-own-id-1");
    let response = call.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["etag"], "\"3\"");
    assert_eq!(response.headers()["request-id"], "my-own-id-1");
    assert_eq!(response.json::<Greeting>().await.unwrap().text, "hello 2");
    let head = site.call(Method::HEAD, &format!("/v1/greetings/{HOTEL}")).send().await.unwrap();
    assert_eq!((head.status(), head.bytes().await.unwrap().len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn the_preferred_type_is_answered_and_an_impossible_one_is_406() {
    let site = Site::start().await;
    let path = format!("/v1/greetings/{HOTEL}");
    let page = site.get(&path).header("accept", "text/html").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let any = site.get(&path).header("accept", "*/*").send().await.unwrap();
    assert_eq!(any.headers()["content-type"], "application/json");
    let never = site.get(&path).header("accept", "image/png").send().await.unwrap();
    problem(never, 406, "not_acceptable").await;
}

#[tokio::test]
async fn an_unknown_path_is_404_and_an_unknown_method_405_with_allow() {
    let site = Site::start().await;
    for path in ["/", "/v1/nothing", "/v1/greetings/1", "/v1/greetings/%00", "/v1/greetings/..%2f..%2fetc"] {
        problem(site.get(path).send().await.unwrap(), 404, "not_found").await;
    }
    for method in [Method::DELETE, Method::TRACE, Method::OPTIONS, Method::from_bytes(b"BREW").unwrap()] {
        let response = site.call(method, &format!("/v1/greetings/{HOTEL}")).send().await.unwrap();
        assert_eq!(response.headers()["allow"], "GET, HEAD, POST, PUT");
        problem(response, 405, "method_not_allowed").await;
    }
}

#[tokio::test]
async fn a_wrong_query_names_its_parameter() {
    let site = Site::start().await;
    for (path, name) in [
        (format!("/v1/greetings/{HOTEL}?colour=red"), "colour"),
        (format!("/v1/greetings/{HOTEL}?rooms=1&rooms=2"), "rooms"),
        (format!("/v1/greetings/{HOTEL}?rooms=many"), "rooms"),
        ("/v1/trace?x=1".to_owned(), "x"),
    ] {
        let body = problem(site.get(&path).send().await.unwrap(), 422, "invalid_field").await;
        assert_eq!(body["errors"][0]["parameter"], name, "{path}");
    }
}

#[tokio::test]
async fn a_body_is_judged_by_type_form_and_shape() {
    let site = Site::start().await;
    let made = site.create("{\"lines\":[{\"quantity\":2},{\"quantity\":3}]}").send().await.unwrap();
    assert_eq!(made.status(), 201);
    assert_eq!(made.headers()["location"], format!("/v1/greetings/{HOTEL}"));
    assert_eq!(made.json::<Greeting>().await.unwrap().text, "5");
    let cases = [
        ("{\"lines\":[]", 400, "malformed_json", ""),
        ("{\"lines\":[],\"lines\":[]}", 400, "malformed_json", ""),
        ("{\"lines\":[{\"quantity\":1,\"price\":1}]}", 422, "unknown_field", "#/lines/0/price"),
        ("{\"lines\":[{\"quantity\":300}]}", 422, "invalid_field", "#/lines/0/quantity"),
        ("{}", 422, "invalid_field", "#/lines"),
    ];
    for (body, status, code, pointer) in cases {
        let refused = problem(site.create(body).send().await.unwrap(), status, code).await;
        if !pointer.is_empty() {
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
        }
    }
    let typed =
        site.call(Method::POST, &format!("/v1/greetings/{HOTEL}")).bearer_auth(token(&[Role::Manager]));
    let typed = typed.header("content-type", "text/plain").body("{}");
    problem(typed.send().await.unwrap(), 415, "unsupported_media_type").await;
}

#[tokio::test]
async fn a_packed_body_is_415_and_says_what_is_taken() {
    let site = Site::start().await;
    let packed = site.create("{\"lines\":[]}").header("content-encoding", "gzip").send().await.unwrap();
    assert_eq!(packed.headers()["accept-encoding"], "identity");
    problem(packed, 415, "unsupported_media_type").await;
    let plain = site.create("{\"lines\":[]}").header("content-encoding", "identity").send().await.unwrap();
    assert_eq!(plain.status(), 201);
}

#[tokio::test]
async fn what_is_the_same_for_everybody_may_be_kept_and_is_asked_for_again_by_its_tag() {
    let site = Site::start().await;
    let first = site.get("/v1/motto").send().await.unwrap();
    assert_eq!(first.headers()["cache-control"], "public, max-age=60");
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    for method in [Method::GET, Method::HEAD] {
        let again = site.call(method, "/v1/motto").header("if-none-match", format!("\"other\", W/{tag}"));
        let again = again.send().await.unwrap();
        assert_eq!(
            (again.status(), again.headers()["etag"].to_str().unwrap()),
            (StatusCode::NOT_MODIFIED, &*tag)
        );
        assert_eq!(again.headers()["cache-control"], "public, max-age=60");
        assert!(again.bytes().await.unwrap().is_empty());
    }
    let changed = site.get("/v1/motto").header("if-none-match", "\"other\"").send().await.unwrap();
    assert_eq!(
        (changed.status(), changed.json::<Greeting>().await.unwrap().text),
        (StatusCode::OK, "welcome".to_owned())
    );
    let private = site.get("/v1/trace").send().await.unwrap();
    assert_eq!(private.headers()["cache-control"], "no-store");
    let refused = site.get("/v1/motto?x=1").send().await.unwrap();
    assert_eq!(refused.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn headers_that_an_operation_needs_are_demanded() {
    let site = Site::start().await;
    let path = format!("/v1/greetings/{HOTEL}");
    let keyless = site.call(Method::POST, &path).bearer_auth(token(&[Role::Manager]));
    let keyless = keyless.header("content-type", "application/json").body("{}");
    let body = problem(keyless.send().await.unwrap(), 400, "idempotency_key_missing").await;
    assert_eq!(body["errors"][0]["header"], "Idempotency-Key");
    let put = || site.call(Method::PUT, &path).bearer_auth(token(&[]));
    problem(put().send().await.unwrap(), 428, "precondition_required").await;
    problem(put().header("if-match", "\"2\"").send().await.unwrap(), 412, "stale_version").await;
    problem(put().header("if-match", "2").send().await.unwrap(), 400, "malformed_header").await;
    for good in ["\"3\"", "\"2\", \"3\"", "*"] {
        assert_eq!(put().header("if-match", good).send().await.unwrap().status(), 204, "{good}");
    }
    let lines = put().header("if-match", "\"2\"").header("if-match", "\"3\"");
    assert_eq!(lines.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_panic_is_500_and_the_next_request_is_answered() {
    let site = Site::start().await;
    let body = problem(site.get("/v1/panics").send().await.unwrap(), 500, "internal").await;
    assert!(!body.to_string().contains("on purpose"));
    assert_eq!(site.get("/v1/trace").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_trace_goes_on_from_the_caller_only_where_the_settings_trust_it() {
    let site = Site::with(loader().set("kit.telemetry.trust_traceparent", true)).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let response = site.get("/v1/trace").header("traceparent", parent).send().await.unwrap();
    let ours = response.json::<Greeting>().await.unwrap().text;
    assert!(ours.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && ours != parent, "{ours}");
    let response = site.get("/v1/trace").header("traceparent", "garbage").send().await.unwrap();
    assert_eq!(response.json::<Greeting>().await.unwrap().text.len(), 55);
    let wary = Site::start().await;
    let response = wary.get("/v1/trace").header("traceparent", parent).send().await.unwrap();
    let ours = response.json::<Greeting>().await.unwrap().text;
    assert!(!ours.contains("4bf92f3577b34da6a3ce929d0e0e4736") && ours.ends_with("-00"), "{ours}");
}

#[tokio::test]
async fn browsers_of_the_configured_origins_may_call() {
    let site = Site::with(loader().set("kit.http.cors_origins", vec!["https://app.test"])).await;
    let preflight = |origin| {
        site.call(Method::OPTIONS, &format!("/v1/greetings/{HOTEL}"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
    };
    let ours = preflight("https://app.test").send().await.unwrap();
    assert_eq!(ours.headers()["access-control-allow-origin"], "https://app.test");
    let theirs = preflight("https://evil.test").send().await.unwrap();
    assert!(!theirs.headers().contains_key("access-control-allow-origin"));
    let body = problem(theirs, 400, "malformed_header").await;
    assert_eq!(body["errors"][0]["header"], "Origin");
    let method = preflight("https://app.test").header("access-control-request-headers", "x-secret");
    let body = problem(method.send().await.unwrap(), 400, "malformed_header").await;
    assert_eq!(body["errors"][0]["header"], "Access-Control-Request-Headers");
}
