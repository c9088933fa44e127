//! One try of one batch: the handler, and the dead-letter topic for what it refuses.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use delivery::Outcome;
use futures::FutureExt;
use platform::{
    causes::{BoxError, causes},
    planted::{Point, crash_at},
    telemetry,
    trace::TraceContext,
};
use tracing::{Instrument, info_span, warn};

use super::{Consumer, Refused, Verdict, brakes::Brakes, letter::letter};
use crate::event_log::Record;

/// A batch that came back.
pub(super) struct Handled {
    pub(super) partition: u32,
    pub(super) records: Vec<Record>,
    /// What became of the records, in order, up to the first that comes again or at which the brakes stopped.
    pub(super) outcomes: Vec<Outcome>,
}

/// A batch of one partition on its way to the handler.
pub(super) struct Attempt {
    pub(super) consumer: Consumer,
    pub(super) brakes: Arc<Brakes>,
    pub(super) partition: u32,
    pub(super) records: Vec<Record>,
    /// How often the first record failed before.
    pub(super) failures: u32,
}

impl Attempt {
    /// Handles the records and says what became of them. A record alone goes on with the trace of the work that wrote it.
    pub(super) async fn run(self) -> Handled {
        let span = info_span!(
            "handle",
            topic = self.consumer.settings.topic,
            partition = self.partition,
            offset = self.records.first().map(|record| record.offset),
            records = self.records.len(),
            group = self.consumer.settings.group,
        );
        let alone = if let [record] = self.records.as_slice() { record.traceparent() } else { None };
        let told = alone.and_then(TraceContext::parse);
        let own = told.map_or_else(TraceContext::start, |told| told.child());
        let context = telemetry::joined(&span, told, own);
        let outcomes = context.scope(self.outcomes().instrument(span)).await;
        Handled { partition: self.partition, records: self.records, outcomes }
    }

    /// Nothing behind the first record that comes again has become anything: it comes again with it.
    async fn outcomes(&self) -> Vec<Outcome> {
        let mut verdicts = self.verdicts().await.into_iter();
        let mut outcomes = Vec::with_capacity(self.records.len());
        for record in &self.records {
            let verdict =
                verdicts.next().unwrap_or_else(|| Verdict::retry("the handler left the record out"));
            let failures = if outcomes.is_empty() { self.failures } else { 0 };
            let Some(outcome) = self.outcome(record, verdict, failures).await else { break };
            outcomes.push(outcome);
            if outcome == Outcome::Retry {
                break;
            }
        }
        outcomes
    }

    /// A handler that panics or never ends is tried again: its records must not be lost, nor stop the others.
    async fn verdicts(&self) -> Vec<Verdict> {
        let labels = self.consumer.labels();
        metrics::histogram!("consumer_batch_records", &labels).record(length(&self.records));
        let within = Duration::from_millis(self.consumer.settings.handle_timeout_ms);
        crash_at(Point::ConsumerBeforeHandle);
        let handled = AssertUnwindSafe(self.consumer.handler.handle(&self.records)).catch_unwind();
        let handled = tokio::time::timeout(within, handled).await;
        crash_at(Point::ConsumerAfterHandle);
        match handled {
            Ok(Ok(verdicts)) => verdicts,
            Ok(Err(_)) => vec![Verdict::retry("the handler panicked")],
            Err(_) => vec![Verdict::retry("the handler took too long")],
        }
    }

    /// None if the brakes are on: a refusal is then not committed, and whoever repairs the reader reads the record again.
    async fn outcome(&self, record: &Record, verdict: Verdict, failures: u32) -> Option<Outcome> {
        let outcome = match verdict {
            Verdict::Done => Outcome::Done,
            Verdict::Retry(error) => not_yet(record, &error, failures),
            Verdict::Reject(_) if self.brakes.are_on() => return None,
            Verdict::Reject(refused) => self.reject(record, &refused, failures).await,
        };
        self.brakes.note(outcome);
        self.count(outcome);
        let refused = matches!(outcome, Outcome::Rejected | Outcome::SetAside);
        (!refused || !self.brakes.are_on()).then_some(outcome)
    }

    async fn reject(&self, record: &Record, refused: &Refused, failures: u32) -> Outcome {
        let letter = letter(record, &self.consumer.settings.group, &refused.reason);
        let (offset, key, reason) = (record.offset, &record.key, &refused.reason);
        match self.consumer.log.append(letter).await {
            Ok(()) => {
                warn!(offset, key, reason, "the record was refused and put into the dead-letter topic");
                if refused.stored_is_damaged { Outcome::SetAside } else { Outcome::Rejected }
            }
            Err(error) => {
                if failures == 0 {
                    let error = causes(&error);
                    warn!(
                        offset,
                        key, error, "a refused record did not reach the dead-letter topic; tried again"
                    );
                }
                Outcome::Retry
            }
        }
    }

    fn count(&self, outcome: Outcome) {
        let name = match outcome {
            Outcome::Done => "done",
            Outcome::Retry => "retry",
            Outcome::Rejected => "rejected",
            Outcome::SetAside => "set_aside",
        };
        let [group, topic] = self.consumer.labels();
        metrics::counter!("consumer_records_total", &[group, topic, ("outcome", name.to_owned())])
            .increment(1);
    }
}

fn not_yet(record: &Record, error: &BoxError, failures: u32) -> Outcome {
    if failures == 0 {
        let (offset, key, error) = (record.offset, &record.key, causes(&**error));
        warn!(offset, key, error, "the record is not handled yet; its partition waits");
    }
    Outcome::Retry
}

fn length(records: &[Record]) -> f64 {
    f64::from(u32::try_from(records.len()).unwrap_or(u32::MAX))
}
