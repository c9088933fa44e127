//! `cargo xtask simulate` starts this.

use std::process::ExitCode;

fn main() -> ExitCode {
    simulation::cli::main()
}
