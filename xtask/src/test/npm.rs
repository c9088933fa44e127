//! Packages of npm, pinned by a lock file of ours. Installed once, into the cache.

use std::{fs, path::PathBuf, process::Command};

use super::Bench;
use crate::{
    download,
    failure::{Doing, Failure, Outcome},
    packages::on_path,
    progress::Board,
};

/// Packages that a lock file names.
pub(super) struct Packages {
    /// The folder in the cache; carries the version, so that a new version is a new folder.
    pub(super) folder: &'static str,
    /// Where `package.json` and `package-lock.json` stand in the checkout.
    pub(super) source: &'static str,
}

/// The folder with its `node_modules`, outside the checkout.
pub(super) fn installed(bench: &Bench<'_>, packages: &Packages) -> Outcome<PathBuf> {
    if on_path("node").is_none() || on_path("npm").is_none() {
        return Err(Failure::Refused("the stage needs Node 20.17 or later with npm on the PATH".into()));
    }
    let source = bench.root.join(packages.source);
    let line = Board::new(22).line(packages.folder);
    bench.context.cache.once(packages.folder, |folder| {
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
