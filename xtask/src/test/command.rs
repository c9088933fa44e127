//! The commands of stages: what they print is seen, and their failure is the stage's.

use std::{path::Path, process::Command};

use crate::failure::{Doing, Failure, Outcome};

pub(super) fn succeed(mut command: Command) -> Outcome {
    let shown = format!("{command:?}").replace('"', "");
    let status = command.status().doing("running", Path::new(&shown))?;
    if status.success() { Ok(()) } else { Err(Failure::Refused(format!("`{shown}`: {status}"))) }
}
