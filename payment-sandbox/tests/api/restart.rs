use std::{
    path::Path,
    process::{Child, Command},
};

use serde_json::json;
use testkit::{eventually, http::Http, token};

use crate::{
    receiver::{DEADLINE, Receiver, SECRET},
    stage::{API_KEY, GOOD, LINK_SECRET, Session, Stage, pay},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_restart() {
    let (stage, paid, voided, scripted) =
        (Stage::new().await, Session::new(), Session::new(), Session::new());
    stage.pay(&paid, GOOD).await;
    stage.void(&voided).await;
    stage.script(&scripted, &json!({"outcome": "fail"})).await;
    let refund = json!({"refund_id": testkit::unique_uuid(), "payment_id": paid.payment_id,
        "amount": {"amount": 24_000, "currency": "EUR"}});
    stage.api.post("/v1/refunds", &refund).await.expect(201);
    stage.merchant.wait_for(2).await;
    let before = stage.payment(&paid).await;

    let stage = stage.restarted().await;
    assert_eq!(stage.payment(&paid).await, before);
    assert_eq!(stage.payment(&voided).await["status"], "voided");
    assert_eq!(stage.pay(&voided, GOOD).await.status, 410);
    assert_eq!(stage.api.post("/v1/refunds", &refund).await.header("idempotency-replayed"), Some("true"));
    stage.pay(&scripted, GOOD).await;
    // What was delivered before is not delivered again.
    assert_eq!(stage.merchant.wait_for(3).await[2].kind(), "payment.failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_every_answered_payment_is_captured_and_told() {
    // The merchant is away while the sandbox is killed.
    let merchant = Receiver::answering(&[503; 8]).await;
    let folder = tempfile::tempdir().unwrap();
    let (mut first, browser) = start(folder.path(), &merchant.url).await;
    let sessions: Vec<Session> = (0..4).map(|_| Session::new()).collect();
    for session in &sessions {
        assert_eq!(pay(&browser, session, GOOD).await.status, 200);
    }
    first.kill().unwrap();
    first.wait().unwrap();

    let (mut second, browser) = start(folder.path(), &merchant.url).await;
    let api = browser.as_caller(API_KEY);
    for session in &sessions {
        let payment = api.get(&format!("/v1/payments/{}", session.payment_id)).await.expect(200);
        assert_eq!(payment["status"], "captured");
    }
    eventually(DEADLINE, || async {
        let calls = merchant.calls();
        let told =
            |session: &Session| calls.iter().skip(8).any(|call| call.body.contains(&session.payment_id));
        sessions.iter().all(told).then_some(())
    })
    .await;
    second.kill().unwrap();
    second.wait().unwrap();
}

/// The real binary, ready.
async fn start(folder: &Path, callback_url: &str) -> (Child, Http) {
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_payment-sandbox"))
        .arg("serve")
        .env("VACANCY_SANDBOX__KIT__HTTP__LISTEN", listen.to_string())
        .env("VACANCY_SANDBOX__KIT__AUTH__DEVELOPMENT_KEY", token::DEVELOPMENT_KEY)
        .env("VACANCY_SANDBOX__KIT__TELEMETRY__LOG", "error")
        .env("VACANCY_SANDBOX__DATA__FOLDER", folder)
        .env("VACANCY_SANDBOX__CHECKOUT__SECRET", LINK_SECRET)
        .env("VACANCY_SANDBOX__API__KEY", API_KEY)
        .env("VACANCY_SANDBOX__CALLBACKS__URL", callback_url)
        .env("VACANCY_SANDBOX__CALLBACKS__SECRET", format!("whsec_{SECRET}"))
        .env("VACANCY_SANDBOX__CALLBACKS__FIRST_WAIT_MS", "20")
        .env("VACANCY_SANDBOX__CALLBACKS__MOST_WAIT_MS", "200")
        .spawn()
        .unwrap();
    let browser = Http::at(format!("http://{listen}"));
    eventually(DEADLINE, || async {
        let ready = browser.call(reqwest::Method::GET, "/readyz").try_send().await;
        ready.ok().filter(|reply| reply.status == 200)
    })
    .await;
    (child, browser)
}
