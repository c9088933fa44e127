//! The command line.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use e2e::{
    failed::{Failed, expect},
    world::World,
};

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
        /// Change nothing: fail if the page says anything else.
        #[arg(long)]
        check: bool,
    },
}

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> Result<(), Failed> {
    if let What::Report { results, page, check } = &cli.what {
        return report(results, page, *check);
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

/// Writes the page anew, or sees whether it is what it would be.
fn report(results: &Path, page: &Path, check: bool) -> Result<(), Failed> {
    let is = std::fs::read_to_string(page)?;
    let anew = Results::read(results)?.page_anew(&is)?;
    if !check {
        return Ok(std::fs::write(page, anew)?);
    }
    expect(is == anew, || {
        let (page, results) = (page.display(), results.display());
        format!("{page} is not what {results} gives: `cargo xtask faults --report` writes it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_what_the_results_give_is_found_and_left_alone() {
        let name = |end: &str| std::env::temp_dir().join(format!("report-{}-{end}", std::process::id()));
        let (results, page) = (name("faults.json"), name("page.md"));
        std::fs::write(&results, r#"{"runs": [], "planted": []}"#).unwrap();
        let old = "# A\n<!-- generated: faults -->\nold\n<!-- end: faults -->\n";
        std::fs::write(&page, old).unwrap();
        assert!(report(&results, &page, true).is_err());
        assert_eq!(std::fs::read_to_string(&page).unwrap(), old);
        report(&results, &page, false).unwrap();
        report(&results, &page, true).unwrap();
        std::fs::remove_file(results).unwrap();
        std::fs::remove_file(page).unwrap();
    }
}
