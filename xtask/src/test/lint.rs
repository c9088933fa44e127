//! The stage `lint`: the committed documents as linters and a client's validator read them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Bench,
    command::succeed,
    npm::{self, Packages},
};
use crate::failure::{Doing, Outcome};

const LINTERS: Packages = Packages { folder: "redocly-2.77.0-spectral-6.16.3", source: "openapi/lint" };

pub(super) fn run(bench: &Bench<'_>) -> Outcome {
    let modules = npm::installed(bench, &LINTERS)?.join("node_modules");
    let (folder, documents) = (bench.root.join(LINTERS.source), documents(&bench.root.join("openapi"))?);
    let mut redocly = Command::new(modules.join(".bin/redocly"));
    redocly.arg("lint").args(&documents).arg("--config").arg(folder.join("redocly.yaml"));
    redocly.args(["--max-problems", "1000"]);
    redocly.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    succeed(redocly)?;
    let mut spectral = Command::new(modules.join(".bin/spectral"));
    spectral.arg("lint").args(&documents).arg("--ruleset").arg(folder.join("spectral.yaml"));
    spectral.args(["--fail-severity", "hint"]);
    succeed(spectral)?;
    let mut answers = Command::new("node");
    answers.arg(folder.join("answers.mjs")).args(&documents).env("VACANCY_LINT_MODULES", modules);
    succeed(answers)
}

/// Every committed document.
fn documents(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).doing("reading", folder)?.flatten().map(|entry| entry.path());
    let mut all: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    all.sort();
    Ok(all)
}
