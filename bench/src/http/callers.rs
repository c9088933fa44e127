//! People who order in turn.

use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::{failed::Failed, people::Person, world::World};
use serde_json::json;
use uuid::Uuid;

use super::connections::{Connections, JSON};
use crate::order::Order;

/// Each has a token.
pub(crate) struct Callers {
    people: Vec<Person>,
    next: AtomicUsize,
}

impl Callers {
    /// So many of a role, whom nobody knows yet.
    pub(crate) fn new(world: &World, role: &str, count: usize) -> Result<Self, Failed> {
        let people = (0..count).map(|_| Person::new(world, role)).collect::<Result<_, _>>()?;
        Ok(Self { people, next: AtomicUsize::new(0) })
    }

    /// Who they are.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.people.iter().map(|person| person.user_id)
    }

    /// The next one's request for what an order says.
    pub(crate) fn hold(&self, connections: &Connections, order: &Order) -> Result<String, Failed> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.people.len().max(1);
        let caller = self.people.get(turn).ok_or_else(|| Failed::new("nobody calls"))?;
        let body = json!({"hotel_id": order.room.hotel_id, "start_date": order.first, "end_date": order.end(),
            "lines": [{"room_id": order.room.room_id, "quantity": 1, "adults": 1}],
            "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": caller.email}});
        let key = Uuid::from_u128(rand::random());
        let headers = format!("{JSON}Authorization: Bearer {}\r\nIdempotency-Key: {key}\r\n", caller.token);
        Ok(connections.request("POST /v1/bookings", &headers, &body.to_string()))
    }
}
