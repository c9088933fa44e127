//! Figures of a running Vacancy: measured over HTTP, beside a baseline of the same run, verified after each round.

mod cli;
mod drain;
mod figures;
mod freshness;
mod hot_room;
mod hotel;

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
