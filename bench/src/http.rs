//! One hot room over HTTP: ours as it runs, the baselines on the same server kit in a process of their own, and hello-JSON,
//! which is all that this stack can answer; the same clients for each.

mod callers;
mod child;
mod connections;
mod product;
mod remote;
pub(crate) mod site;

use std::{sync::Arc, time::Duration};

use e2e::{
    failed::{Failed, expect},
    world::World,
};

use self::{child::Child, remote::Remote};
use crate::{
    compare::{Round, Rounds, bar, verified},
    figures::{median, ratio},
    ground::Ground,
    how::How,
    kind::Kind,
    load::{self, Count},
    machine::Machine,
    orders::{Choice, Orders},
    report::{Report, against},
    scene::Scene,
    way::Way,
};

pub(crate) use self::{
    callers::Callers,
    connections::Connections,
    product::Product,
    remote::sale,
};

/// As `wrk` is run by custom.
const CLIENTS: usize = 512;

/// Rounds of hello-JSON and of each way in turn.
pub(crate) async fn measure(world: &World, ground: &mut Ground, how: &How) -> Result<(), Failed> {
    let (long, clients) = (how.long(), how.clients_up_to(CLIENTS));
    let product = Product::make(world).await?;
    let (mut rounds, mut hellos) = (Rounds::new(), Vec::new());
    let bar = bar(how.rounds * (how.ways.len() + 1));
    for _ in 0..how.rounds {
        bar.set_message("hello-JSON");
        hellos.push(hello(ground, clients, long).await?);
        bar.inc(1);
        for way in &how.ways {
            bar.set_message(way.name());
            let count = match way {
                Kind::Ours => ours(world, &product, ground, clients, long).await?,
                Kind::OneByOne | Kind::A | Kind::B | Kind::Procedure | Kind::C | Kind::D => {
                    baseline(ground, *way, clients, long).await?
                }
            };
            rounds.entry((clients, *way)).or_default().push(Round::of(&count));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    written(how, ground, &rounds, (clients, median(&hellos)))
}

fn written(
    how: &How,
    ground: &Ground,
    rounds: &Rounds,
    (clients, hello): (usize, u64),
) -> Result<(), Failed> {
    let ours =
        crate::compare::middle(rounds, (clients, Kind::Ours), |round| round.bookings_per_s).unwrap_or(0);
    let mut notes = against(rounds, clients);
    notes.push(format!("* hello-JSON: {hello}/s; ours / hello-JSON: {}", ratio(ours, hello)));
    let report = Report {
        name: "hot-room-http",
        title: "One hot room, over HTTP",
        rounds,
        machine: &Machine::this(),
        durability: &ground.durability,
        seconds: how.seconds,
        notes,
    };
    report.write(&how.results)
}

fn orders(ground: &Ground) -> Arc<Orders> {
    Arc::new(Orders::new(&ground.rooms, ground.first, Choice::Uniform(Scene::HOT.nights)))
}

/// Answers per second of a route that does nothing.
async fn hello(ground: &mut Ground, clients: usize, long: Duration) -> Result<u64, Failed> {
    ground.set(&Scene::HOT).await?;
    let child = Child::start(ground, "hello").await?;
    let way: Arc<dyn Way> = Arc::new(Remote::hello(&child.address));
    let count = load::closed(&way, &orders(ground), clients, long).await?;
    expect(count.failed == 0, || format!("hello failed: {:?}", count.failure))?;
    Ok(count.rate())
}

async fn baseline(ground: &mut Ground, kind: Kind, clients: usize, long: Duration) -> Result<Count, Failed> {
    ground.set(&Scene::HOT).await?;
    let child = Child::start(ground, &kind.word()).await?;
    let way: Arc<dyn Way> = Arc::new(Remote::bookings(&child.address));
    let count = load::closed(&way, &orders(ground), clients, long).await?;
    way.finish().await?;
    verified(ground, &count).await?;
    Ok(count)
}

/// The running product: nights of their own in each round, whose totals the manager's calendar tells.
async fn ours(
    world: &World,
    product: &Arc<Product>,
    ground: &Ground,
    clients: usize,
    long: Duration,
) -> Result<Count, Failed> {
    product.next_nights();
    let way: Arc<dyn Way> = product.clone();
    let count = load::closed(&way, &orders(ground), clients, long).await?;
    let sold = product.sold(world).await?;
    let (least, most) = (count.booked(), count.booked() + count.failed);
    expect((least..=most).contains(&sold), || {
        format!("{least} to {most} acknowledged, {sold} sold: {:?}", count.failure)
    })?;
    Ok(count)
}
