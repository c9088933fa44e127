//! `availability.events`: what each touched night is now; a tombstone the day after.

use async_trait::async_trait;
use domain::event::{AvailabilityChanged, parse_night_key, read_availability_event};
use events::consumer::{Handler, Record, Verdict};

use super::{checked, told};
use crate::merge::{Merger, NightEvent};

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
}

#[async_trait]
impl Handler for AvailabilityEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let nights: Vec<_> = records.iter().map(night).collect();
        let merged = self.merger.nights(&nights.iter().flatten().collect::<Vec<_>>()).await;
        told(nights, merged)
    }
}

fn night(record: &Record) -> Result<NightEvent, Verdict> {
    let Some(payload) = record.payload.as_deref() else {
        let night = parse_night_key(&record.key);
        let (room, date) = night.ok_or_else(|| Verdict::reject("a tombstone whose key is no night"))?;
        return Ok(NightEvent::Ended(room, date));
    };
    checked(record, read_availability_event(payload), AvailabilityChanged::key).map(NightEvent::Changed)
}
