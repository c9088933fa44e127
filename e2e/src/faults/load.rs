//! A few travellers who book, pay, cancel or walk away, and remember every acknowledgement.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{failed::Failed, http::text, people::Person, sandbox::GOOD_CARD, world::World};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Travellers at once.
const TRAVELLERS: usize = 6;
/// A traveller gives up on one request after this, and says so: an outage lasts ten seconds and some for the restart.
const PATIENCE: Duration = Duration::from_secs(90);
/// One try: a server that does not answer is asked again.
const ANSWER: Duration = Duration::from_secs(15);
/// Between two bookings of a traveller: the load is small, the faults are what is looked at.
const PACE: Duration = Duration::from_millis(250);
/// Nights to ask for, so that a run does not sell everything out.
const NIGHTS: usize = 300;
/// Between two tries of the same request.
const AGAIN: Duration = Duration::from_millis(300);

/// What was acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Booking id, client reference, traveller's token.
    pub(crate) booked: Vec<(String, String, String)>,
    pub(crate) paid: usize,
    pub(crate) cancelled: usize,
    pub(crate) refused: usize,
}

#[derive(Debug, Default)]
struct Shared {
    told: Mutex<Told>,
    stop: AtomicBool,
    acknowledged: AtomicUsize,
    failed_tries: AtomicUsize,
}

/// The load while it runs.
#[derive(Debug)]
pub(crate) struct Load {
    shared: Arc<Shared>,
    travellers: Vec<JoinHandle<Result<(), Failed>>>,
}

/// A hotel, room and night to ask for.
#[derive(Debug, Clone)]
struct Target {
    hotel_id: String,
    room_id: String,
}

impl Load {
    /// Finds rooms by search and lets the travellers begin.
    pub(crate) async fn start(world: &World) -> Result<Self, Failed> {
        let found = world.get("/v1/search?q=hotel&page_size=50").expect(200).await?;
        let target = |item: &Value| Target {
            hotel_id: text(item, "/hotel_id").to_owned(),
            room_id: text(item, "/room/room_id").to_owned(),
        };
        let targets: Arc<Vec<Target>> = Arc::new(found.items().iter().map(target).collect());
        e2e::failed::expect(!targets.is_empty(), || {
            "no hotel to book in; `cargo xtask up` makes some".to_owned()
        })?;
        let start = crate::journey::Stay::in_days(world, 20, 1).await?.start;
        let shared = Arc::new(Shared::default());
        let client = Client::builder().timeout(ANSWER).redirect(reqwest::redirect::Policy::none()).build()?;
        let mut travellers = Vec::new();
        for number in 0..TRAVELLERS {
            let one = Traveller {
                world: World { client: client.clone(), ..world.clone() },
                targets: Arc::clone(&targets),
                start,
                shared: Arc::clone(&shared),
            };
            travellers.push(tokio::spawn(one.live(number)));
        }
        Ok(Self { shared, travellers })
    }

    /// Bookings acknowledged and tries that failed, until now.
    pub(crate) fn so_far(&self) -> (usize, usize) {
        (self.shared.acknowledged.load(Ordering::Relaxed), self.shared.failed_tries.load(Ordering::Relaxed))
    }

    /// Lets the travellers end what they are at.
    pub(crate) async fn finish(self) -> Result<Told, Failed> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for traveller in self.travellers {
            traveller.await.map_err(|error| Failed::new(error.to_string()))??;
        }
        Ok(std::mem::take(&mut *self.shared.told.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// One of them: a new person for each booking, for three open holds are the most.
struct Traveller {
    world: World,
    targets: Arc<Vec<Target>>,
    start: chrono::NaiveDate,
    shared: Arc<Shared>,
}

impl Traveller {
    async fn live(self, number: usize) -> Result<(), Failed> {
        let mut round = 0;
        while !self.shared.stop.load(Ordering::Relaxed) {
            let person = Person::new(&self.world, "traveller")?;
            self.once(number + round * TRAVELLERS, &person).await?;
            round += 1;
            tokio::time::sleep(PACE).await;
        }
        Ok(())
    }

    /// Books; then every third pays, every third pays and cancels, every third walks away.
    async fn once(&self, turn: usize, person: &Person) -> Result<(), Failed> {
        let reference = Uuid::from_u128(rand::random()).simple().to_string();
        let Some(booking) = self.book(turn, person, &reference).await? else { return Ok(()) };
        let id = text(&booking, "/booking_id").to_owned();
        self.remember(|told| told.booked.push((id.clone(), reference.clone(), person.token.clone())));
        self.shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        if turn % 3 == 2 {
            return Ok(());
        }
        self.pay(text(&booking, "/checkout/url")).await;
        self.remember(|told| told.paid += 1);
        if turn % 3 == 1 {
            let path = format!("/v1/bookings/{id}/cancellation");
            if self.post(&path, person, &reference, &json!({})).await?.0 == 200 {
                self.remember(|told| told.cancelled += 1);
            }
        }
        Ok(())
    }

    /// 201, or none when the room is sold out or restricted.
    async fn book(&self, turn: usize, person: &Person, reference: &str) -> Result<Option<Value>, Failed> {
        let Some(target) = self.targets.get(turn % self.targets.len()) else { return Ok(None) };
        let start = self
            .start
            .checked_add_days(chrono::Days::new(u64::try_from(turn % NIGHTS).unwrap_or(0)))
            .unwrap_or(self.start);
        let end = start.succ_opt().unwrap_or(start);
        let body = json!({"hotel_id": target.hotel_id, "start_date": start, "end_date": end, "client_reference": reference,
            "lines": [{"room_id": target.room_id, "quantity": 1, "adults": 1}],
            "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": person.email}});
        let (status, answer) = self.post("/v1/bookings", person, reference, &body).await?;
        match status {
            201 => Ok(Some(answer)),
            409 | 422 => {
                self.remember(|told| told.refused += 1);
                Ok(None)
            }
            _ => Err(Failed::new(format!("a booking was answered with {status}: {answer}"))),
        }
    }

    /// The same request with the same key until it is answered for good, as a client is told to do.
    async fn post(
        &self,
        path: &str,
        person: &Person,
        key: &str,
        body: &Value,
    ) -> Result<(u16, Value), Failed> {
        let url = format!("{}{path}", self.world.endpoints.gateway);
        let end = Instant::now() + PATIENCE;
        loop {
            let call = self.world.client.request(Method::POST, &url).bearer_auth(&person.token);
            let last = match call.header("Idempotency-Key", key).json(body).send().await {
                Ok(answer) if !to_be_tried_again(answer.status().as_u16()) => {
                    let status = answer.status().as_u16();
                    let text = answer.text().await?;
                    return Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))));
                }
                Ok(answer) => answer.status().to_string(),
                Err(error) => error.to_string(),
            };
            self.shared.failed_tries.fetch_add(1, Ordering::Relaxed);
            e2e::failed::expect(Instant::now() < end, || {
                format!("POST {path} never succeeded; last: {last}")
            })?;
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Pays at the page; while the provider is away the traveller does not.
    async fn pay(&self, url: &str) {
        let _away_is_fine = self.world.client.post(url).form(&[("card_number", GOOD_CARD)]).send().await;
    }

    fn remember(&self, what: impl FnOnce(&mut Told)) {
        what(&mut self.shared.told.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// In work elsewhere, too many, or not there now: with the same key, again.
fn to_be_tried_again(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}
