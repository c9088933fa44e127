//! What a shard stands on, and what it is sent.

use std::sync::Arc;

use booking_core::{
    Booking, Decided, Rules, Work,
    shard::{Answer, Bounds, Class},
};
use domain::{HotelId, RoomId};
use platform::{ids::Ids, mysql::Opened};
use tokio::sync::oneshot;

use crate::{bookings::Effects, store::Ledger};

/// What a shard stands on.
#[derive(Clone)]
pub struct ShardContext {
    /// The store.
    pub ledger: Arc<dyn Ledger>,
    /// How often its connections were opened: another one may lead to another server, with another truth.
    pub opened: Opened,
    /// The rules.
    pub rules: Arc<Rules>,
    /// Makes the body of an answer that is kept for its key.
    pub body: fn(&Booking, &Decided) -> Vec<u8>,
    /// How much each shard takes on.
    pub bounds: Bounds,
    /// Who is told of a commit.
    pub effects: Effects,
    /// Names what the shard does by itself.
    pub ids: Arc<dyn Ids>,
}

/// What a shard is sent.
pub(super) enum Letter {
    /// A work, and whom to answer.
    Work(Class, Box<Work>, oneshot::Sender<Answer>),
    /// A room has changed beside the shards.
    Forget(RoomId),
    /// A hotel has, and with it all its rooms.
    ForgetHotel(HotelId),
}
