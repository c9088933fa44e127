//! What is known of a request before anything is decided: its ids, its trace, its address.

use std::{cell::RefCell, net::IpAddr, sync::Arc, time::Instant};

use actix_web::HttpRequest;
use tracing::field::{Empty, display};

use super::{Kit, rate::Standing};
use crate::{
    api::Problem,
    auth::Caller,
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
    /// Where it stands with its limit, once that was looked at.
    pub(super) standing: RefCell<Option<Standing>>,
}

impl Arrival {
    pub(super) fn of(kit: &Kit, http: &HttpRequest, operation: &'static str) -> Self {
        let request_id = request_id(header(http, "request-id"));
        let given = header(http, "traceparent").and_then(TraceContext::parse);
        let (followed, linked) = if kit.trusts_traceparent { (given, None) } else { (None, given) };
        let own = followed.map_or_else(TraceContext::start, |followed| followed.child());
        let span = tracing::info_span!(
            "request",
            operation,
            %request_id,
            trace_id = Empty,
            caller_trace_id = Empty,
            user_id = Empty,
            subject = Empty
        );
        let trace = telemetry::joined(&span, followed, own);
        span.record("trace_id", display(trace.trace_id()));
        if let Some(linked) = linked {
            span.record("caller_trace_id", display(linked.trace_id()));
        }
        let peer = http.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
        let address = kit.proxies.client(peer, http.headers());
        Self { started: Instant::now(), request_id, trace, address, span, standing: RefCell::new(None) }
    }

    /// Every line of the request says who calls.
    pub(super) fn called_by(&self, caller: &Caller) {
        self.span.record("user_id", display(caller.user_id));
        self.span.record("subject", caller.subject.as_str());
    }

    /// Keeps where the request stands with its limit (the last one looked at), for its answer; 429 if there was no token left.
    pub(super) fn limited(&self, standing: Standing) -> Result<(), Problem> {
        let outcome = standing.check();
        self.standing.replace(Some(standing));
        outcome
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
