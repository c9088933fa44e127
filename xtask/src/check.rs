//! `cargo xtask check`: the rules of the house that neither the compiler nor clippy knows.

mod breach;
mod circles;
mod features;
mod imports;
mod patches;
mod settings;
mod sources;
mod style;
mod uses;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use breach::Breach;
use serde::Deserialize;
use settings::Defaults;
use sources::Source;

use crate::failure::{Doing, Failure, Outcome};

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
    /// Each feature with what it switches on.
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// None for a normal dependency, else `dev` or `build`.
    kind: Option<String>,
    /// What it switches on there.
    #[serde(default)]
    features: Vec<String>,
}

/// Checks the checkout at `root` and prints every breach.
pub(crate) fn check(root: &Path) -> Outcome<ExitCode> {
    let metadata = metadata(root)?;
    let (mut breaches, mut files) = (imports::check(&metadata.packages), 0);
    breaches.extend(features::check(&metadata.packages));
    breaches.extend(of_patches(root)?);
    let mut words = BTreeMap::new();
    for package in &metadata.packages {
        let folder = package.manifest_path.parent().unwrap_or(root);
        let sources = sources::of(folder)?;
        files += sources.len();
        words.insert(folder, words_of(folder, &sources));
        breaches.extend(sources.iter().flat_map(sources::check));
        let texts = sources.iter().map(|source| (source.path.as_path(), source.text.as_str()));
        breaches.extend(circles::check(&folder.join("src"), texts));
    }
    breaches.extend(of_settings(root, &words)?);
    for breach in &breaches {
        let place = breach.place.strip_prefix(root).unwrap_or(&breach.place);
        say!("{}: {}\n    {}", place.display(), breach.what, breach.remedy);
    }
    let packages = metadata.packages.len();
    say!("check: {} breaches in {files} files of {packages} crates", breaches.len());
    Ok(if breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The words that a crate's own code reads by.
fn words_of(folder: &Path, sources: &[Source]) -> BTreeSet<String> {
    let own = sources.iter().filter(|source| source.path.starts_with(folder.join("src")));
    own.flat_map(|source| settings::words(&source.text)).collect()
}

/// Every file of defaults against the code that reads it: its crate's, and that of the shared crates.
fn of_settings(root: &Path, words: &BTreeMap<&Path, BTreeSet<String>>) -> Outcome<Vec<Breach>> {
    let place = root.join("shared/platform/kit.default.toml");
    let kit = fs::read_to_string(&place).doing("reading", &place)?;
    let shared = words.iter().filter(|(folder, _)| folder.starts_with(root.join("shared")));
    let shared: BTreeSet<String> = shared.flat_map(|(_, words)| words.iter().cloned()).collect();
    let mut found = settings::check(&Defaults { place: &place, text: &kit, words: &shared }, &kit);
    for (folder, own) in words {
        let place = folder.join("config.default.toml");
        if let Ok(text) = fs::read_to_string(&place) {
            let words = own.union(&shared).cloned().collect();
            found.extend(settings::check(&Defaults { place: &place, text: &text, words: &words }, &kit));
        }
    }
    Ok(found)
}

fn of_patches(root: &Path) -> Outcome<Option<Breach>> {
    let place = root.join("Cargo.lock");
    let lock = fs::read_to_string(&place).doing("reading", &place)?;
    Ok(patches::check(&place, &lock))
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
