//! Faults under a small load of bookings: servers stopped for ten seconds, services killed; then nothing is missing.

pub(crate) mod args;
pub(crate) mod campaign;
mod checker;
mod clients;
mod clock;
mod dice;
mod history;
mod hotelier;
mod hotels;
mod load;
mod nemesis;
mod planted;
mod points;
mod processes;
mod promises;
mod proxy;
pub(crate) mod results;
mod run;
mod schedule;
mod snapshot;
mod taken;

use std::time::{Duration, Instant};

use e2e::{failed::Failed, world::World};
use futures::future::try_join_all;
use load::Load;

/// How long a server stays away.
const AWAY: Duration = Duration::from_secs(10);
/// How long the load runs before and after each fault, so that there is work under way.
const BETWEEN: Duration = Duration::from_secs(2);

/// Those of one line are away together, as where they share a machine: what only reads bookings, and what decides on them.
const SERVERS: [&[&str]; 5] = [
    &["redis"],
    &["kafka"],
    &["elasticsearch", "cassandra", "greenmail"],
    &["mysql-hotel"],
    &["mysql-booking"],
];
const SERVICES: [&[&str]; 2] = [
    &["booking-service"],
    &[
        "hotel-service",
        "search-service",
        "booking-mgmt-service",
        "archival-service",
        "notification-service",
        "payment-sandbox",
    ],
];

/// Breaks one thing after the other and heals it; then checks every acknowledgement and every invariant.
pub(crate) async fn run(world: &World, only: Option<&str>) -> Result<(), Failed> {
    let load = Load::start(world).await?;
    let mut count = 0;
    for servers in SERVERS.into_iter().filter_map(|together| chosen(together, only)) {
        let says = format!("{} away for {} s", servers.join(", "), AWAY.as_secs());
        under(world, &load, &says, away(world, &servers)).await?;
        count += 1;
    }
    for services in SERVICES.into_iter().filter_map(|together| chosen(together, only)) {
        let says = format!("{} killed", services.join(", "));
        under(world, &load, &says, killed(world, &services)).await?;
        count += 1;
    }
    e2e::failed::expect(count > 0, || format!("no fault {only:?}"))?;
    let told = load.finish().await?;
    e2e::say!(
        "{} bookings acknowledged, {} paid, {} cancelled, {} refused",
        told.booked.len(),
        told.paid,
        told.cancelled,
        told.refused
    );
    promises::nothing_is_missing(world, &told).await?;
    promises::holds_end(world).await?;
    world.audit().await?;
    e2e::say!("{count} passed, 0 failed");
    Ok(())
}

/// Those that are to be broken together; none if only another is.
fn chosen(together: &[&'static str], only: Option<&str>) -> Option<Vec<&'static str>> {
    let names: Vec<_> = together.iter().copied().filter(|name| only.is_none_or(|one| one == *name)).collect();
    (!names.is_empty()).then_some(names)
}

async fn under(
    world: &World,
    load: &Load,
    says: &str,
    fault: impl Future<Output = Result<(), Failed>>,
) -> Result<(), Failed> {
    tokio::time::sleep(BETWEEN).await;
    let (began, before) = (Instant::now(), load.so_far());
    fault.await?;
    let during = load.so_far();
    promises::answers(world).await?;
    tokio::time::sleep(BETWEEN).await;
    let after = load.so_far();
    e2e::say!(
        "{says:<34} {:>6.1} s   acknowledged: {} during, {} after; tries that failed: {}",
        began.elapsed().as_secs_f64(),
        during.0 - before.0,
        after.0 - during.0,
        after.1 - before.1
    );
    e2e::failed::expect(after.0 > during.0, || format!("{says}: no booking was acknowledged afterwards"))
}

async fn away(world: &World, servers: &[&str]) -> Result<(), Failed> {
    let each = |word: &'static str| servers.iter().map(move |server| ["stack", word, *server]);
    all(world, each("stop-server")).await?;
    tokio::time::sleep(AWAY).await;
    all(world, each("start-server")).await
}

async fn killed(world: &World, services: &[&str]) -> Result<(), Failed> {
    all(world, services.iter().map(|service| ["service", "stop", *service, "--kill"])).await?;
    all(world, services.iter().map(|service| ["service", "start", *service])).await
}

/// Side by side.
async fn all<const WORDS: usize>(
    world: &World,
    commands: impl Iterator<Item = [&str; WORDS]>,
) -> Result<(), Failed> {
    try_join_all(commands.map(|words| async move { world.xtask(&words).await })).await.map(drop)
}
