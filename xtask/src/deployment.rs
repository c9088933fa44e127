//! The whole product on this machine: stack, services, gateway and sample data, up from nothing with one command.

mod build;
mod gateway;
mod processes;
mod sample;
mod secrets;
mod services;
mod templates;
mod up;
mod welcome;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{failure::Outcome, instance::Instance, process::Launch, stack::Context};

pub(crate) use processes::{StartOptions, logs, restart_one, status, stop_one};
pub(crate) use sample::ensure_pip;
pub(crate) use services::Service;
pub(crate) use up::{UpOptions, down, up};
pub(crate) use welcome::endpoints_file;

/// A process of ours: how it is called, where it listens, how it starts.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    /// The path that answers 200 once it works.
    pub(crate) ready: &'static str,
    pub(crate) launch: Launch,
}

/// Where the built binaries are.
pub(crate) fn binaries(root: &Path, release: bool) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join(if release { "release" } else { "debug" })
}

/// The operator's binary with this instance's settings, ready for its arguments.
pub(crate) fn admin(context: &Context, root: &Path, release: bool) -> std::process::Command {
    let mut command = std::process::Command::new(binaries(root, release).join("vacancy"));
    command.arg("admin").arg("--config").arg(settings_file(&context.instance, "vacancy"));
    command
}

/// Where the services are that can be told to crash and to be wrong.
pub(crate) fn planted(instance: &Instance) -> PathBuf {
    instance.folder.join("planted")
}

/// Where the generated settings of a program are.
pub(crate) fn settings_file(instance: &Instance, name: &str) -> PathBuf {
    instance.folder.join("settings").join(format!("{name}.toml"))
}

fn launch(instance: &Instance, name: &str, program: PathBuf) -> Outcome<Launch> {
    let home = instance.data(name);
    std::fs::create_dir_all(&home).map_err(|source| crate::failure::Failure::Io {
        doing: format!("making {}", home.display()),
        source,
    })?;
    let config = settings_file(instance, name).display().to_string();
    Ok(Launch {
        program,
        arguments: vec!["serve".into(), "--config".into(), config],
        environment: BTreeMap::new(),
        home,
    })
}
