//! A site of the bench as its clients see it.

use async_trait::async_trait;
use e2e::failed::{Failed, expect};

use super::connections::{Connections, JSON};
use crate::{
    order::Order,
    way::{Sale, Way},
};

pub(super) struct Remote {
    connections: Connections,
    /// A request that says nothing, in place of orders.
    hello: Option<String>,
}

impl Remote {
    /// Whose clients order.
    pub(super) fn bookings(address: &str) -> Self {
        Self { connections: Connections::to(address), hello: None }
    }

    /// Whose clients only greet.
    pub(super) fn hello(address: &str) -> Self {
        let connections = Connections::to(address);
        let hello = Some(connections.request("GET /hello", "", ""));
        Self { connections, hello }
    }
}

#[async_trait]
impl Way for Remote {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        let status = if let Some(hello) = &self.hello {
            self.connections.call(hello).await?
        } else {
            let body = serde_json::to_string(order)?;
            self.connections.call(&self.connections.request("POST /bookings", JSON, &body)).await?
        };
        sale(status)
    }

    async fn finish(&self) -> Result<(), Failed> {
        let status = self.connections.call(&self.connections.request("POST /finish", "", "")).await?;
        expect(status == 204, || format!("finish answered {status}"))
    }
}

/// What a status says of an order.
pub(crate) fn sale(status: u16) -> Result<Sale, Failed> {
    match status {
        200 | 201 => Ok(Sale::Booked),
        409 => Ok(Sale::SoldOut),
        503 => Ok(Sale::Later),
        other => Err(Failed::new(format!("answered {other}"))),
    }
}
