//! The figures there are, and how each is measured.

use clap::ValueEnum;
use e2e::{failed::Failed, world::World};

use crate::{
    budget, comparison::Comparison, drain, figures::Figures, freshness, ground::Ground, half_peak, hold_ends,
    how::How, http, lifecycles, steady,
};

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Figure {
    /// One room that everybody wants, in process, at 1 to 4,096 clients.
    HotRoom,
    /// The same on a table of 1,000,000 bookings.
    HotRoomFilled,
    /// 10,000 rooms, each as wanted as the others, in process.
    Rooms,
    /// 10,000 rooms, the k-th with weight 1/k, in process.
    RoomsZipf,
    /// 30,000 rooms of one unit sold out, each asked for twice, in process.
    SingleUnits,
    /// A hotel of 7,000 units over 60 nights sold to the last, with a tenth more asked for, in process.
    Hotel,
    /// A room that is sold out: refusals per second and their p99, in process.
    Refusals,
    /// p99 at half of the most that each way does on one room, in process.
    HalfPeak,
    /// Where a booking's processor time goes, beside what was reckoned.
    Budget,
    /// One room over HTTP beside hello-JSON, at 1 to 4,096 clients.
    HotRoomHttp,
    /// A hold, paid, BOOKED, numbered, in Kafka, in search, mailed: per second, with each process's time.
    Lifecycles,
    /// 1,000 bookings a second over 10,000 rooms over HTTP, and how far each reader is behind.
    Steady,
    /// From the booking of a last room to its absence from search.
    Freshness,
    /// How late rooms of holds come back, with Redis healthy, killed, flushed, a provider that hangs, and 20,000 holds at once.
    HoldEnds,
    /// How fast each reader drains a burst on one room, and its processor. Its events are of bookings that do not exist: the audit
    /// of this instance fails afterwards.
    Drain,
}

/// Bookings whose way to search is timed.
const LOOKS: u32 = 200;
/// Clients who live lifecycles at once.
const LIVES_AT_ONCE: usize = 256;

impl Figure {
    /// The name of its files, and of itself on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// One line for lists and headings.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::HotRoom => "One hot room, in process",
            Self::HotRoomFilled => "One hot room, in process, 1,000,000 bookings in the table",
            Self::Rooms => "10,000 rooms, uniform, in process",
            Self::RoomsZipf => "10,000 rooms, Zipf, in process",
            Self::SingleUnits => "30,000 rooms of one unit sold out, in process",
            Self::Hotel => "7,000 units over 60 nights sold to the last, in process",
            Self::Refusals => "A room that is sold out, in process",
            Self::HalfPeak => "One hot room at half of the most, in process",
            Self::Budget => "Where a booking's processor time goes",
            Self::HotRoomHttp => "One hot room, over HTTP",
            Self::Lifecycles => "Whole lifecycles with everything alive",
            Self::Steady => "1,000 bookings a second with everything alive",
            Self::Freshness => "From a booking to search",
            Self::HoldEnds => "How late holds end",
            Self::Drain => "Readers behind a burst",
        }
    }

    /// What it compares, if it is a comparison in process.
    const fn comparison(self) -> Option<Comparison> {
        match self {
            Self::HotRoom => Some(Comparison::HOT_ROOM),
            Self::HotRoomFilled => Some(Comparison::HOT_ROOM_FILLED),
            Self::Rooms => Some(Comparison::ROOMS),
            Self::RoomsZipf => Some(Comparison::ROOMS_ZIPF),
            Self::SingleUnits => Some(Comparison::SINGLE_UNITS),
            Self::Hotel => Some(Comparison::HOTEL),
            Self::Refusals => Some(Comparison::REFUSALS),
            Self::HalfPeak
            | Self::Budget
            | Self::HotRoomHttp
            | Self::Lifecycles
            | Self::Steady
            | Self::Freshness
            | Self::HoldEnds
            | Self::Drain => None,
        }
    }

    /// Measures and writes it.
    pub(crate) async fn measure(self, how: &How) -> Result<(), Failed> {
        match self {
            Self::Steady | Self::Freshness | Self::HoldEnds | Self::Drain | Self::Lifecycles => {
                let (world, mut figures) = how.product().await?;
                self.of_the_product(how, &world, &mut figures).await?;
                figures.write(&how.results, &self.name())
            }
            Self::HotRoom
            | Self::HotRoomFilled
            | Self::Rooms
            | Self::RoomsZipf
            | Self::SingleUnits
            | Self::Hotel
            | Self::Refusals
            | Self::HalfPeak
            | Self::Budget
            | Self::HotRoomHttp => {
                let world = how.world();
                let mut ground = Ground::make(&how.servers, world.as_ref().ok()).await?;
                let done = self.on(&mut ground, world, how).await;
                ground.gone().await?;
                done
            }
        }
    }

    async fn of_the_product(self, how: &How, world: &World, figures: &mut Figures) -> Result<(), Failed> {
        match self {
            Self::Lifecycles => {
                let clients = how.clients_up_to(LIVES_AT_ONCE);
                lifecycles::measure(world, &how.endpoints, (clients, how.long()), figures).await
            }
            Self::Steady => steady::measure(world, &how.endpoints, how.long(), figures).await,
            Self::HoldEnds => hold_ends::measure(world, figures).await,
            Self::Drain => drain::measure(world, &drain::Plan::of(how), figures).await,
            Self::Freshness
            | Self::HotRoom
            | Self::HotRoomFilled
            | Self::Rooms
            | Self::RoomsZipf
            | Self::SingleUnits
            | Self::Hotel
            | Self::Refusals
            | Self::HalfPeak
            | Self::Budget
            | Self::HotRoomHttp => freshness::measure(world, LOOKS, figures).await,
        }
    }

    async fn on(self, ground: &mut Ground, world: Result<World, Failed>, how: &How) -> Result<(), Failed> {
        match self.comparison() {
            Some(comparison) => comparison.measure(ground, how, &self.name(), self.title()).await,
            None if self == Self::HotRoomHttp => http::measure(&world?, ground, how).await,
            None if self == Self::Budget => {
                let mut figures = how.figures(&ground.durability);
                budget::measure(ground, how.long(), &mut figures).await?;
                figures.write(&how.results, &self.name())
            }
            None => {
                let mut figures = how.figures(&ground.durability);
                half_peak::measure(ground, how, &mut figures).await?;
                figures.write(&how.results, &self.name())
            }
        }
    }
}
