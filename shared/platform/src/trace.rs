//! W3C trace context: what ties a request, its events and its calls together, with or without an exporter.

use std::fmt;

use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{SpanContext, TraceContextExt as _, TraceState},
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{IdGenerator as _, RandomIdGenerator},
};

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// A `traceparent`: the trace and the span that is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    sampled: bool,
}

impl TraceContext {
    /// A new trace.
    #[must_use]
    pub fn start() -> Self {
        let ids = RandomIdGenerator::default();
        Self { trace_id: ids.new_trace_id(), span_id: ids.new_span_id(), sampled: false }
    }

    /// Reads a `traceparent` (W3C Trace Context, 3.2); `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Header(text));
        Self::of(context.span().span_context())
    }

    /// That of a span; `None` if it has no ids.
    pub(crate) fn of(span: &SpanContext) -> Option<Self> {
        let (trace_id, span_id, sampled) = (span.trace_id(), span.span_id(), span.is_sampled());
        span.is_valid().then_some(Self { trace_id, span_id, sampled })
    }

    /// As the parent of a span of ours.
    pub(crate) fn remote(self) -> SpanContext {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        SpanContext::new(self.trace_id, self.span_id, flags, true, TraceState::default())
    }

    /// A span of our own in the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span_id: RandomIdGenerator::default().new_span_id(), ..*self }
    }

    /// The trace's id.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The one of the request or record that this task works for, if any.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|context| *context).ok()
    }

    /// Runs `future` as work for this trace: [`Self::current`] and outgoing calls see it.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }
}

/// As the header `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

/// One header, as the propagator reads it.
struct Header<'a>(&'a str);

impl Extractor for Header<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_traceparent_comes_back_as_it_was(trace in 1u128.., span in 1u64.., sampled: bool) {
            let text = format!("00-{trace:032x}-{span:016x}-0{}", u8::from(sampled));
            prop_assert_eq!(TraceContext::parse(&text).map(|context| context.to_string()), Some(text));
        }

        #[test]
        fn garbage_is_never_more_than_a_traceparent(text in "\\PC{0,60}") {
            let read = TraceContext::parse(&text).map(|context| context.to_string().len());
            prop_assert!(read.is_none_or(|length| length == 55));
        }
    }

    #[test]
    fn what_names_no_trace_is_refused() {
        for wrong in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "garbage",
            "",
        ] {
            assert_eq!(TraceContext::parse(wrong), None, "{wrong}");
        }
        assert_ne!(TraceContext::start().trace_id(), TraceContext::start().trace_id());
    }
}
