//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use e2e::{failed::Failed, world::World};

use crate::{
    authz,
    faults::{self, args::Args, campaign, results::Results},
    gateway, journey, operator,
};

/// Walks, probes and breaks a running Vacancy (`cargo xtask up` first).
#[derive(Debug, Parser)]
#[command(name = "e2e")]
pub(crate) struct Cli {
    #[command(subcommand)]
    what: What,
    /// Where everything is: written by `cargo xtask up`.
    #[arg(long, global = true, default_value = ".vacancy/endpoints.json")]
    endpoints: PathBuf,
    /// Which instance the faults stop and start.
    #[arg(long, global = true, default_value = "main")]
    instance: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The main job, step by step, each with its time; then the audit.
    Journey,
    /// The operator's commands (`vacancy admin ...`), each with its effect; then the audit.
    Operator,
    /// Every operation of openapi/vacancy.json x every wrong caller.
    Authz,
    /// Odd requests, byte for byte, and what the gateway says to them.
    Gateway,
    /// Servers stopped for 10 s, services killed, under a small load of bookings; then the audit.
    Outages {
        /// One fault only, such as redis or booking-service.
        #[arg(long)]
        only: Option<String>,
    },
    /// Two copies of booking-service under a load near sell-out and trouble from a seed; then a checker of its own, and the
    /// audit. `cargo xtask faults` starts it.
    Campaign(Args),
    /// The section of docs/PROMISES.md that is made of recorded results.
    Report {
        /// The results.
        results: PathBuf,
        /// The page.
        page: PathBuf,
    },
}

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> Result<(), Failed> {
    if let What::Report { results, page } = &cli.what {
        let text = Results::read(results)?.page_anew(&std::fs::read_to_string(page)?)?;
        return Ok(std::fs::write(page, text)?);
    }
    let world = World::read(&cli.endpoints, &cli.instance)?;
    match cli.what {
        What::Journey => journey::walk(&world).await,
        What::Operator => operator::walk(&world).await,
        What::Authz => authz::run(&world).await,
        What::Gateway => gateway::run(&world).await,
        What::Outages { only } => faults::run(&world, only.as_deref()).await,
        What::Campaign(args) => campaign::run(&world, &args).await,
        What::Report { .. } => Ok(()),
    }
}
