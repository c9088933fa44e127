//! Measures.

use std::process::ExitCode;

use bench::cli::{Cli, run};
use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            e2e::note!("FAILED: {failed}");
            ExitCode::FAILURE
        }
    }
}
