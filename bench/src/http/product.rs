//! booking-service as it runs: tokens, keys, the whole path.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::HotelId;
use e2e::{failed::Failed, people::Person, world::World};
use uuid::Uuid;

use super::{
    connections::{Connections, JSON},
    remote::sale,
};
use crate::{
    hotel::Hotel,
    order::Order,
    told::OrFailed as _,
    way::{Sale, Way},
};

/// As many units as a room may have.
const UNITS: u32 = 100_000;
/// Tokens in turn: a caller has a limit of requests.
const CALLERS: usize = 2_000;
/// Nights of a round, so that none sells out, the first of all, and the end of all.
const NIGHTS: u64 = 8;
const FIRST: u64 = 5;
const END: u64 = 500;

pub(crate) struct Product {
    connections: Connections,
    hotel: Hotel,
    callers: Vec<Person>,
    /// For each night of the round.
    bodies: Bodies,
    next: AtomicU64,
    round: AtomicU64,
}

/// Bodies by night ahead.
struct Bodies(Vec<String>);

impl Product {
    /// Rounds that have nights of their own: the first begins behind one that nobody books.
    pub(crate) const ROUNDS: usize = 60;

    /// A hotel with one room, and who books there.
    pub(crate) async fn make(world: &World) -> Result<Arc<Self>, Failed> {
        let hotel = Hotel::make(world, UNITS).await?;
        let callers = (0..CALLERS).map(|_| Person::new(world, "channel")).collect::<Result<_, _>>()?;
        let night = |ahead| hotel.booking(ahead, "ada@bench.example").to_string();
        let bodies = Bodies((0..END).map(night).collect());
        let connections = Connections::to(world.service("booking-service")?);
        let (next, round) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Arc::new(Self { connections, hotel, callers, bodies, next, round }))
    }

    /// The nights of the round before are left alone.
    pub(crate) fn next_nights(&self) {
        self.round.fetch_add(1, Ordering::Relaxed);
    }

    /// Whose room it is.
    pub(crate) fn hotel_id(&self) -> Result<HotelId, Failed> {
        self.hotel.id.parse().or_failed()
    }

    fn first(&self) -> u64 {
        FIRST + self.round.load(Ordering::Relaxed) * NIGHTS
    }

    /// Units sold on the nights of the round.
    pub(crate) async fn sold(&self, world: &World) -> Result<u64, Failed> {
        let mut sum = 0;
        for night in self.first()..self.first() + NIGHTS {
            sum += u64::try_from(self.hotel.sold(world, night).await?).unwrap_or(0);
        }
        Ok(sum)
    }

    fn request(&self, order: &Order) -> Option<String> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let callers = u64::try_from(self.callers.len()).ok()?;
        let caller = self.callers.get(usize::try_from(turn % callers).ok()?)?;
        let body = self.bodies.0.get(usize::try_from(self.first() + turn % NIGHTS).ok()?)?;
        let key = Uuid::from_slice(order.scope.first_chunk::<16>()?).ok()?;
        let headers = format!("{JSON}Authorization: Bearer {}\r\nIdempotency-Key: {key}\r\n", caller.token);
        Some(self.connections.request("POST /v1/bookings", &headers, body))
    }
}

#[async_trait]
impl Way for Product {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        let request = self.request(order).ok_or_else(|| Failed::new("all nights of all rounds are used"))?;
        sale(self.connections.call(&request).await?)
    }

    /// As its `Retry-After` says. Thousands who come again at once would be most of what it does.
    fn again(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_has_its_nights() {
        let rounds = u64::try_from(Product::ROUNDS).unwrap();
        assert!(FIRST + (rounds + 1) * NIGHTS <= END && FIRST + (rounds + 2) * NIGHTS > END);
    }
}
