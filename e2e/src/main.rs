//! The product from outside: the journey, the operator's commands, the authorisation matrix, the faults. Imports nothing
//! of it: speaks HTTP, runs the operator's binary, and looks into the stores itself.

mod authz;
mod cli;
mod faults;
mod gateway;
mod journey;
mod operator;
mod steps;

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
