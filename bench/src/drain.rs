//! How fast readers drain what a burst on one hot room leaves in the log: time, and processor per event and process.
//!
//! Nothing is booked. The events are written as the relay would write them, about bookings that do not exist and a hotel made
//! for it, so that the readers alone are measured and not the core that feeds them.
//!
//! No booking of the burst ends. Of an ended one the archive's reader looks the row up in MySQL and wakes a job, which copies the
//! row to Cassandra: a booking that is not there would be looked for in Cassandra in vain, and nothing copied.

mod burst;
mod readers;
mod recorded;

use std::time::{Duration, Instant};

use e2e::{
    failed::{Failed, expect},
    world::World,
};
use events::{
    event_log::{EventLog, LanePublisher, NewRecord},
    kafka::{Kafka, KafkaSettings},
};
use indicatif::ProgressBar;

use self::readers::{Reader, Sample};
use crate::{
    compare::bar,
    figures::{Figures, micros},
    hotel::Hotel,
    how::How,
};

/// Records of one Kafka transaction: about what the relay publishes at once.
const PER_TRANSACTION: usize = 5_000;
/// Between two looks: the figure's grain.
const LOOK: Duration = Duration::from_millis(50);
/// Bookings of the burst where no run of `hot-room` is recorded.
const UNKNOWN: usize = 50_000;
/// Slower than this is not slow but broken.
const PATIENCE: Duration = Duration::from_mins(30);

/// What to publish.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Bookings of the burst: each is two events of its own, and one of its night.
    pub(crate) bookings: usize,
    /// Rooms that their nights belong to.
    pub(crate) rooms: usize,
    /// Events of rooms of one hotel.
    pub(crate) stock: usize,
}

impl Plan {
    /// As somebody said, else what ten seconds of one hot room leave in the log; and a change of a large hotel.
    pub(crate) fn of(how: &How) -> Self {
        let bookings = how.burst.or_else(|| recorded::ten_seconds(&how.results)).unwrap_or(UNKNOWN);
        Self { bookings, rooms: 1, stock: 5_000 }
    }
}

/// A topic's burst after the other; for each its readers side by side.
pub(crate) async fn measure(world: &World, plan: &Plan, figures: &mut Figures) -> Result<(), Failed> {
    let hotel = Hotel::make(world, 100_000).await?;
    let kafka =
        KafkaSettings::at(world.server("kafka_brokers")?).map_err(|error| Failed::new(error.to_string()))?;
    let publisher = Kafka::new(kafka).open_publisher("bench-drain").await;
    let publisher = publisher.map_err(|error| Failed::new(error.to_string()))?;
    figures.tell("bookings of the burst", plan.bookings.to_string());
    let bursts = [
        burst::of_bookings(&hotel, plan.bookings)?,
        burst::of_nights(&hotel, plan.bookings, plan.rooms)?,
        burst::of_stock(world, &hotel, plan.stock).await?,
    ];
    let bar = bar(bursts.len());
    for records in bursts {
        drain(world, &*publisher, records, (&bar, figures)).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn drain(
    world: &World,
    publisher: &dyn LanePublisher,
    records: Vec<NewRecord>,
    (bar, figures): (&ProgressBar, &mut Figures),
) -> Result<(), Failed> {
    let Some(topic) = records.first().map(|record| record.topic.clone()) else { return Ok(()) };
    let (readers, events) = (readers::of(&topic), records.len());
    bar.set_message(format!("{topic}: {events} events"));
    let mut before = Vec::new();
    for reader in &readers {
        before.push(reader.sample(world).await?);
    }
    let began = Instant::now();
    for some in records.chunks(PER_TRANSACTION) {
        publisher.publish(some.to_vec()).await.map_err(|error| Failed::new(error.to_string()))?;
    }
    let published = began.elapsed();
    bar.suspend(|| figures.tell(&format!("{topic}: {events} events published in"), seconds(published)));
    let all = readers.iter().zip(before).map(|(reader, before)| drained(world, reader, before, events));
    for (reader, drained) in readers.iter().zip(futures::future::try_join_all(all).await?) {
        let took = began.elapsed().min(drained.at.saturating_duration_since(began));
        bar.suspend(|| tell(figures, reader, (events, took, drained.busy)));
    }
    Ok(())
}

fn tell(figures: &mut Figures, reader: &Reader, (events, took, busy): (usize, Duration, Duration)) {
    let name = reader.name();
    figures.tell(&format!("{name}: drained after the first was published"), seconds(took));
    figures.tell(&format!("{name}: events/s"), per_second(events, took));
    figures.tell(&format!("{name}: processor per event, {}", reader.service), per_event(busy, events));
}

/// A reader that has handled all of it.
struct Drained {
    at: Instant,
    busy: Duration,
}

async fn drained(world: &World, reader: &Reader, before: Sample, events: usize) -> Result<Drained, Failed> {
    let began = Instant::now();
    loop {
        let sample = reader.sample(world).await?;
        expect(sample.refused == before.refused, || format!("{} refused events of the burst", reader.group))?;
        if sample.handled.saturating_sub(before.handled) >= u64::try_from(events).unwrap_or(u64::MAX) {
            return Ok(Drained { at: Instant::now(), busy: sample.busy.saturating_sub(before.busy) });
        }
        expect(began.elapsed() < PATIENCE, || format!("{} has not drained in half an hour", reader.group))?;
        tokio::time::sleep(LOOK).await;
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:02} s", time.as_secs(), time.subsec_millis() / 10)
}

fn per_second(events: usize, time: Duration) -> String {
    let events = u64::try_from(events).unwrap_or(u64::MAX);
    events.saturating_mul(1_000_000).checked_div(micros(time)).unwrap_or(0).to_string()
}

fn per_event(busy: Duration, events: usize) -> String {
    let events = u64::try_from(events).unwrap_or(u64::MAX);
    format!("{} us", micros(busy).checked_div(events).unwrap_or(0))
}
