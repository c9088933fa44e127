//! One try of one record: the handler, and the dead-letter topic when it refuses.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use delivery::Outcome;
use futures::FutureExt;
use platform::{causes::causes, telemetry, trace::TraceContext};
use tracing::{Instrument, info_span, warn};

use super::{Consumer, Refused, Verdict, letter::letter};
use crate::event_log::Record;

/// Handles the record and says what became of it. `failures` is how often this record failed before.
pub(super) async fn handle(consumer: Consumer, record: Arc<Record>, failures: u32) -> (Arc<Record>, Outcome) {
    let span = info_span!(
        "handle",
        topic = record.topic,
        partition = record.partition,
        offset = record.offset,
        key = record.key,
        group = consumer.settings.group,
    );
    let told = record.traceparent().and_then(TraceContext::parse);
    let own = told.map_or_else(TraceContext::start, |told| told.child());
    let context = telemetry::joined(&span, told, own);
    let outcome = context.scope(attempt(&consumer, &record, failures).instrument(span)).await;
    (record, outcome)
}

async fn attempt(consumer: &Consumer, record: &Record, failures: u32) -> Outcome {
    match verdict(consumer, record).await {
        Verdict::Done => Outcome::Done,
        Verdict::Retry(error) => {
            if failures == 0 {
                warn!(error = causes(&*error), "the record is not handled yet; its partition waits");
            }
            Outcome::Retry
        }
        Verdict::Reject(refused) => reject(consumer, record, &refused, failures).await,
    }
}

/// A handler that panics or never ends is tried again: its record must not be lost, nor stop the others.
async fn verdict(consumer: &Consumer, record: &Record) -> Verdict {
    let within = Duration::from_millis(consumer.settings.handle_timeout_ms);
    let handled = AssertUnwindSafe(consumer.handler.handle(record)).catch_unwind();
    match tokio::time::timeout(within, handled).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_)) => Verdict::retry("the handler panicked"),
        Err(_) => Verdict::retry("the handler took too long"),
    }
}

async fn reject(consumer: &Consumer, record: &Record, refused: &Refused, failures: u32) -> Outcome {
    let letter = letter(record, &consumer.settings.group, &refused.reason);
    match consumer.log.append(letter).await {
        Ok(()) => {
            warn!(reason = refused.reason, "the record was refused and put into the dead-letter topic");
            if refused.stored_is_damaged { Outcome::SetAside } else { Outcome::Rejected }
        }
        Err(error) => {
            if failures == 0 {
                warn!(
                    error = causes(&error),
                    "a refused record did not reach the dead-letter topic; tried again"
                );
            }
            Outcome::Retry
        }
    }
}
