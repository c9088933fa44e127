//! The developer's commands. `cargo xtask --help` teaches them.

#[macro_use]
mod tell;

mod bench;
mod check;
mod cli;
mod compose;
mod deployment;
mod download;
mod failure;
mod faults;
mod instance;
mod openapi;
mod packages;
mod probe;
mod process;
mod progress;
mod rest;
mod routing;
mod settings;
mod simulate;
mod stack;
mod test;
mod tools;
mod unpacked;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(failure) => {
            note!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
