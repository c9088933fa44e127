//! A traveller's part: book through the gateway, pay at the checkout page.

use async_trait::async_trait;
use e2e::{
    failed::{Failed, expect},
    sandbox::GOOD_CARD,
    world::World,
};
use serde_json::Value;

use crate::{
    http::{Callers, Connections},
    order::Order,
    way::{Sale, Way},
};

/// So many that nobody has more than a few open holds at once.
const TRAVELLERS: usize = 5_000;
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\nAccept: text/html\r\n";

pub(super) struct Travellers {
    gateway: Connections,
    sandbox: Connections,
    callers: Callers,
}

impl Travellers {
    pub(super) fn new(world: &World) -> Result<Self, Failed> {
        let callers = Callers::new(world, "traveller", TRAVELLERS)?;
        let (gateway, sandbox) =
            (Connections::to(&world.endpoints.gateway), Connections::to(&world.endpoints.sandbox));
        Ok(Self { gateway, sandbox, callers })
    }

    /// Where the hold is paid; none if it is refused.
    async fn hold(&self, order: &Order) -> Result<Result<String, u16>, Failed> {
        let request = self.callers.hold(&self.gateway, order)?;
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
