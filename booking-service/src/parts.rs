//! What every handler and job is given.

use std::sync::{Arc, atomic::AtomicBool};

use platform::{clock::DbClock, pace::Wake, redis::Redis};
use sqlx::MySqlPool;

use crate::{
    bookings::Bookings, provider::PaymentProvider, reads::HotelReads, settings::Settings, shares::Shares,
};

/// What every handler and job is given; cheap to clone.
pub type Shared = Arc<Parts>;

/// The parts of the running service.
pub struct Parts {
    pub settings: Settings,
    /// The one way to change a booking.
    pub bookings: Bookings,
    /// The booking database for requests.
    pub reads: MySqlPool,
    /// Places for requests that read a hotel.
    pub hotel_reads: HotelReads,
    /// The booking database for jobs, on connections of their own: no reader keeps them waiting.
    pub pool: MySqlPool,
    /// The shares of hotels that this process's jobs look after.
    pub shares: Shares,
    /// The database's clock plus the test clock's offset.
    pub clock: Arc<DbClock>,
    pub provider: Arc<dyn PaymentProvider>,
    /// Tells when holds end.
    pub redis: Redis,
    /// Wakes the job that sends voids and refunds.
    pub owed: Wake,
    /// Whether more holds end than the shards take at once: what may wait then waits.
    pub holds_crowd: AtomicBool,
}
