//! `hotel.events`: hotels into `hotels_seen`, rooms into `room_stock` and their touched nights. Old versions change
//! nothing, so a redelivery does no harm.

use std::sync::Arc;

use async_trait::async_trait;
use domain::event::{HotelEvent, read_hotel_event};
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict, read_events, verdicts},
    event_log::EventLog,
};
use platform::{causes::causes, pace::Wake};

use crate::{
    shards::Shards,
    store::{Stock, StoreError, Taken},
};

/// The consumer group.
pub const GROUP: &str = "booking-stock";

/// Takes hotels and rooms in.
pub struct HotelEvents {
    stock: Arc<dyn Stock>,
    relay: Wake,
    shards: Option<Shards>,
}

impl HotelEvents {
    /// Feeds this stock and wakes the relay, which tells of touched nights.
    pub fn new(stock: Arc<dyn Stock>, relay: Wake) -> Self {
        Self { stock, relay, shards: None }
    }

    /// Also tells these shards of rooms that have changed.
    #[must_use]
    pub fn telling(self, shards: Shards) -> Self {
        Self { shards: Some(shards), ..self }
    }

    /// The consumer.
    pub fn consumer(self, log: Arc<dyn EventLog>, settings: &ConsumerSettings) -> Consumer {
        Consumer::new(log, settings.clone(), Arc::new(self))
    }

    /// What is asked of these next is read.
    fn tell_shards(&self, event: &HotelEvent) {
        match (event, &self.shards) {
            (HotelEvent::Room(room), Some(shards)) => shards.forget(room.hotel_id, room.room_id),
            (HotelEvent::Hotel(hotel), Some(shards)) => shards.forget_hotel(hotel.hotel_id),
            (_, None) => {}
        }
    }
}

#[async_trait]
impl Handler for HotelEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let mut events = Vec::with_capacity(records.len());
        let read = read_events(records, read_hotel_event);
        let read = read.into_iter().map(|read| read.map(|event| events.push(event))).collect();
        let taken = self.stock.take_in(&events).await;
        let written = events.iter().zip(&taken).filter(|(_, taken)| matches!(taken, Ok(Taken::Written)));
        let mut is_written = false;
        for (event, _) in written {
            self.tell_shards(event);
            is_written = true;
        }
        if is_written {
            self.relay.wake();
        }
        let mut taken = taken.into_iter();
        verdicts(read, |()| verdict(taken.next()))
    }
}

fn verdict(taken: Option<Result<Taken, StoreError>>) -> Verdict {
    match taken {
        Some(Ok(_)) => Verdict::Done,
        // Only this hotel's row or room is damaged: others of its partition must not wait for it.
        Some(Err(error @ StoreError::Unreadable(_))) => Verdict::damaged(causes(&error)),
        Some(Err(error @ StoreError::Unavailable(_))) => Verdict::retry(error),
        None => Verdict::retry("an event before it was not taken in"),
    }
}
