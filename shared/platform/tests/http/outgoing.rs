//! Calls that the kit's client makes.

use std::{io::Read as _, net::TcpListener, time::Duration};

use platform::{http_client::traced, trace::TraceContext};

/// The first byte of a TLS record that carries a handshake (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;

#[tokio::test]
async fn an_https_call_speaks_tls_and_never_sends_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/keys", listener.local_addr().unwrap());
    let client = platform::http_client::http_client(Duration::from_secs(20)).unwrap();
    let call = tokio::spawn(client.get(url).bearer_auth("secret").send());
    let first = tokio::task::spawn_blocking(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut first = [0];
        connection.read_exact(&mut first).unwrap();
        first[0]
    });
    assert_eq!(first.await.unwrap(), HANDSHAKE);
    assert!(call.await.unwrap().unwrap_err().is_connect());
}

#[tokio::test]
async fn a_call_made_for_a_request_goes_on_in_its_trace_and_any_other_says_nothing() {
    let client = platform::http_client::http_client(Duration::from_secs(20)).unwrap();
    let call = || traced(client.get("http://service.test/")).build().unwrap();
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let within = TraceContext::parse(parent).unwrap().scope(async { call() }).await;
    assert_eq!(within.headers()["traceparent"], parent);
    assert!(!call().headers().contains_key("traceparent"));
}
