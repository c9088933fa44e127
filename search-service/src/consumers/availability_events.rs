//! `availability.events`: what each touched night is now; a tombstone the day after.

use async_trait::async_trait;
use domain::event::{AvailabilityChanged, kind, night_key, parse_night_key};
use events::consumer::{Handler, Record, Verdict};

use super::{body, envelope, verdict};
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

    async fn read(&self, record: &Record) -> Result<Verdict, Verdict> {
        let Some(payload) = record.payload.as_deref() else { return self.ended(&record.key).await };
        let event = envelope(payload)?;
        if event.kind != kind::AVAILABILITY_CHANGED {
            return Err(Verdict::reject(format!("the type {} is not known here", event.kind)));
        }
        let key_of = |night: &AvailabilityChanged| night_key(night.room_id, night.date);
        let night = body(event, &record.key, key_of)?;
        Ok(verdict(self.merger.night_changed(&night).await))
    }

    async fn ended(&self, key: &str) -> Result<Verdict, Verdict> {
        let night = parse_night_key(key);
        let (room, date) = night.ok_or_else(|| Verdict::reject("a tombstone whose key is no night"))?;
        Ok(verdict(self.merger.night_ended(room, date).await))
    }
}

#[async_trait]
impl Handler for AvailabilityEvents {
    async fn handle(&self, record: &Record) -> Verdict {
        self.read(record).await.unwrap_or_else(|refused| refused)
    }
}
