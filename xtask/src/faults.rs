//! `cargo xtask faults`: builds services that can be told to crash and to be wrong beside the usual ones, brings an instance up,
//! and starts the runs.

use std::{
    fs,
    path::Path,
    process::{Command, ExitStatus},
};

use crate::{
    deployment::{self, Service, UpOptions},
    failure::{Doing, Failure, Outcome},
    test::Bench,
};

/// Only the fields of places are needed; rooms are made by the runs.
const HOTELS: u32 = 20;
/// Where campaigns are kept, and the page that tells of them.
const RESULTS: &str = "bench/results/faults.json";
const PAGE: &str = "docs/PROMISES.md";
const RELEASE: &str = "--release";
const CHECK: &str = "--check";
/// Those that have crash points.
const PLANTED: [Service; 6] = [
    Service::Booking,
    Service::Archival,
    Service::Hotel,
    Service::Search,
    Service::BookingMgmt,
    Service::Notification,
];

/// Hands the arguments to the runs; they teach them themselves. The build is chosen here, wherever it is named.
pub(crate) fn run(bench: &Bench<'_>, release: bool, arguments: &[String]) -> Outcome {
    let release = release || arguments.iter().any(|argument| argument == RELEASE);
    let arguments: Vec<String> = arguments.iter().filter(|argument| *argument != RELEASE).cloned().collect();
    plant(bench, release)?;
    deployment::up(bench.context, bench.root, UpOptions { hotels: HOTELS, release, build: true })?;
    let named = arguments.iter().any(|argument| argument.split('=').next() == Some("--results"));
    let results = ["--results".to_owned(), RESULTS.to_owned()];
    let more: &[String] = if named { &[] } else { &results };
    campaign(bench, release, &[&arguments, more].concat())
}

/// Runs on an instance that is up.
pub(crate) fn campaign(bench: &Bench<'_>, release: bool, arguments: &[String]) -> Outcome {
    let instance = &bench.context.instance;
    let port = instance.port(instance.settings.port_offsets.booking_service_second);
    let mut command = Command::new(deployment::binaries(bench.root, release).join("e2e"));
    command.arg("campaign").args(arguments).args(["--second", &format!("http://127.0.0.1:{port}")]);
    if release {
        command.arg(RELEASE);
    }
    if let Some(commit) = commit(bench.root) {
        command.args(["--commit", &commit]);
    }
    command.arg("--endpoints").arg(deployment::endpoints_file(instance));
    command.arg("--instance").arg(&instance.name).current_dir(bench.root);
    succeed(command.status().doing("running", Path::new("e2e campaign"))?, "the runs failed")
}

/// What was just built: the commit, with a `+` if something is changed that goes into a build. None without git.
fn commit(root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    // What earlier runs have recorded is no part of a build.
    let changed = git(&["status", "--porcelain", "--", ".", &format!(":!{RESULTS}"), &format!(":!{PAGE}")])?;
    Some(if changed.is_empty() { commit } else { format!("{commit}+") })
}

/// The section of the page, made anew, or only compared.
pub(crate) fn report(root: &Path, check: bool) -> Outcome {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--locked", "--package", "e2e", "--", "report", RESULTS, PAGE]);
    if check {
        command.arg(CHECK);
    }
    succeed(command.current_dir(root).status().doing("running", Path::new("e2e report"))?, "no report")
}

/// Whether the page is what the results give, by an `e2e` that is built already.
pub(crate) fn reported(bench: &Bench<'_>) -> Outcome {
    let mut command = Command::new(deployment::binaries(bench.root, false).join("e2e"));
    command.args(["report", RESULTS, PAGE, CHECK]).current_dir(bench.root);
    succeed(command.status().doing("running", Path::new("e2e report"))?, "see above")
}

/// What makes services that can be told to crash and to be wrong.
pub(crate) fn features() -> String {
    features_of(&PLANTED)
}

/// The same of some of them, where only these are built.
pub(crate) fn features_of(services: &[Service]) -> String {
    let names: Vec<String> =
        services.iter().map(|service| format!("{}/planted_faults", service.name())).collect();
    names.join(",")
}

/// Services that can be told to crash and to be wrong, aside: the next build is the usual one again.
pub(crate) fn plant(bench: &Bench<'_>, release: bool) -> Outcome {
    let mut command = Command::new("cargo");
    command.args(["build", "--locked", "--bins"]).current_dir(bench.root);
    if release {
        command.arg(RELEASE);
    }
    let features = features();
    for service in PLANTED {
        command.args(["--package", service.name()]);
    }
    command.args(["--features", &features]);
    succeed(command.status().doing("running", Path::new("cargo build"))?, "the build failed; see above")?;
    let folder = deployment::planted(&bench.context.instance);
    fs::create_dir_all(&folder).doing("making", &folder)?;
    for service in PLANTED {
        let built = deployment::binaries(bench.root, release).join(service.name());
        let (aside, place) = (folder.join("new"), folder.join(service.name()));
        // Renamed, since a running program's file cannot be written to.
        fs::copy(&built, &aside).doing("copying", &built)?;
        fs::rename(&aside, &place).doing("writing", &place)?;
    }
    Ok(())
}

fn succeed(status: ExitStatus, says: &str) -> Outcome {
    if status.success() { Ok(()) } else { Err(Failure::Refused(says.into())) }
}
