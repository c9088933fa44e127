//! A site of the bench as a process.

use std::process::Stdio;

use e2e::failed::Failed;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use crate::ground::Ground;

/// Killed when it is dropped.
pub(super) struct Child {
    pub(super) address: String,
    _process: tokio::process::Child,
}

impl Child {
    /// This program, serving a way (or `hello`) on what this one has made.
    pub(super) async fn start(ground: &Ground, way: &str) -> Result<Self, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--serve", way, "--relaxed"]).args(ground.arguments());
        let mut process = command.stdout(Stdio::piped()).stdin(Stdio::null()).kill_on_drop(true).spawn()?;
        let out = process.stdout.take().ok_or_else(|| Failed::new("the site says nothing"))?;
        let mut address = String::new();
        BufReader::new(out).read_line(&mut address).await?;
        let address = address.trim().to_owned();
        if address.is_empty() {
            return Err(Failed::new(format!("the site of {way} did not start")));
        }
        Ok(Self { address, _process: process })
    }
}
