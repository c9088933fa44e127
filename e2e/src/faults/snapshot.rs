//! What the stores and the provider's own books hold after a run: read from outside, with nothing of the product's code.

mod archive;
mod database;
mod journal;
mod log;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use e2e::{failed::Failed, world::World};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::history::Micros;

pub(crate) use self::{
    database::{Database, Left},
    journal::Journal,
    log::{Offsets, ends},
};

/// All of it, for the hotels of one run.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) bookings: BTreeMap<Uuid, Booking>,
    pub(crate) nights: Vec<Night>,
    pub(crate) history: Vec<Logged>,
    pub(crate) payments: BTreeMap<Uuid, Payment>,
    /// Bookings with a void, whatever became of it.
    pub(crate) voids: BTreeSet<Uuid>,
    pub(crate) provider: BTreeMap<Uuid, Taken>,
    pub(crate) events: Vec<Event>,
}

/// A booking where it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Booking {
    pub(crate) user_id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) status: String,
    pub(crate) version: i64,
    pub(crate) penalty: i64,
    /// By the services' clock.
    pub(crate) hold_expires_at: Micros,
    pub(crate) place: Place,
}

/// Where a booking is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// In MySQL.
    #[default]
    Active,
    /// Purged from MySQL, and the archive has no copy of this status.
    Nowhere,
    /// Purged from MySQL; the archive has a copy.
    Archived,
}

/// A room-night as MySQL has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Night {
    pub(crate) room_id: Uuid,
    pub(crate) date: NaiveDate,
    pub(crate) initial: u32,
    pub(crate) available: u32,
}

/// A transition in a booking's history; its first version has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logged {
    pub(crate) booking_id: Uuid,
    pub(crate) version: i64,
    /// By the services' clock, when it was decided.
    pub(crate) at: Micros,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) reason: Option<String>,
}

/// What MySQL says of the money of a booking: all its payments together, since a second capture has a row of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
}

/// What the provider took and gave back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
}

/// A transition as Kafka tells it, in the order of its partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Uuid,
    pub(crate) booking_id: Uuid,
    pub(crate) version: i64,
    pub(crate) status: String,
}

/// Stays of a run that are over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stays {
    pub(crate) completed: u64,
    /// Of these, gone from MySQL and in the archive.
    pub(crate) purged: u64,
}

impl Snapshot {
    pub(crate) fn stays(&self) -> Stays {
        let completed = || self.bookings.values().filter(|booking| booking.status == "COMPLETED");
        let count = |all: usize| u64::try_from(all).unwrap_or(u64::MAX);
        let purged = completed().filter(|booking| booking.place == Place::Archived).count();
        Stays { completed: count(completed().count()), purged: count(purged) }
    }

    /// Reads all of it. What a topic held before the run is passed by.
    pub(crate) async fn take(
        world: &World,
        hotels: &[Uuid],
        (journal, since): (&Journal, &Offsets),
    ) -> Result<Self, Failed> {
        let database = Database::open(world).await?;
        let mut snapshot = Self::default();
        for hotel in hotels {
            database.read(*hotel, &mut snapshot).await?;
        }
        archive::read(world, &mut snapshot).await?;
        snapshot.provider = journal.taken()?;
        snapshot.events = log::read(world, since).await?;
        snapshot.events.retain(|event| snapshot.bookings.contains_key(&event.booking_id));
        Ok(snapshot)
    }
}
