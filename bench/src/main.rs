//! Figures of Vacancy: ours beside honest baselines, in process and over HTTP, verified after each round.

mod budget;
mod chart;
mod cli;
mod compare;
mod comparison;
mod drain;
mod figure;
mod figures;
mod freshness;
mod ground;
mod half_peak;
mod hotel;
mod how;
mod http;
mod kind;
mod lifecycles;
mod load;
mod machine;
mod order;
mod orders;
mod processor;
mod report;
mod request;
mod scene;
mod told;
mod way;
mod ways;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            e2e::note!("FAILED: {failed}");
            ExitCode::FAILURE
        }
    }
}
