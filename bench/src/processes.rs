//! What each process of the instance takes of the processor, between two looks.

use std::{fs, path::Path};

use e2e::failed::{Failed, expect};
use serde::Deserialize;

use crate::processor;

/// As xtask remembers a process.
#[derive(Deserialize)]
struct Record {
    pid: u32,
}

/// The process that is remembered in this file.
pub(crate) fn pid_of(remembered: &Path) -> Result<u32, Failed> {
    let record: Record = serde_json::from_str(&fs::read_to_string(remembered)?)?;
    Ok(record.pid)
}

/// Name, session, and what it had taken at the first look.
pub(crate) struct Processes(Vec<(String, String, u64)>);

impl Processes {
    /// Those of the instance whose endpoints these are, and this one.
    pub(crate) fn of(endpoints: &Path) -> Result<Self, Failed> {
        let folder = endpoints.parent().unwrap_or(Path::new(".")).join("run");
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if let (Some(name), true) = (path.file_stem(), path.extension().is_some_and(|end| end == "json"))
            {
                let pid = pid_of(&path)?.to_string();
                found.push((name.to_string_lossy().into_owned(), pid.clone(), processor::session(&pid)?));
            }
        }
        expect(!found.is_empty(), || format!("no process is remembered in {}", folder.display()))?;
        found.sort();
        found.push(("the generator".to_owned(), "self".to_owned(), processor::taken("self")?));
        Ok(Self(found))
    }

    /// What each has taken since, per booking, in microseconds.
    pub(crate) fn each(&self, bookings: u64) -> Result<Vec<(String, u64)>, Failed> {
        let one = |(name, pid, before): &(String, String, u64)| {
            let now = if pid == "self" { processor::taken(pid)? } else { processor::session(pid)? };
            Ok((name.clone(), now.saturating_sub(*before) / bookings.max(1)))
        };
        self.0.iter().map(one).collect()
    }
}
