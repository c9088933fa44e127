//! The hotels' side of a run: always one hotel ahead of the load, and a price that moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};
use serde_json::json;

use super::{
    history::{self, What, Writer},
    hotels::{Hotel, Hotels},
    snapshot::Database,
};

/// A price that moves: from here on, so many.
const PRICE_FROM: i64 = 10_000;
const PRICES: i64 = 997;
/// A price that has not arrived by then is left alone.
const PATIENCE: Duration = Duration::from_secs(45);
/// Between two prices, and between two looks whether another hotel is wanted.
const PAUSE: Duration = Duration::from_millis(700);
/// Between two looks at the stock: bookings that are asked for from then on pay the new price.
const LOOK: Duration = Duration::from_millis(20);

/// Who looks after the hotels.
#[derive(Debug)]
pub(crate) struct Hotelier {
    pub(crate) world: World,
    pub(crate) hotels: Arc<Hotels>,
    pub(crate) history: Arc<Writer>,
    pub(crate) database: Database,
    pub(crate) stop: Arc<AtomicBool>,
}

impl Hotelier {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Always one hotel ahead.
    pub(crate) async fn builds(self: Arc<Self>) -> Result<(), Failed> {
        while self.goes_on() {
            if self.hotels.wants_another() {
                // A fault may stand in its way: then again.
                let _again = self.hotels.add(&self.world, &self.history).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Moves a price, waits until it has arrived where bookings are decided, and moves it again.
    pub(crate) async fn reprices(self: Arc<Self>) -> Result<(), Failed> {
        let mut step = 0;
        while self.goes_on() {
            step = (step + 1) % PRICES;
            if let Some(hotel) = self.hotels.current() {
                self.reprice(&hotel, PRICE_FROM + step).await?;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn reprice(&self, hotel: &Hotel, price: i64) -> Result<(), Failed> {
        let (invoke, began) = (history::now(), Instant::now());
        let money = json!({"amount": price, "currency": "EUR"});
        let body = json!({"price_min": money, "price_max": money});
        let path = format!("/v1/hotels/{}/rooms/{}", hotel.id, hotel.moving);
        let (mut told, mut seen) = (false, false);
        while !seen && began.elapsed() < PATIENCE {
            if !told {
                let call = self.world.call(reqwest::Method::PATCH, &path).by(&hotel.manager);
                let answer = call.header("If-Match", "*").json(&body).send().await;
                told = answer.is_ok_and(|answer| answer.status == 200);
            }
            seen = told && self.database.price(hotel.moving).await.is_ok_and(|now| now == price);
            tokio::time::sleep(LOOK).await;
        }
        self.history.note(0, invoke, What::Price { room_id: hotel.moving, price, seen })
    }
}
