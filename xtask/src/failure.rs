//! What can go wrong in a developer's command, said so that the reader knows what to do next.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The operating system refused something.
    #[error("{doing}: {source}")]
    Io { doing: String, source: io::Error },
    /// A setting is wrong; the text names it.
    #[error("settings: {0}")]
    Settings(String),
    /// A command that we ran ended badly.
    #[error("`{command}` failed ({status}); its last words:\n{tail}")]
    Command { command: String, status: String, tail: String },
    /// A package is missing and we may not install it.
    #[error("missing: {what}. Run this, then try again:\n    {line}")]
    Missing { what: String, line: String },
    /// A downloaded file is not the one we pinned.
    #[error("{}: {reason}. Nothing was kept; the pinned checksums are in xtask/artifacts", file.display())]
    Checksum { file: PathBuf, reason: String },
    /// Somebody else listens on a port of ours.
    #[error(
        "port {port} is taken by a process that this stack did not start; free it, or set instances.*.port_base or port_offsets in vacancy.stack.toml"
    )]
    PortTaken { port: u16 },
    /// The process ended before it answered.
    #[error("it ended before it answered; the end of {}:\n{tail}", log.display())]
    Died { log: PathBuf, tail: String },
    /// The process runs but does not answer.
    #[error("no answer within {seconds} s (last: {last}); see {}", log.display())]
    NotReady { seconds: u64, last: String, log: PathBuf },
    /// Several servers failed, each with its own reason.
    #[error("{0}")]
    Several(String),
    /// The user has to say it explicitly.
    #[error("{0}")]
    Refused(String),
}

/// What a command answers.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Adds to an I/O error what was being done, and to what.
pub(crate) trait Doing<T> {
    /// `doing` reads like "reading the settings"; `path` is what it was done to.
    fn doing(self, doing: &str, path: &Path) -> Outcome<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &str, path: &Path) -> Outcome<T> {
        self.map_err(|source| Failure::Io { doing: format!("{doing} {}", path.display()), source })
    }
}
