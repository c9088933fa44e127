//! A traveller's part: book through the gateway, pay at the checkout page.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use e2e::{
    failed::{Failed, expect},
    people::Person,
    sandbox::GOOD_CARD,
    world::World,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    http::{Connections, JSON},
    order::Order,
    way::{Sale, Way},
};

/// So many that nobody has more than a few open holds at once.
const TRAVELLERS: usize = 5_000;
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\nAccept: text/html\r\n";

pub(super) struct Travellers {
    gateway: Connections,
    sandbox: Connections,
    people: Vec<Person>,
    next: AtomicUsize,
}

impl Travellers {
    pub(super) fn new(world: &World) -> Result<Self, Failed> {
        let people = (0..TRAVELLERS).map(|_| Person::new(world, "traveller")).collect::<Result<_, _>>()?;
        let (gateway, sandbox) =
            (Connections::to(&world.endpoints.gateway), Connections::to(&world.endpoints.sandbox));
        Ok(Self { gateway, sandbox, people, next: AtomicUsize::new(0) })
    }

    /// Where the hold is paid; none if it is refused.
    async fn hold(&self, order: &Order) -> Result<Result<String, u16>, Failed> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.people.len().max(1);
        let traveller = self.people.get(turn).ok_or_else(|| Failed::new("nobody travels"))?;
        let body = json!({"hotel_id": order.room.hotel_id, "start_date": order.first, "end_date": order.end(),
            "lines": [{"room_id": order.room.room_id, "quantity": 1, "adults": 1}],
            "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": traveller.email}});
        let key = Uuid::from_u128(rand::random());
        let headers =
            format!("{JSON}Authorization: Bearer {}\r\nIdempotency-Key: {key}\r\n", traveller.token);
        let request = self.gateway.request("POST /v1/bookings", &headers, &body.to_string());
        let (status, answer) = self.gateway.ask(&request).await?;
        if status != 201 {
            return Ok(Err(status));
        }
        let answer: Value = serde_json::from_slice(&answer)?;
        let url = answer.pointer("/checkout/url").and_then(Value::as_str);
        Ok(Ok(url.ok_or_else(|| Failed::new("a hold without a checkout"))?.to_owned()))
    }

    async fn pay(&self, checkout_url: &str) -> Result<(), Failed> {
        let path = checkout_url.find("/checkout/").and_then(|at| checkout_url.get(at..));
        let path = path.ok_or_else(|| Failed::new(format!("no checkout at {checkout_url}")))?;
        let form = format!("card_number={GOOD_CARD}");
        let request = self.sandbox.request(&format!("POST {path}"), FORM, &form);
        let (status, _) = self.sandbox.ask(&request).await?;
        expect((200..400).contains(&status), || format!("the payment was answered {status}"))
    }
}

#[async_trait]
impl Way for Travellers {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        match self.hold(order).await? {
            Ok(url) => self.pay(&url).await.map(|()| Sale::Booked),
            Err(409) => Ok(Sale::SoldOut),
            Err(429 | 503) => Ok(Sale::Later),
            Err(status) => Err(Failed::new(format!("a hold was answered {status}"))),
        }
    }
}
