//! `cargo xtask check`: the rules of the house that neither the compiler nor clippy knows.

mod imports;
mod sources;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use serde::Deserialize;

use crate::failure::{Doing, Failure, Outcome};

/// A rule that is not kept: where, what, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    place: PathBuf,
    what: String,
    remedy: &'static str,
}

/// What `cargo metadata` says of the workspace.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// None for a normal dependency, else `dev` or `build`.
    kind: Option<String>,
}

/// Checks the checkout at `root` and prints every breach.
pub(crate) fn check(root: &Path) -> Outcome<ExitCode> {
    let metadata = metadata(root)?;
    let (mut breaches, mut files) = (imports::check(&metadata.packages), 0);
    for package in &metadata.packages {
        let folder = package.manifest_path.parent().unwrap_or(root);
        for source in sources::of(folder)? {
            files += 1;
            breaches.extend(sources::check(&source));
        }
    }
    for breach in &breaches {
        let place = breach.place.strip_prefix(root).unwrap_or(&breach.place);
        say!("{}: {}\n    {}", place.display(), breach.what, breach.remedy);
    }
    let packages = metadata.packages.len();
    say!("check: {} breaches in {files} files of {packages} crates", breaches.len());
    Ok(if breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn metadata(root: &Path) -> Outcome<Metadata> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root);
    let output = command.output().doing("running cargo metadata in", root)?;
    let read = || serde_json::from_slice(&output.stdout).map_err(|error| error.to_string());
    let parsed = if output.status.success() { read() } else { Err(output.status.to_string()) };
    parsed.map_err(|status| Failure::Command {
        command: "cargo metadata".into(),
        status,
        tail: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
