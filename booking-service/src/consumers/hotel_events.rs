//! `hotel.events`: hotels into `hotels_seen`, rooms into `room_stock` and their touched nights. Old versions change
//! nothing, so a redelivery does no harm.

use std::sync::Arc;

use async_trait::async_trait;
use domain::event::{HotelEvent, read_hotel_event};
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    event_log::EventLog,
};
use platform::{causes::causes, pace::Wake};

use crate::store::{Stock, StoreError, Taken};

/// The consumer group.
pub const GROUP: &str = "booking-stock";

/// Takes hotels and rooms in.
pub struct HotelEvents {
    stock: Arc<dyn Stock>,
    relay: Wake,
}

impl HotelEvents {
    /// Feeds this stock and wakes the relay, which tells of touched nights.
    pub fn new(stock: Arc<dyn Stock>, relay: Wake) -> Self {
        Self { stock, relay }
    }

    /// The consumer.
    pub fn consumer(self, log: Arc<dyn EventLog>, settings: &ConsumerSettings) -> Consumer {
        Consumer::new(log, settings.clone(), Arc::new(self))
    }

    async fn take_in(&self, event: &HotelEvent) -> Result<(), StoreError> {
        let taken = match event {
            HotelEvent::Hotel(hotel) => self.stock.hotel_changed(hotel).await?,
            HotelEvent::Room(room) => self.stock.room_changed(room).await?,
        };
        if taken == Taken::Written {
            self.relay.wake();
        }
        Ok(())
    }
}

#[async_trait]
impl Handler for HotelEvents {
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

impl HotelEvents {
    async fn take(&self, record: &Record) -> Verdict {
        let Some(payload) = &record.payload else { return Verdict::Done };
        match read_hotel_event(payload) {
            Ok(Some(event)) => match self.take_in(&event).await {
                Ok(()) => Verdict::Done,
                // Only this hotel's row or room is damaged: others of its partition must not wait for it.
                Err(error @ StoreError::Unreadable(_)) => Verdict::damaged(causes(&error)),
                Err(error @ StoreError::Unavailable(_)) => Verdict::retry(error),
            },
            Ok(None) => Verdict::passed_by(record),
            Err(error) => Verdict::reject(format!("not an event of hotel.events: {error}")),
        }
    }
}
