//! Where everything is.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde::Deserialize;

use crate::failed::Failed;

/// Longer than any answer of ours may take.
const PATIENCE: Duration = Duration::from_secs(45);

/// What `cargo xtask up` wrote.
#[derive(Debug, Clone, Deserialize)]
pub struct Endpoints {
    /// The one base URL.
    pub gateway: String,
    /// The payment sandbox.
    pub sandbox: String,
    /// Our services by name.
    pub services: BTreeMap<String, String>,
    /// The servers by key.
    pub stack: BTreeMap<String, String>,
    /// What mints tokens.
    pub auth: Auth,
    admin_settings: PathBuf,
    admin_binary: PathBuf,
}

/// What mints tokens and talks to the sandbox in development.
#[derive(Debug, Clone, Deserialize)]
pub struct Auth {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// Signs tokens (HS256).
    pub development_key: String,
    /// Our key at the sandbox.
    pub sandbox_api_key: String,
}

/// A running Vacancy and a client to talk to it.
#[derive(Debug, Clone)]
pub struct World {
    /// Where everything is.
    pub endpoints: Endpoints,
    /// Which instance.
    pub instance: String,
    /// Its folder: records of processes, the sandbox's journal.
    pub folder: PathBuf,
    /// Follows no redirects; bounded in time.
    pub client: reqwest::Client,
}

impl World {
    /// Reads what `up` wrote.
    pub fn read(path: &Path, instance: &str) -> Result<Self, Failed> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failed::new(format!("{}: {error}; run `cargo xtask up` first", path.display()))
        })?;
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(Self { endpoints: serde_json::from_str(&text)?, instance: instance.to_owned(), folder, client })
    }

    /// The address of one of our services, for what the gateway does not show.
    pub fn service(&self, name: &str) -> Result<&str, Failed> {
        let found = self.endpoints.services.get(name);
        found.map(String::as_str).ok_or_else(|| Failed::new(format!("no service {name} in endpoints.json")))
    }

    /// The address of a server.
    pub fn server(&self, key: &str) -> Result<&str, Failed> {
        let found = self.endpoints.stack.get(key);
        found.map(String::as_str).ok_or_else(|| Failed::new(format!("no {key} in endpoints.json")))
    }

    /// Every invariant, by the operator's own command.
    pub async fn audit(&self) -> Result<(), Failed> {
        let status = self.operator().args(["audit", "--wait", "300s"]).status().await?;
        crate::failed::expect(status.success(), || format!("the audit ended with {status}"))
    }

    /// The operator's binary with this instance's settings, ready for its arguments.
    pub(crate) fn operator(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.endpoints.admin_binary);
        command.args(["admin", "--config"]).arg(&self.endpoints.admin_settings).stdin(Stdio::null());
        command
    }

    /// A developer's command for this instance, such as `service stop booking-service --kill`.
    pub async fn xtask(&self, arguments: &[&str]) -> Result<(), Failed> {
        // The one that was built with this: cargo would wait while anything is being built.
        let built = std::env::current_exe()?.with_file_name("xtask");
        let mut command =
            tokio::process::Command::new(if built.exists() { &*built } else { Path::new("cargo") });
        command.args((!built.exists()).then_some("xtask"));
        command.args(["--instance", &self.instance]).args(arguments);
        let output = command.stdin(Stdio::null()).output().await?;
        crate::failed::expect(output.status.success(), || {
            format!("cargo xtask {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim())
        })
    }
}
