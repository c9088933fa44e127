//! What goes wrong while holds end.

use std::{fmt, process::Stdio};

use e2e::{
    failed::{Failed, expect},
    world::World,
};

use super::ends::Stores;
use crate::processes::pid_of;

/// What goes wrong from before the first end until the last.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    None,
    RedisKilled,
    RedisFlushed,
    /// Takes connections and answers nothing.
    ProviderHangs,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "all healthy",
            Self::RedisKilled => "Redis killed",
            Self::RedisFlushed => "Redis flushed",
            Self::ProviderHangs => "the provider hangs",
        })
    }
}

impl Trouble {
    pub(super) async fn begin(self, world: &World, stores: &Stores) -> Result<(), Failed> {
        match self {
            Self::None => Ok(()),
            Self::RedisKilled => world.xtask(&["stack", "stop-server", "redis", "--kill"]).await,
            Self::RedisFlushed => stores.flush().await,
            Self::ProviderHangs => signal(world, "STOP").await,
        }
    }

    pub(super) async fn end(self, world: &World) -> Result<(), Failed> {
        match self {
            Self::None | Self::RedisFlushed => Ok(()),
            Self::RedisKilled => world.xtask(&["stack", "start-server", "redis"]).await,
            Self::ProviderHangs => signal(world, "CONT").await,
        }
    }
}

async fn signal(world: &World, word: &str) -> Result<(), Failed> {
    let path = world.folder.join("run").join("payment-sandbox.json");
    let pid = pid_of(&path)?;
    let mut kill = tokio::process::Command::new("sh");
    kill.args(["-c", &format!("kill -s {word} {pid}")]).stdin(Stdio::null());
    let status = kill.status().await?;
    expect(status.success(), || format!("kill -s {word} {pid}: {status}"))
}
