//! What is known of a request before anything is decided: its ids, its trace, its address.

use std::{net::IpAddr, sync::Arc, time::Instant};

use actix_web::HttpRequest;

use super::Kit;
use crate::{
    ids::{Ids as _, SystemIds},
    telemetry,
    trace::TraceContext,
};

pub(super) struct Arrival {
    pub(super) started: Instant,
    pub(super) request_id: Arc<str>,
    pub(super) trace: TraceContext,
    pub(super) address: IpAddr,
    pub(super) span: tracing::Span,
}

impl Arrival {
    pub(super) fn of(kit: &Kit, http: &HttpRequest, operation: &'static str) -> Self {
        let request_id = request_id(header(http, "request-id"));
        let incoming = header(http, "traceparent").and_then(TraceContext::parse);
        let own = incoming.map_or_else(TraceContext::start, |incoming| incoming.child());
        let span = tracing::info_span!("request", operation, %request_id, trace_id = tracing::field::Empty);
        let trace = telemetry::joined(&span, incoming, own);
        span.record("trace_id", tracing::field::display(format_args!("{:032x}", trace.trace_id())));
        Self { started: Instant::now(), request_id, trace, address: address(kit, http), span }
    }
}

pub(super) fn header<'a>(http: &'a HttpRequest, name: &str) -> Option<&'a str> {
    http.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The caller's own id if it is well formed, so that both logs agree; else one of ours.
fn request_id(given: Option<&str>) -> Arc<str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if let Some(id) = given.filter(|id| (8..=128).contains(&id.len()) && id.bytes().all(plain)) {
        return id.into();
    }
    let mut text = [0; 36];
    let text: &str = SystemIds.uuid().as_hyphenated().encode_lower(&mut text);
    text.into()
}

/// The peer; behind the gateway, the last address that the gateway itself wrote.
fn address(kit: &Kit, http: &HttpRequest) -> IpAddr {
    let peer = http.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
    if !kit.http.gateway_addresses.contains(&peer) {
        return peer;
    }
    let last = header(http, "x-forwarded-for").and_then(|list| list.rsplit(',').next());
    last.and_then(|text| text.trim().parse().ok()).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_request_id_is_taken_over() {
        assert_eq!(&*request_id(Some("abc-12345.6_7")), "abc-12345.6_7");
        for wrong in ["short", "has space here", "line\nbreak", &"x".repeat(129)] {
            assert_ne!(&*request_id(Some(wrong)), wrong);
            assert_eq!(request_id(Some(wrong)).len(), 36);
        }
    }
}
