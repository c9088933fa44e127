use crate::{events::in_days, stage::Stage};

/// A query and the parameter that its refusal names.
fn table() -> Vec<(String, &'static str)> {
    let (start, end) = (in_days(30), in_days(32));
    let long = "x".repeat(201);
    let many =
        ["ab"; 13].iter().enumerate().map(|(n, word)| format!("{word}{n}")).collect::<Vec<_>>().join("+");
    let dates = |start: &str, end: &str| format!("q=rome&start_date={start}&end_date={end}");
    let rows = vec![
        // No place, two places.
        (String::new(), "q"),
        ("q=rome&locality_id=0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70".to_owned(), "locality_id"),
        ("locality_id=rome".to_owned(), "locality_id"),
        ("locality_id=../../_all".to_owned(), "locality_id"),
        // Text without a word, too long, not UTF-8, NUL and bidi alone.
        ("q=".to_owned(), "q"),
        ("q=%20%21%3F".to_owned(), "q"),
        ("q=%00%E2%80%AE".to_owned(), "q"),
        ("q=%ff%fe".to_owned(), "q"),
        (format!("q={long}"), "q"),
        (format!("q={many}"), "q"),
        // Dates: half, inverted, none, impossible, past, too long, too far.
        (format!("q=rome&start_date={start}"), "end_date"),
        (format!("q=rome&end_date={end}"), "start_date"),
        (dates(&end, &start), "end_date"),
        (dates(&start, &start), "end_date"),
        (dates("2027-02-29", "2027-03-01"), "start_date"),
        (dates("2027-13-01", "2027-13-02"), "start_date"),
        (dates("tomorrow", "2027-03-01"), "start_date"),
        (dates("2020-01-01", "2020-01-02"), "start_date"),
        (dates(&start, &in_days(61)), "end_date"),
        (dates(&in_days(542), &in_days(543)), "start_date"),
        // Numbers: zero, negative, fraction, huge, words.
        ("q=rome&rooms=0".to_owned(), "rooms"),
        ("q=rome&rooms=10".to_owned(), "rooms"),
        ("q=rome&rooms=-1".to_owned(), "rooms"),
        ("q=rome&rooms=1.5".to_owned(), "rooms"),
        ("q=rome&rooms=99999999999999999999".to_owned(), "rooms"),
        ("q=rome&adults=0".to_owned(), "adults"),
        ("q=rome&adults=two".to_owned(), "adults"),
        ("q=rome&child_ages=4,18".to_owned(), "child_ages"),
        ("q=rome&child_ages=4,-1".to_owned(), "child_ages"),
        ("q=rome&stars=6".to_owned(), "stars"),
        ("q=rome&stars=4,x".to_owned(), "stars"),
        ("q=rome&stars=4,".to_owned(), "stars"),
        ("q=rome&child_ages=4,,9".to_owned(), "child_ages"),
        ("q=rome&tags=,".to_owned(), "tags"),
        ("q=rome&start_date=2027-1-25&end_date=2027-01-26".to_owned(), "start_date"),
        ("q=rome&start_date=2027-01-25&end_date=%2B2027-01-26".to_owned(), "end_date"),
        ("q=rome&tags=Sea+View".to_owned(), "tags"),
        ("q=rome&tags=pool%22%7D%7D".to_owned(), "tags"),
        // Money: without a currency, unknown, lower case, negative, beyond 2^53, inverted.
        ("q=rome&price_min=1".to_owned(), "currency"),
        ("q=rome&sort=price".to_owned(), "currency"),
        ("q=rome&currency=XXX".to_owned(), "currency"),
        ("q=rome&currency=eur".to_owned(), "currency"),
        ("q=rome&currency=EUR&price_min=-1".to_owned(), "price_min"),
        ("q=rome&currency=EUR&price_max=9007199254740992".to_owned(), "price_max"),
        ("q=rome&currency=EUR&price_min=0.5".to_owned(), "price_min"),
        ("q=rome&currency=EUR&price_min=2&price_max=1".to_owned(), "price_max"),
        // Words of ours, pages, unknown and repeated parameters.
        ("q=rome&sort=random".to_owned(), "sort"),
        ("q=rome&sort=distance".to_owned(), "sort"),
        ("q=rome&include=secrets".to_owned(), "include"),
        ("q=rome&page_size=0".to_owned(), "page_size"),
        ("q=rome&page_size=-5".to_owned(), "page_size"),
        ("q=rome&page_size=ten".to_owned(), "page_size"),
        ("q=rome&colour=red".to_owned(), "colour"),
        ("q=rome&q=paris".to_owned(), "q"),
    ];
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_by_the_name_of_its_parameter() {
    let stage = Stage::set().await;
    for (query, parameter) in table() {
        let problem =
            stage.http.get(&format!("/v1/search?{query}")).await.expect_problem(422, "invalid_field");
        let names: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|one| one["parameter"].clone()).collect();
        assert!(names.contains(&parameter.into()), "{query}: {names:?}");
    }
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_is_named_at_once() {
    let stage = Stage::set().await;
    let reply = stage.http.get("/v1/search?rooms=0&stars=9&page_size=0&sort=price").await;
    let errors = reply.expect_problem(422, "invalid_field")["errors"].clone();
    let mut names: Vec<String> =
        errors.as_array().unwrap().iter().map(|one| one["parameter"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["currency", "page_size", "q", "rooms", "stars"]);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_text_is_a_search_that_finds_nothing() {
    let stage = Stage::set().await;
    for text in [
        "%27+OR+1%3D1+--",
        "%22%7D%7D%2C%22script%22%3A%7B%22source%22%3A%22x%22%7D",
        "rome+AND+visible:false+*%3F",
        "..%2F..%2F_cluster%2Fsettings",
        "%7B%7B7*7%7D%7D",
        "a%0D%0ASet-Cookie:+x",
        "r%CE%BFme+%F0%9F%8F%A8",
        "e%CC%81%CC%81%CC%81%CC%81cole",
        "%E6%9D%B1%E4%BA%AC",
    ] {
        let reply = stage.http.get(&format!("/v1/search?q={text}")).await;
        assert_eq!(reply.expect(200)["no_results_reason"], "no_match", "{text}");
        assert!(reply.header("set-cookie").is_none());
    }
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn huge_pages_are_cut_and_tokens_of_others_are_refused() {
    let stage = Stage::set().await;
    stage.http.get("/v1/search?q=rome&page_size=9223372036854775807").await.expect(200);
    for token in ["x", "%00", "eyJmIjpbXSwicCI6MX0", "../../etc/passwd", &"A".repeat(4_000)] {
        let reply = stage.http.get(&format!("/v1/search?q=rome&page_token={token}")).await;
        reply.expect_problem(400, "invalid_page_token");
    }
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_paths_are_refused() {
    let stage = Stage::set().await;
    let reply = stage.http.call(reqwest::Method::DELETE, "/v1/search").send().await;
    reply.expect_problem(405, "method_not_allowed");
    assert!(reply.header("allow").unwrap().contains("GET"));
    stage.http.get("/v1/search/hotels").await.expect_problem(404, "not_found");
    stage.http.get("/v1/search/hotels/%2e%2e%2f_all").await.expect_problem(404, "not_found");
    stage.strike().await;
}
