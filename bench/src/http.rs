//! One hot room over HTTP: ours as it runs, the baselines on the same server kit in a process of their own, and hello-JSON,
//! which is all that this stack can answer; the same clients for each, at each number of them.

mod callers;
mod child;
mod connections;
mod product;
mod remote;
mod report;
pub(crate) mod site;

use std::{sync::Arc, time::Duration};

use e2e::{
    failed::{Failed, expect},
    world::World,
};

use self::{child::Child, remote::Remote};
use crate::{
    compare::{Hellos, Round, Rounds, bar, few_failed, verified},
    ground::Ground,
    how::How,
    kind::Kind,
    load::{self, Count},
    machine,
    orders::{Choice, Orders},
    scene::Scene,
    way::Way,
};

pub(crate) use self::{callers::Callers, connections::Connections, product::Product, remote::sale};

/// What else is open: pools, the servers of this process, its files.
const OTHER_FILES: usize = 500;

/// Where rounds run.
struct OverHttp<'a> {
    world: &'a World,
    product: Arc<Product>,
    ground: &'a mut Ground,
    long: Duration,
}

/// Rounds of hello-JSON and of each way in turn, at each number of clients.
pub(crate) async fn measure(world: &World, ground: &mut Ground, how: &How) -> Result<(), Failed> {
    let product = Product::make(world).await?;
    let mut over_http = OverHttp { world, product, ground, long: how.long() };
    let (mut rounds, mut hellos) = (Rounds::new(), Hellos::new());
    let bar = bar(how.clients.len() * how.rounds * (how.ways.len() + 1));
    for clients in &how.clients {
        for _ in 0..how.rounds {
            bar.set_message(format!("hello-JSON with {clients} clients"));
            hellos.entry(*clients).or_default().push(over_http.hello(*clients).await?);
            bar.inc(1);
            for way in &how.ways {
                bar.set_message(format!("{} with {clients} clients", way.name()));
                let round = over_http.round(*way, *clients).await;
                let round = round
                    .map_err(|failed| Failed::new(format!("{}, {clients} clients: {failed}", way.name())))?;
                rounds.entry((*clients, *way)).or_default().push(round);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    report::write(how, over_http.ground, &rounds, &hellos)
}

/// Said before the first figure, not in the last round: the rounds have nights, and the clients sockets. Those of ours stay open while a
/// baseline has as many.
pub(crate) fn possible(how: &How) -> Result<(), Failed> {
    let rounds = how.clients.len() * how.rounds;
    expect(rounds <= Product::ROUNDS, || {
        format!("the product has nights for {} rounds of ours, not for {rounds}", Product::ROUNDS)
    })?;
    let most = how.clients.iter().copied().max().unwrap_or(0);
    let wanted = most.saturating_mul(2).saturating_add(OTHER_FILES);
    let may = machine::open_files();
    expect(may.is_none_or(|may| may >= wanted), || {
        format!(
            "{most} clients need {wanted} open files here and in booking-service: `ulimit -n {wanted}`, \
             `cargo xtask --instance bench down`, and again"
        )
    })
}

impl OverHttp<'_> {
    async fn round(&mut self, way: Kind, clients: usize) -> Result<Round, Failed> {
        let count = match way {
            Kind::Ours => self.ours(clients).await?,
            Kind::OneByOne | Kind::A | Kind::B | Kind::Procedure | Kind::C | Kind::D => {
                self.baseline(way, clients).await?
            }
        };
        Ok(Round::of(&count))
    }

    fn orders(&self) -> Arc<Orders> {
        let nights = Choice::Uniform(Scene::HOT.nights);
        Arc::new(Orders::new(&self.ground.rooms, self.ground.first, nights))
    }

    /// A round of a route that does nothing.
    async fn hello(&mut self, clients: usize) -> Result<Round, Failed> {
        self.ground.set(&Scene::HOT).await?;
        let child = Child::start(self.ground, "hello").await?;
        let way: Arc<dyn Way> = Arc::new(Remote::hello(&child.address));
        let count = load::closed(&way, &self.orders(), clients, self.long).await?;
        expect(count.failed == 0, || format!("hello, {clients} clients: {:?}", count.failure))?;
        Ok(Round::of(&count))
    }

    async fn baseline(&mut self, kind: Kind, clients: usize) -> Result<Count, Failed> {
        self.ground.set(&Scene::HOT).await?;
        let child = Child::start(self.ground, &kind.word()).await?;
        let way: Arc<dyn Way> = Arc::new(Remote::bookings(&child.address));
        let count = load::closed(&way, &self.orders(), clients, self.long).await?;
        way.finish().await?;
        verified(self.ground, &count).await?;
        Ok(count)
    }

    /// The running product: nights of their own in each round, whose totals the manager's calendar tells.
    async fn ours(&self, clients: usize) -> Result<Count, Failed> {
        self.product.next_nights();
        let way: Arc<dyn Way> = self.product.clone();
        let count = load::closed(&way, &self.orders(), clients, self.long).await?;
        few_failed(&count)?;
        let sold = self.product.sold(self.world).await?;
        let (least, most) = (count.booked(), count.booked() + count.failed);
        expect((least..=most).contains(&sold), || {
            format!("{least} to {most} acknowledged, {sold} sold: {:?}", count.failure)
        })?;
        Ok(count)
    }
}
