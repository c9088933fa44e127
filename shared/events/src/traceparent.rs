//! The W3C trace context as the outbox writes it into records.

use platform::trace::TraceContext;

/// The trace context of the current request or record as a `traceparent` value; none outside of any.
pub fn current() -> Option<String> {
    TraceContext::current().map(|context| context.to_string())
}
