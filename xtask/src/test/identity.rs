//! The stage `identity`: the kit against a real OpenID provider, an npm package that its lock file pins.

use std::{fs, path::PathBuf, process::Command};

use super::Bench;
use crate::{
    download,
    failure::{Doing, Failure, Outcome},
    packages::on_path,
    progress::Board,
};

/// What e2e/identity/package-lock.json installs.
const PROVIDER: &str = "oidc-provider-9.13.3";

pub(super) fn run(bench: &Bench<'_>) -> Outcome {
    let line = Board::new(22).line("identity");
    let mut command = Command::new("cargo");
    command.args(["test", "--locked", "--quiet", "--package", "platform", "--test", "http", "identity"]);
    command.arg("--manifest-path").arg(bench.root.join("Cargo.toml")).args(["--", "--ignored"]);
    command.env("VACANCY_IDENTITY_MODULES", installed(bench)?);
    line.step("the kit against the provider");
    download::run(&command, &line, None)
}

/// The folder with its `node_modules`, outside the checkout.
fn installed(bench: &Bench<'_>) -> Outcome<PathBuf> {
    if on_path("node").is_none() || on_path("npm").is_none() {
        return Err(Failure::Refused("the stage needs Node 20 or later with npm on the PATH".into()));
    }
    let source = bench.root.join("e2e").join("identity");
    let line = Board::new(22).line("oidc-provider");
    bench.context.cache.once(PROVIDER, |folder| {
        for name in ["package.json", "package-lock.json"] {
            let from = source.join(name);
            fs::copy(&from, folder.join(name)).doing("copying", &from)?;
        }
        line.step("installing from npm");
        let mut command = Command::new("npm");
        command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(folder);
        download::run(&command, &line, Some(folder))
    })
}
