//! `availability.events`: what each touched night is now; a tombstone the day after.

use async_trait::async_trait;
use domain::event::{AvailabilityChanged, parse_night_key, read_availability_event};
use events::consumer::{Handler, Record, Verdict};

use super::{checked, verdict};
use crate::merge::Merger;

/// Merges nights into the index.
#[derive(Clone)]
pub struct AvailabilityEvents {
    merger: Merger,
}

impl AvailabilityEvents {
    /// A handler that merges with `merger`.
    pub fn new(merger: Merger) -> Self {
        Self { merger }
    }

    async fn ended(&self, key: &str) -> Verdict {
        match parse_night_key(key) {
            Some((room, date)) => verdict(self.merger.night_ended(room, date).await),
            None => Verdict::reject("a tombstone whose key is no night"),
        }
    }
}

#[async_trait]
impl Handler for AvailabilityEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(records.len());
        for record in records {
            verdicts.push(self.take(record).await);
            if matches!(verdicts.last(), Some(Verdict::Retry(_))) {
                break;
            }
        }
        verdicts
    }
}

impl AvailabilityEvents {
    async fn take(&self, record: &Record) -> Verdict {
        let Some(payload) = record.payload.as_deref() else { return self.ended(&record.key).await };
        match checked(record, read_availability_event(payload), AvailabilityChanged::key) {
            Ok(night) => verdict(self.merger.night_changed(&night).await),
            Err(verdict) => verdict,
        }
    }
}
