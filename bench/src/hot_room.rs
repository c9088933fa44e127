//! One hot room: bookings per second at so many clients, beside hello-JSON on the same service in the same run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{
    failed::{Failed, expect},
    people::Person,
    world::World,
};
use reqwest::Client;
use uuid::Uuid;

use crate::{
    figures::{Figures, median, micros, millis, percentile, ratio},
    hotel::Hotel,
};

/// Two nights are never booked by two rounds, so that each round's total can be verified alone.
const FIRST_NIGHT: u64 = 5;
/// As many units as a room may have: no round sells out.
const UNITS: u32 = 100_000;
/// Tokens in turn: a caller has a limit of requests, and one address may have only so many new tokens checked at once.
const CALLERS: usize = 200;

/// What to run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) clients: usize,
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
    pub(crate) through_gateway: bool,
}

/// What a round counted.
#[derive(Debug, Default)]
struct Round {
    acknowledged: u64,
    others: u64,
    latencies: Vec<u64>,
}

/// Rounds of bookings and of hello-JSON in turn; the medians.
pub(crate) async fn measure(world: &World, plan: &Plan) -> Result<Figures, Failed> {
    let hotel = Arc::new(Hotel::make(world, UNITS).await?);
    let callers: Vec<Person> =
        (0..CALLERS).map(|_| Person::new(world, "channel")).collect::<Result<_, _>>()?;
    let callers = Arc::new(callers);
    let (mut bookings, mut hellos, mut latencies, mut others) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for round in 0..plan.rounds {
        let night = FIRST_NIGHT + u64::try_from(round).unwrap_or(0);
        let hello = hello_round(world, plan).await?;
        let booked = booking_round(world, plan, &hotel, &callers, night).await?;
        let sold = hotel.sold(world, night).await?;
        expect(u64::try_from(sold).is_ok_and(|sold| sold == booked.acknowledged), || {
            format!("round {round}: {} acknowledged, {sold} sold", booked.acknowledged)
        })?;
        e2e::say!(
            "round {}: {} bookings/s, {} hellos/s, totals agree",
            round + 1,
            booked.acknowledged / plan.seconds,
            hello / plan.seconds
        );
        bookings.push(booked.acknowledged / plan.seconds);
        hellos.push(hello / plan.seconds);
        latencies.extend(booked.latencies);
        others += booked.others;
    }
    Ok(told(plan, &bookings, &hellos, &latencies, others))
}

fn told(plan: &Plan, bookings: &[u64], hellos: &[u64], latencies: &[u64], others: u64) -> Figures {
    let mut figures = Figures::default();
    let way = if plan.through_gateway { "through the gateway" } else { "straight to booking-service" };
    figures.tell(
        "rounds, seconds each, clients",
        format!("{}, {}, {} {way}", plan.rounds, plan.seconds, plan.clients),
    );
    figures.tell("bookings/s on one room, median", median(bookings).to_string());
    figures.tell("hello-JSON/s in the same run, median", median(hellos).to_string());
    figures.tell("bookings / hello-JSON", ratio(median(bookings), median(hellos)));
    figures.tell("latency p50", millis(median(latencies)));
    figures.tell("latency p99", millis(percentile(latencies, 99)));
    figures.tell("answers that were no booking (not counted)", others.to_string());
    figures
}

async fn booking_round(
    world: &World,
    plan: &Plan,
    hotel: &Arc<Hotel>,
    callers: &Arc<Vec<Person>>,
    night: u64,
) -> Result<Round, Failed> {
    let base = if plan.through_gateway {
        world.endpoints.gateway.clone()
    } else {
        world.service("booking-service")?.to_owned()
    };
    let body = Arc::new(hotel.booking(night, "ada@bench.example").to_string());
    let next = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    let mut clients = Vec::new();
    for _ in 0..plan.clients {
        let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
        let buyer = Buyer {
            client,
            url: format!("{base}/v1/bookings"),
            body: Arc::clone(&body),
            callers: Arc::clone(callers),
            next: Arc::clone(&next),
        };
        clients.push(tokio::spawn(buyer.buy(end)));
    }
    let mut sum = Round::default();
    for client in clients {
        let one = client.await.map_err(|error| Failed::new(error.to_string()))?;
        sum.acknowledged += one.acknowledged;
        sum.others += one.others;
        sum.latencies.extend(one.latencies);
    }
    Ok(sum)
}

struct Buyer {
    client: Client,
    url: String,
    body: Arc<String>,
    callers: Arc<Vec<Person>>,
    next: Arc<AtomicU64>,
}

impl Buyer {
    async fn buy(self, end: Instant) -> Round {
        let mut round = Round::default();
        while Instant::now() < end {
            let turn = usize::try_from(self.next.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
            let Some(caller) = self.callers.get(turn % self.callers.len()) else { break };
            let began = Instant::now();
            let call = self
                .client
                .post(&self.url)
                .bearer_auth(&caller.token)
                .header("Content-Type", "application/json");
            let key = Uuid::from_u128(rand::random()).to_string();
            let answer = call.header("Idempotency-Key", key).body(self.body.as_str().to_owned()).send().await;
            let booked = match answer {
                Ok(answer) => answer.status().as_u16() == 201 && answer.bytes().await.is_ok(),
                Err(_) => false,
            };
            if booked {
                round.acknowledged += 1;
                round.latencies.push(micros(began.elapsed()));
            } else {
                round.others += 1;
            }
        }
        round
    }
}

/// `GET /healthz` with as many clients: what this stack and machine can answer at all.
async fn hello_round(world: &World, plan: &Plan) -> Result<u64, Failed> {
    let url = format!("{}/healthz", world.service("booking-service")?);
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    let mut clients = Vec::new();
    for _ in 0..plan.clients {
        let (client, url) = (Client::builder().timeout(Duration::from_secs(30)).build()?, url.clone());
        clients.push(tokio::spawn(async move {
            let mut count = 0u64;
            while Instant::now() < end {
                if let Ok(answer) = client.get(&url).send().await
                    && answer.bytes().await.is_ok()
                {
                    count += 1;
                }
            }
            count
        }));
    }
    let mut sum = 0;
    for client in clients {
        sum += client.await.map_err(|error| Failed::new(error.to_string()))?;
    }
    Ok(sum)
}
