//! How soon search follows: from the 201 of the booking that takes the last room to its absence from search.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use e2e::{
    failed::{Failed, expect},
    http::text,
    people::Person,
    world::World,
};
use indicatif::ProgressBar;
use uuid::Uuid;

use crate::{
    compare::bar,
    figures::{Figures, median, micros, millis, percentile},
    hotel::Hotel,
};

/// Slower than this is not late but broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks, where nothing else goes on: the figure's grain.
const LOOK: Duration = Duration::from_millis(5);

/// Books the one room of a hotel on as many nights, one after the other.
pub(crate) async fn measure(world: &World, bookings: u32, figures: &mut Figures) -> Result<(), Failed> {
    let bar = bar(usize::try_from(bookings).unwrap_or(usize::MAX));
    let times = times(world, LOOK, &AtomicBool::new(false), &bar).await?;
    figures.tell("bookings of a last room", times.len().to_string());
    figures.tell("booking to absence from search, p50", millis(median(&times)));
    figures.tell("booking to absence from search, p99", millis(percentile(&times, 99)));
    figures.tell("booking to absence from search, longest", millis(percentile(&times, 100)));
    Ok(())
}

/// How long each took, in microseconds, as many as the bar is long, until it is over. Who looks without a pause takes a processor
/// from what is looked at.
pub(crate) async fn times(
    world: &World,
    pause: Duration,
    over: &AtomicBool,
    bar: &ProgressBar,
) -> Result<Vec<u64>, Failed> {
    let hotel = Hotel::make(world, 1).await?;
    let search = world.service("search-service")?.to_owned();
    let mut times = Vec::new();
    for night in (1..=bar.length().unwrap_or(0)).take_while(|_| !over.load(Ordering::Relaxed)) {
        times.push(micros(one(world, &hotel, (&search, pause), night).await?));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(times)
}

async fn one(
    world: &World,
    hotel: &Hotel,
    (search, pause): (&str, Duration),
    night: u64,
) -> Result<Duration, Failed> {
    let (start, end) = (hotel.day(night), hotel.day(night + 1));
    let name = hotel.name.replace(' ', "+");
    let url = format!("{search}/v1/search?q={name}&start_date={start}&end_date={end}&adults=1");
    let offered = || async {
        let page = world.get(&url).expect(200).await?;
        Ok::<bool, Failed>(page.items().iter().any(|item| text(item, "/hotel_id") == hotel.id))
    };
    wait(true, pause, &offered).await?;
    let traveller = Person::new(world, "traveller")?;
    let key = Uuid::from_u128(rand::random()).to_string();
    let call = world.post("/v1/bookings").by(&traveller).key(&key);
    call.json(&hotel.booking(night, &traveller.email)).expect(201).await?;
    wait(false, pause, &offered).await
}

/// How long until the look says so.
async fn wait<F: Future<Output = Result<bool, Failed>>>(
    wanted: bool,
    pause: Duration,
    look: &impl Fn() -> F,
) -> Result<Duration, Failed> {
    let began = Instant::now();
    while look().await? != wanted {
        expect(began.elapsed() < PATIENCE, || {
            format!("search did not follow within {} s", PATIENCE.as_secs())
        })?;
        tokio::time::sleep(pause).await;
    }
    Ok(began.elapsed())
}
