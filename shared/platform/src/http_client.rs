//! Calls to other servers: one kind of client, with limits on time and the trace handed on.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, redirect::Policy};

use crate::trace::TraceContext;

/// Connecting takes a round trip; a second means that nobody is there.
const CONNECT: Duration = Duration::from_secs(1);
/// Idle connections that a server may have closed are not kept for long.
const IDLE: Duration = Duration::from_secs(30);

/// A client whose calls end after `timeout` in all. It follows no redirects: whom we call is configured.
pub fn http_client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(CONNECT)
        .timeout(timeout)
        .pool_idle_timeout(IDLE)
        .redirect(Policy::none())
        .user_agent(concat!("vacancy/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Adds `traceparent` for the request or record that this task works for, whose span is the parent over there.
pub fn traced(call: RequestBuilder) -> RequestBuilder {
    match TraceContext::current() {
        Some(context) => call.header("traceparent", context.to_string()),
        None => call,
    }
}
