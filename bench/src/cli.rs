//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum as _};
use e2e::failed::{Failed, expect};

use crate::{conditions::Origin, figure::Figure, ground::Servers, how::How, http, http::site, kind::Kind};

/// Measures Vacancy beside honest baselines that write the same rows.
#[derive(Debug, Parser)]
#[command(name = "bench", after_help = HELP)]
pub struct Cli {
    /// Which; all if none is named.
    figures: Vec<Figure>,
    /// Say what can be measured, and end.
    #[arg(long)]
    list: bool,
    /// Rounds of each way at each number of clients; medians are told.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a round lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many wait for an answer at once.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64, 256, 1_024, 4_096])]
    clients: Vec<usize>,
    /// Only these ways.
    #[arg(long, value_delimiter = ',')]
    ways: Vec<Kind>,
    /// How many bookings the burst has that `drain` times; else what ten seconds of one hot room leave, as last recorded.
    #[arg(long)]
    burst: Option<usize>,
    /// Where everything is: written by `cargo xtask up`.
    #[arg(long, default_value = ".vacancy-bench/endpoints.json")]
    endpoints: PathBuf,
    /// Where the results go: a table, a chart, and every round as JSON.
    #[arg(long, default_value = "bench/results")]
    results: PathBuf,
    /// Answer over HTTP for one way, on what another bench has made: it starts its baselines so.
    #[arg(long, hide = true)]
    serve: Option<String>,
    #[command(flatten)]
    servers: Servers,
}

const HELP: &str = "\
Through xtask, which builds in release and starts what is needed on an instance of its own:
    cargo xtask bench                                   everything; some hours
    cargo xtask bench --list                            what there is
    cargo xtask bench hot-room                          one figure, about 40 minutes
    cargo xtask bench hot-room --rounds 3 --seconds 5   sooner, and less sure
    cargo xtask bench hot-room --clients 1024 --ways a,ours

A round empties the tables, starts one way, lets the clients book, and compares what was acknowledged with the bookings and
the nights in MySQL: a difference ends the run. Ways run in turn, so that whatever else the machine does meets all of them.
A refusal is never counted as a booking. A figure that fails is told once more at the end, with code 1; the others are
measured all the same. Leave the machine alone meanwhile.";

/// Does what the command line says.
pub async fn run(cli: Cli) -> Result<(), Failed> {
    if let Some(way) = &cli.serve {
        return site::serve(&cli.servers, way).await;
    }
    if cli.list {
        for figure in Figure::value_variants() {
            e2e::say!("{:<18} {}", figure.name(), figure.title());
        }
        return Ok(());
    }
    let ways = if cli.ways.is_empty() { Kind::ALL.to_vec() } else { cli.ways };
    let figures = if cli.figures.is_empty() { Figure::value_variants().to_vec() } else { cli.figures };
    let how = How {
        endpoints: cli.endpoints,
        results: cli.results,
        origin: Origin::here(),
        servers: cli.servers,
        ways,
        clients: cli.clients,
        rounds: cli.rounds.max(1),
        seconds: cli.seconds.max(1),
        burst: cli.burst,
    };
    // Said now, not hours from now.
    if figures.contains(&Figure::HotRoomHttp) {
        http::possible(&how)?;
    }
    all(&figures, &how).await
}

/// One after the other: what fails is told at once and again at the end, and keeps none of the others from being measured.
async fn all(figures: &[Figure], how: &How) -> Result<(), Failed> {
    let mut failures = Vec::new();
    for figure in figures {
        if let Err(failed) = figure.measure(how).await {
            e2e::note!("FAILED: {}: {failed}", figure.name());
            failures.push((*figure, failed));
        }
    }
    expect(failures.is_empty(), || in_words(&failures, figures.len()))
}

/// Every figure that failed, and why.
fn in_words(failures: &[(Figure, Failed)], of: usize) -> String {
    let each = failures.iter().map(|(figure, failed)| format!("\n  {}: {failed}", figure.name()));
    format!("{} of {of} figures:{}", failures.len(), each.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_that_failed_is_named_with_its_reason() {
        let failures =
            [(Figure::HotRoom, Failed::new("no server")), (Figure::HoldEnds, Failed::new("no Redis"))];
        assert_eq!(in_words(&failures, 15), "2 of 15 figures:\n  hot-room: no server\n  hold-ends: no Redis");
    }

    #[tokio::test]
    async fn a_figure_that_fails_keeps_none_of_the_others_from_being_measured() {
        let nowhere = ["bench", "steady", "drain", "--endpoints", "/nowhere/endpoints.json"];
        let failed = run(Cli::parse_from(nowhere)).await.unwrap_err().to_string();
        assert!(failed.contains("\n  steady: ") && failed.contains("\n  drain: "), "{failed}");
    }
}
