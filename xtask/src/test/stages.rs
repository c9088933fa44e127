//! The stages, in order: what is cheap and often wrong comes first.

use std::{
    fs,
    path::PathBuf,
    process::{Command, ExitCode},
};

use super::{
    Bench, Stage,
    command::succeed,
    identity, lint,
    python::{self, GENERATOR, NEXTEST, SCHEMATHESIS},
    tutorial,
};
use crate::{
    deployment::{self, Service, UpOptions},
    failure::{Doing, Failure, Outcome},
    faults, openapi, stack, tools,
};

/// Hotels of the sample data under which journey and faults run.
const HOTELS: u32 = 200;

/// Seeds of the simulation: about a minute of one core.
const SEEDS: &str = "20000";

/// Five minutes of it have every kind of trouble.
const SEED_OF_TROUBLE: &str = "1";

/// The stage whose runner has closing lines of its own.
pub(super) const TESTS: &str = "tests";

/// What starts servers, and services on them: a stage that comes after may stand on these.
pub(super) const GROUND: [&str; 2] = ["stack", "up"];

/// All of them.
pub(super) const ALL: &[Stage] = &[
    Stage { name: "format", about: "rustfmt", run: format },
    Stage { name: "check", about: "import rules, lengths of files and handlers, names", run: check },
    Stage { name: "lint", about: "the documents as linters and clients read them", run: lint::run },
    Stage { name: "deny", about: "licences, sources, drivers in their rooms", run: deny },
    Stage { name: "clippy", about: "every lint, warnings denied", run: clippy },
    Stage {
        name: "simulation",
        about: "seeded trouble on the booking core; mistakes planted in it",
        run: simulation,
    },
    Stage { name: "doc", about: "rustdoc, warnings denied", run: pages },
    Stage { name: "stack", about: "the real servers", run: servers },
    Stage { name: TESTS, about: "rules, stores, consumers, index, archive, black-box", run: tests },
    Stage {
        name: "planted",
        about: "what can be told to crash and to be wrong is, and only then",
        run: planted,
    },
    Stage {
        name: "identity",
        about: "tokens of a real OpenID provider, new keys, an outage",
        run: identity::run,
    },
    Stage { name: "up", about: "services, gateway and sample data on the test stack", run: up },
    Stage { name: "openapi", about: "documents are current and valid, their tables too", run: documents },
    Stage { name: "compose", about: "compose files are valid, settings are taken", run: compose },
    Stage { name: "journey", about: "the main job over HTTP, then the audit", run: journey },
    Stage { name: "operator", about: "the operator's commands against live services", run: operator },
    Stage { name: "tutorial", about: "the commands of docs/TUTORIAL.md", run: tutorial::run },
    Stage { name: "authorisation", about: "every operation x every wrong caller", run: authorisation },
    Stage { name: "gateway", about: "odd requests, byte for byte, at the gateway", run: gateway },
    Stage { name: "schemathesis", about: "every operation with odd input, once per role", run: schemathesis },
    Stage { name: "outages", about: "servers stopped, services killed, then the audit", run: outages },
    Stage { name: "faults", about: "five minutes of seeded trouble, checked from outside", run: trouble },
    Stage { name: "audit", about: "every invariant, at the end", run: audit },
];

fn cargo(bench: &Bench<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(bench.root);
    command
}

/// A checker has printed what it found.
fn passed(code: ExitCode) -> Outcome {
    if code == ExitCode::SUCCESS { Ok(()) } else { Err(Failure::Refused("see above".into())) }
}

fn format(bench: &Bench<'_>) -> Outcome {
    succeed(cargo(bench, &["fmt", "--all", "--", "--check"]))
}

fn check(bench: &Bench<'_>) -> Outcome {
    passed(crate::check::check(bench.root)?)
}

fn deny(bench: &Bench<'_>) -> Outcome {
    passed(tools::deny(bench.root, &bench.context.cache)?)
}

/// Also the builds that can be told to crash and to be wrong.
fn clippy(bench: &Bench<'_>) -> Outcome {
    let features = faults::features();
    for planted in [&[][..], &["--features", &features]] {
        let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--quiet"];
        succeed(cargo(bench, &[&arguments[..], planted, &["--", "--deny", "warnings"]].concat()))?;
    }
    Ok(())
}

/// A mistake is its whole process's, so each of these tests runs by itself.
fn planted(bench: &Bench<'_>) -> Outcome {
    let services = [Service::Booking, Service::Archival];
    let features = faults::features_of(&services);
    let mut command =
        cargo(bench, &["test", "--locked", "--features", &features, "--lib", "--test", "process"]);
    command.args(services.map(|service| format!("--package={}", service.name())));
    command.arg("--package=platform");
    command.args(["--", "--include-ignored", "--test-threads", "1", "planted", "mistakes"]);
    command.envs(stack::endpoints(&bench.context.instance));
    succeed(command)
}

/// The same seeds each time: what a campaign finds elsewhere is mended and stays in its own test.
fn simulation(bench: &Bench<'_>) -> Outcome {
    succeed(cargo(
        bench,
        &["run", "--quiet", "--locked", "-p", "simulation", "--", "--first", "0", "--seeds", SEEDS],
    ))?;
    let planted = ["--features", "simulation/planted_faults", "--", "--planted", "all"];
    succeed(cargo(bench, &[&["run", "--quiet", "--locked", "-p", "simulation"][..], &planted[..]].concat()))
}

fn pages(bench: &Bench<'_>) -> Outcome {
    let mut command = cargo(bench, &["doc", "--workspace", "--no-deps", "--locked", "--quiet"]);
    command.env("RUSTDOCFLAGS", "--deny warnings");
    succeed(command)
}

fn servers(bench: &Bench<'_>) -> Outcome {
    stack::up(bench.context, false)
}

/// The runner's closing lines go into a file too, to be printed once more at the end.
fn tests(bench: &Bench<'_>) -> Outcome {
    let folder = python::installed(bench.context, &NEXTEST)?;
    let mut command = Command::new("sh");
    let log = log(bench);
    command.args(["-c", "\"$0\" nextest run --workspace --locked --no-fail-fast >\"$1\" 2>&1 & child=$!; tail -n +1 -f --pid=$child \"$1\" 2>/dev/null; wait $child"]);
    command.arg(folder.join("bin/cargo-nextest")).arg(&log).current_dir(bench.root);
    command.envs(stack::endpoints(&bench.context.instance));
    fs::write(&log, "").doing("writing", &log)?;
    succeed(command)
}

fn log(bench: &Bench<'_>) -> PathBuf {
    bench.context.instance.folder.join("logs").join("nextest.log")
}

/// What the test runner said last.
pub(super) fn closing_lines(bench: &Bench<'_>) {
    let text = fs::read_to_string(log(bench)).unwrap_or_default();
    let from = text.lines().position(|line| line.trim_start().starts_with("Summary ["));
    for line in text.lines().skip(from.unwrap_or(usize::MAX)) {
        say!("{line}");
    }
}

fn up(bench: &Bench<'_>) -> Outcome {
    deployment::up(bench.context, bench.root, UpOptions { hotels: HOTELS, release: false, build: true })
}

/// Also the page that is written from recorded fault runs, here and not in `lint`: its generator is built by now.
fn documents(bench: &Bench<'_>) -> Outcome {
    openapi::run(bench.root, true)?;
    faults::reported(bench)?;
    let folder = python::installed(bench.context, &GENERATOR)?;
    let mut command = Command::new("java");
    command.arg("-jar").arg(folder.join("openapi_generator_cli/openapi-generator.jar"));
    command.args(["validate", "--input-spec"]).arg(bench.root.join("openapi").join(openapi::MERGED));
    succeed(command)
}

fn compose(bench: &Bench<'_>) -> Outcome {
    passed(tools::compose_check(bench.root, &bench.context.cache)?)
}

/// One of our end-to-end programs, told where everything is.
pub(crate) fn end_to_end(bench: &Bench<'_>, name: &str) -> Outcome {
    let mut command = Command::new(deployment::binaries(bench.root, false).join("e2e"));
    command.arg(name).arg("--endpoints").arg(deployment::endpoints_file(&bench.context.instance));
    command.arg("--instance").arg(&bench.context.instance.name).current_dir(bench.root);
    succeed(command)
}

fn journey(bench: &Bench<'_>) -> Outcome {
    end_to_end(bench, "journey")
}

fn operator(bench: &Bench<'_>) -> Outcome {
    end_to_end(bench, "operator")
}

fn authorisation(bench: &Bench<'_>) -> Outcome {
    end_to_end(bench, "authz")
}

fn gateway(bench: &Bench<'_>) -> Outcome {
    end_to_end(bench, "gateway")
}

fn outages(bench: &Bench<'_>) -> Outcome {
    end_to_end(bench, "outages")
}

/// The same schedule each time. What campaigns find is mended and stays in a test of its own.
fn trouble(bench: &Bench<'_>) -> Outcome {
    faults::plant(bench, false)?;
    let arguments = ["--seed", SEED_OF_TROUBLE, "--minutes", "5"].map(str::to_owned);
    faults::campaign(bench, false, &arguments)
}

fn audit(bench: &Bench<'_>) -> Outcome {
    let mut command = deployment::admin(bench.context, bench.root, false);
    command.args(["audit", "--wait", "60s"]);
    succeed(command)
}

/// One run per role: an operation must never answer 5xx, nor with a status its document does not name.
fn schemathesis(bench: &Bench<'_>) -> Outcome {
    let folder = python::installed(bench.context, &SCHEMATHESIS)?;
    let path = deployment::endpoints_file(&bench.context.instance);
    let text = fs::read_to_string(&path).doing("reading", &path)?;
    let endpoints: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| Failure::Refused(error.to_string()))?;
    for role in ["traveller", "manager", "operator"] {
        let text = |pointer: &str| {
            endpoints.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default()
        };
        let token = text(&format!("/tokens/{role}"));
        let gateway = text("/gateway");
        let mut command = Command::new("python3");
        command.args(["-m", "schemathesis.cli", "run"]).arg(bench.root.join("openapi").join(openapi::MERGED));
        command.args(["--url", gateway, "--header"]).arg(format!("Authorization: Bearer {token}"));
        command.args(["--seed", "20261121", "--max-examples", "30"]);
        command.args(["--checks", "not_a_server_error,status_code_conformance"]);
        command.env("PYTHONPATH", &folder).current_dir(&bench.context.instance.folder);
        say!("--- as {role}");
        succeed(command)?;
    }
    Ok(())
}
