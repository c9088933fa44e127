//! The stage `identity`: the kit against a real OpenID provider, an npm package that its lock file pins.

use std::process::Command;

use super::{
    Bench,
    npm::{self, Packages},
};
use crate::{download, failure::Outcome, progress::Board};

const PROVIDER: Packages = Packages { folder: "oidc-provider-9.13.3", source: "e2e/identity" };

pub(super) fn run(bench: &Bench<'_>) -> Outcome {
    let line = Board::new(22).line("identity");
    let mut command = Command::new("cargo");
    command.args(["test", "--locked", "--quiet", "--package", "platform", "--test", "http", "identity"]);
    command.arg("--manifest-path").arg(bench.root.join("Cargo.toml")).args(["--", "--ignored"]);
    command.env("VACANCY_IDENTITY_MODULES", npm::installed(bench, &PROVIDER)?);
    line.step("the kit against the provider");
    download::run(&command, &line, None)
}
