//! `cargo xtask simulate`: builds the simulation and starts it. A build with the core's mistakes is made only where one is
//! asked for.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use crate::failure::{Doing, Outcome};

/// Where campaigns are kept.
const RESULTS: &str = "bench/results/simulation.json";

/// Starts the simulation with the arguments as they were typed. What a campaign comes to is kept, what one seed shows is not.
pub(crate) fn run(root: &Path, optimised: bool, arguments: &[String]) -> Outcome<ExitCode> {
    let has = |name: &str| arguments.iter().any(|argument| argument.split('=').next() == Some(name));
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--package", "simulation"]).current_dir(root);
    if optimised {
        command.arg("--release");
    }
    if has("--planted") {
        command.args(["--features", "simulation/planted_faults"]);
    }
    command.arg("--").args(arguments);
    if !has("--results") && !has("--seed") {
        command.args(["--results", RESULTS]);
    }
    let status = command.status().doing("running", Path::new("simulation"))?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(2)).unwrap_or(2)))
}
