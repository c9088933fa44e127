//! `hotel.events`: hotels into `hotels_seen`, rooms into `room_stock` and their touched nights. Old versions change
//! nothing, so a redelivery does no harm.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    event::{CloudEvent, kind, topic},
    hotel::{HotelChanged, RoomChanged},
};
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    event_log::EventLog,
    relay::Waker,
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::store::{Stock, Taken, Unavailable};

/// The consumer group.
pub const GROUP: &str = "booking-stock";

/// Takes hotels and rooms in.
pub struct HotelEvents {
    stock: Arc<dyn Stock>,
    relay: Waker,
}

/// Only the type, to choose what to read.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

impl HotelEvents {
    /// Feeds this stock and wakes the relay, which tells of touched nights.
    pub fn new(stock: Arc<dyn Stock>, relay: Waker) -> Self {
        Self { stock, relay }
    }

    /// The consumer.
    pub fn consumer(self, log: Arc<dyn EventLog>) -> Consumer {
        Consumer::new(log, ConsumerSettings::of(GROUP, topic::HOTEL), Arc::new(self))
    }

    async fn take_in(&self, payload: &[u8]) -> Result<(), Outcome> {
        let Kind { kind } = parse(payload)?;
        let taken = match kind.as_str() {
            kind::HOTEL_CHANGED => {
                let event: CloudEvent<HotelChanged> = parse(payload)?;
                self.stock.hotel_changed(&event.data).await?
            }
            kind::ROOM_CHANGED => {
                let event: CloudEvent<RoomChanged> = parse(payload)?;
                self.stock.room_changed(&event.data).await?
            }
            // A newer writer's: nothing here depends on it.
            _ => Taken::Old,
        };
        if taken == Taken::Written {
            self.relay.wake();
        }
        Ok(())
    }
}

enum Outcome {
    Garbage(serde_json::Error),
    Later(Unavailable),
}

impl From<Unavailable> for Outcome {
    fn from(error: Unavailable) -> Self {
        Self::Later(error)
    }
}

fn parse<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Outcome> {
    serde_json::from_slice(payload).map_err(Outcome::Garbage)
}

#[async_trait]
impl Handler for HotelEvents {
    async fn handle(&self, record: &Record) -> Verdict {
        let Some(payload) = &record.payload else { return Verdict::Done };
        match self.take_in(payload).await {
            Ok(()) => Verdict::Done,
            Err(Outcome::Garbage(error)) => Verdict::reject(error.to_string()),
            Err(Outcome::Later(error)) => Verdict::retry(error),
        }
    }
}
