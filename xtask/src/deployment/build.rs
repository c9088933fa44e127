//! Building the binaries: one cargo, one time.

use std::{path::Path, process::Command};

use super::services::Service;
use crate::failure::{Doing, Failure, Outcome};

/// Builds every service and the operator's binary; cargo shows its own progress.
pub(super) fn all(root: &Path, release: bool) -> Outcome {
    let mut command = Command::new("cargo");
    command.arg("build").current_dir(root).arg("--locked");
    if release {
        command.arg("--release");
    }
    for service in Service::ALL {
        command.args(["--package", service.name()]);
    }
    command.args(["--package", "vacancy", "--package", "e2e", "--bins"]);
    let status = command.status().doing("running", Path::new("cargo build"))?;
    if status.success() { Ok(()) } else { Err(Failure::Refused("the build failed; see above".into())) }
}
