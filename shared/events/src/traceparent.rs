//! The W3C trace context in records: written by the outbox, continued by the handler's span.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use platform::trace::TraceContext;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::event_log::TRACEPARENT;

/// The trace context of the current request or record as a `traceparent` value; none outside of any.
pub fn current() -> Option<String> {
    TraceContext::current().map(|context| context.to_string())
}

/// Makes the span a child of the work that wrote the record. A value that does not parse is ignored.
pub fn continue_in(span: &Span, traceparent: Option<&str>) {
    let Some(value) = traceparent else { return };
    let headers = HashMap::from([(TRACEPARENT.to_owned(), value.to_owned())]);
    // Fails only when no trace is recorded at all, which is a setting, not a fault.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&headers));
}
