//! W3C trace context: what ties a request, its events and its calls together, with or without an exporter.

use std::fmt;

use rand::Rng as _;

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// A `traceparent`: the trace and the span that is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

impl TraceContext {
    /// A new trace.
    #[must_use]
    pub fn start() -> Self {
        let mut random = rand::rng();
        Self { trace_id: random.next_u128_not_zero(), span_id: random.next_u64() | 1, sampled: false }
    }

    /// Made of known ids.
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self { trace_id, span_id, sampled }
    }

    /// Reads a `traceparent` (W3C Trace Context, 3.2); `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lengths = version.len() == 2 && trace.len() == 32 && span.len() == 16 && flags.len() == 2;
        let hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let readable = lengths && [version, trace, span, flags].into_iter().all(hex) && version != "ff";
        if !readable || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let trace_id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        Some(Self { trace_id, span_id, sampled })
    }

    /// A span of our own in the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span_id: rand::rng().next_u64() | 1, ..*self }
    }

    /// The trace's id.
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The span's id.
    pub fn span_id(&self) -> u64 {
        self.span_id
    }

    /// Whether the caller records this trace.
    pub fn is_sampled(&self) -> bool {
        self.sampled
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
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

trait NotZero {
    fn next_u128_not_zero(&mut self) -> u128;
}

impl<R: rand::Rng> NotZero for R {
    fn next_u128_not_zero(&mut self) -> u128 {
        (u128::from(self.next_u64()) << 64) | u128::from(self.next_u64() | 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_traceparent_comes_back_as_it_was(trace in 1u128.., span in 1u64.., sampled: bool) {
            let context = TraceContext::new(trace, span, sampled);
            prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
        }

        #[test]
        fn anything_else_is_no_traceparent(text in "\\PC{0,60}") {
            prop_assume!(!text.starts_with('0'));
            prop_assert_eq!(TraceContext::parse(&text).map(|c| c.to_string().len()), TraceContext::parse(&text).map(|_| 55));
        }
    }

    #[test]
    fn zero_ids_and_wrong_lengths_are_refused() {
        for wrong in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "",
        ] {
            assert_eq!(TraceContext::parse(wrong), None, "{wrong}");
        }
    }
}
