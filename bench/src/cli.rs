//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use e2e::{failed::Failed, world::World};

use crate::{drain, freshness, hot_room};

/// Measures a running Vacancy. Bring it up optimised first: `cargo xtask up --release`.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Cli {
    #[command(subcommand)]
    what: What,
    /// Where everything is: written by `cargo xtask up`.
    #[arg(long, global = true, default_value = ".vacancy/endpoints.json")]
    endpoints: PathBuf,
    /// Where the results go, as JSON and as a Markdown table.
    #[arg(long, global = true, default_value = "bench/results")]
    results: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Bookings per second on one room, interleaved with a hello-JSON baseline; totals verified after each round.
    HotRoom {
        /// Clients at once.
        #[arg(long, default_value_t = 64)]
        clients: usize,
        /// Seconds per round.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Rounds of each; the median is told.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Through the gateway instead of straight to booking-service.
        #[arg(long)]
        through_gateway: bool,
    },
    /// From the 201 of the booking that takes the last room to its absence from search.
    Freshness {
        /// Bookings.
        #[arg(long, default_value_t = 200)]
        bookings: u32,
    },
    /// How fast each reader drains what a burst on one room leaves in the log, and the processor it takes. Nothing is booked:
    /// the events are of bookings that do not exist, so the audit of this instance fails afterwards.
    Drain {
        /// Bookings of the burst: each is two events of its own and one of its night.
        #[arg(long, default_value_t = 20_000)]
        bookings: usize,
        /// Rooms that the nights belong to. All but the first stay in the index, hidden.
        #[arg(long, default_value_t = 1)]
        rooms: usize,
        /// Events of rooms of one hotel.
        #[arg(long, default_value_t = 5_000)]
        stock: usize,
    },
}

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> Result<(), Failed> {
    let world = World::read(&cli.endpoints, "main")?;
    match cli.what {
        What::HotRoom { clients, seconds, rounds, through_gateway } => {
            let plan = hot_room::Plan { clients, seconds, rounds, through_gateway };
            hot_room::measure(&world, &plan).await?.write(&cli.results, "hot-room")
        }
        What::Freshness { bookings } => {
            freshness::measure(&world, bookings).await?.write(&cli.results, "freshness")
        }
        What::Drain { bookings, rooms, stock } => {
            let plan = drain::Plan { bookings, rooms, stock };
            drain::measure(&world, &plan).await?.write(&cli.results, "drain")
        }
    }
}
