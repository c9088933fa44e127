use serde_json::json;

use crate::stage::{DECLINED, GOOD, Session, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_amount_and_expiry_in_a_labelled_form() {
    let (stage, session) = (Stage::new().await, Session::new());
    let page = stage.browser.get(&session.link()).await;
    assert_eq!(page.status, 200);
    for needed in [
        "240.00 EUR",
        "<form method=\"post\">",
        "<label for=\"card_number\">",
        "<time datetime=",
        "lang=\"en\"",
    ] {
        assert!(page.text().contains(needed), "{needed} is not in {page}");
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(stage.payment(&session).await["status"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_card_is_captured_and_told_with_a_valid_signature() {
    let (stage, session) = (Stage::new().await, Session::new());
    let page = stage.pay(&session, GOOD).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<h1>Paid</h1>"), "{page}");
    let payment = stage.payment(&session).await;
    assert_eq!(payment["status"], "captured");
    assert_eq!(payment["amount"], json!({"amount": 24_000, "currency": "EUR"}));
    let call = stage.merchant.wait_for(1).await.remove(0);
    assert!(call.is_signed() && call.age_s().abs() < 60);
    let trace = platform::trace::TraceContext::parse(&call.headers["traceparent"]);
    assert!(trace.is_some(), "the trace of the payment goes on at the merchant: {:?}", call.headers);
    let told = call.json();
    assert_eq!(told["type"], "payment.succeeded");
    assert_eq!(told["data"]["payment_id"], session.payment_id);
    assert_eq!(told["data"]["booking_id"], session.booking_id);
    assert_eq!(told["data"]["amount"], payment["amount"]);
    assert_eq!(told["data"]["provider_reference"], payment["provider_reference"]);
    // Paying again captures nothing more.
    assert_eq!(stage.pay(&session, GOOD).await.status, 200);
    assert_eq!(stage.payment(&session).await, payment);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_lets_the_traveller_try_another() {
    let (stage, session) = (Stage::new().await, Session::returning_to("https://shop.example/back?a=1"));
    let page = stage.pay(&session, DECLINED).await;
    assert_eq!(page.status, 402);
    assert!(page.text().contains("role=\"alert\"") && page.text().contains("<form"), "{page}");
    assert_eq!(stage.payment(&session).await["status"], "open");
    let moved = stage.pay(&session, GOOD).await;
    assert_eq!(moved.status, 303);
    let expected = format!("https://shop.example/back?a=1&booking_id={}&outcome=paid", session.booking_id);
    assert_eq!(moved.header("location"), Some(expected.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_cards_are_refused_and_never_shown_again() {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.browser.get(&session.link()).await;
    for card in ["5555555555554444", "hello", "", "<script>alert(1)</script>", "{{ 7*7 }}"] {
        let page = stage.pay(&session, card).await;
        assert_eq!(page.status, 422, "{card}");
        assert!(page.text().contains("role=\"alert\""), "{page}");
        assert!(card.is_empty() || !page.text().contains(card), "{page}");
    }
    assert_eq!(stage.payment(&session).await["status"], "open");
    let unknown_field =
        stage.browser.call(reqwest::Method::POST, &session.link()).form(&[("amount", "1")]).send().await;
    unknown_field.expect_problem(422, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_changed_is_refused_and_leaves_nothing() {
    let (stage, session) = (Stage::new().await, Session::new());
    let link = session.link();
    for changed in [
        link.replace("amount=24000", "amount=1"),
        link.replace("sig=", "sig=0"),
        link.replace("currency=EUR", "currency=USD"),
        format!("{link}&return_url=https%3A%2F%2Fevil.example"),
        link.replace(&session.payment_id, "not-an-id"),
        link.split_once('?').unwrap().0.to_owned(),
    ] {
        let page = stage.browser.get(&changed).await;
        assert_eq!(page.status, 403, "{changed}");
        assert!(page.text().contains("not valid"));
        let paid =
            stage.browser.call(reqwest::Method::POST, &changed).form(&[("card_number", GOOD)]).send().await;
        assert_eq!(paid.status, 403, "{changed}");
    }
    assert_eq!(stage.payment(&session).await["status"], "unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_unpaid_by_itself_and_the_merchant_is_told() {
    let (stage, session) = (Stage::new().await, Session::returning_to("https://shop.example/"));
    assert_eq!(stage.browser.get(&session.link()).await.status, 200);
    stage.advance("PT11M").await;
    let call = stage.merchant.wait_for(1).await.remove(0);
    assert_eq!(call.kind(), "payment.failed");
    assert!(call.is_signed() && call.age_s().abs() < 60, "webhook timestamps are of real time");
    assert_eq!(stage.payment(&session).await["status"], "ended");
    let page = stage.browser.get(&session.link()).await;
    assert_eq!(page.status, 410);
    assert!(page.text().contains("time to pay is over") && !page.text().contains("<form"), "{page}");
    let late = stage.pay(&session, GOOD).await;
    assert_eq!(late.status, 303);
    assert!(late.header("location").unwrap().ends_with("outcome=expired"));
    assert_eq!(stage.payment(&session).await["status"], "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_first_opened_after_its_expiry_cannot_be_paid() {
    let stage = Stage::new().await;
    let session = Session { expires: 1_000_000_000, ..Session::new() };
    assert_eq!(stage.pay(&session, GOOD).await.status, 410);
    assert_eq!(stage.payment(&session).await["status"], "ended");
    assert_eq!(stage.merchant.wait_for(1).await[0].kind(), "payment.failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voided_payment_shows_that_it_was_called_off() {
    let (stage, session) = (Stage::new().await, Session::new());
    assert_eq!(stage.void(&session).await["status"], "voided");
    let page = stage.pay(&session, GOOD).await;
    assert_eq!(page.status, 410);
    assert!(page.text().contains("called off"), "{page}");
    assert_eq!(stage.payment(&session).await["status"], "voided");
}
