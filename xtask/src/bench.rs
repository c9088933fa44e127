//! `cargo xtask bench`: builds the bench in release, starts what it measures on an instance of its own, and runs it.

use std::{path::Path, process::Command};

use crate::{
    deployment::{self, UpOptions},
    failure::{Doing, Failure, Outcome},
    stack::Context,
};

/// Of the sample data: `lifecycles` and `steady` take 10,000 rooms, of which 3,000 hotels brought 8,908.
const HOTELS: u32 = 3_500;
/// What only tells something needs no servers.
const TELLS: [&str; 3] = ["--list", "--help", "-h"];

/// Hands the arguments to the bench; it teaches them itself.
pub(crate) fn run(context: &Context, root: &Path, arguments: &[String]) -> Outcome {
    succeed(Command::new("cargo").args(["build", "--release", "--locked", "--package", "bench"]), root)?;
    if !arguments.iter().any(|argument| TELLS.contains(&argument.as_str())) {
        deployment::up(context, root, UpOptions { hotels: HOTELS, release: true, build: true })?;
    }
    let mut command = Command::new(deployment::binaries(root, true).join("bench"));
    command.args(arguments).arg("--endpoints").arg(deployment::endpoints_file(&context.instance));
    succeed(&mut command, root)
}

fn succeed(command: &mut Command, root: &Path) -> Outcome {
    let status = command.current_dir(root).status().doing("running", Path::new("bench"))?;
    if status.success() { Ok(()) } else { Err(Failure::Refused("the bench failed; see above".into())) }
}
