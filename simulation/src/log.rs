//! The log: two partitions of bookings' events, and the last word on every night.

use std::collections::BTreeMap;

use booking_core::{Night, RoomNight};

use crate::database::{PARTITIONS, Told, partition_of};

/// What the relay publishes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry {
    Booking(Told),
    Night(RoomNight, Option<Night>),
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) bookings: [Vec<Told>; PARTITIONS],
    pub(crate) nights: BTreeMap<RoomNight, Option<Night>>,
    /// Of each lane; producers that began earlier are fenced.
    pub(crate) epochs: BTreeMap<u8, u64>,
}

impl Log {
    /// One transaction of a producer.
    pub(crate) fn append(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry {
                Entry::Booking(told) => {
                    let partition = self.bookings.get_mut(partition_of(told.booking_id));
                    if let Some(records) = partition {
                        records.push(*told);
                    }
                }
                Entry::Night(at, night) => drop(self.nights.insert(*at, *night)),
            }
        }
    }
}
