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
mod processes;
mod promises;
mod proxy;
pub(crate) mod results;
mod run;
mod schedule;
mod snapshot;

use std::time::{Duration, Instant};

use e2e::{failed::Failed, world::World};
use load::Load;

/// How long a server stays away.
const AWAY: Duration = Duration::from_secs(10);
/// How long the load runs before and after each fault, so that there is work under way.
const BETWEEN: Duration = Duration::from_secs(2);

const SERVERS: [&str; 7] =
    ["redis", "kafka", "elasticsearch", "cassandra", "greenmail", "mysql-hotel", "mysql-booking"];
const SERVICES: [&str; 7] = [
    "booking-service",
    "hotel-service",
    "search-service",
    "booking-mgmt-service",
    "archival-service",
    "notification-service",
    "payment-sandbox",
];

/// Breaks one thing after the other and heals it; then checks every acknowledgement and every invariant.
pub(crate) async fn run(world: &World, only: Option<&str>) -> Result<(), Failed> {
    let chosen = |name: &&str| only.is_none_or(|one| one == *name);
    let load = Load::start(world).await?;
    let mut count = 0;
    for server in SERVERS.into_iter().filter(chosen) {
        under(world, &load, &format!("{server} away for {} s", AWAY.as_secs()), away(world, server)).await?;
        count += 1;
    }
    for service in SERVICES.into_iter().filter(chosen) {
        under(world, &load, &format!("{service} killed"), killed(world, service)).await?;
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

async fn away(world: &World, server: &str) -> Result<(), Failed> {
    world.xtask(&["stack", "stop-server", server]).await?;
    tokio::time::sleep(AWAY).await;
    world.xtask(&["stack", "start-server", server]).await
}

async fn killed(world: &World, service: &str) -> Result<(), Failed> {
    world.xtask(&["service", "stop", service, "--kill"]).await?;
    world.xtask(&["service", "start", service]).await
}
