//! The provider's own books: the sandbox's journal, one line of JSON for each of its decisions.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use e2e::{failed::Failed, world::World};
use serde_json::Value;
use uuid::Uuid;

use super::Taken;

/// No line is longer.
const LONGEST_LINE: u64 = 1 << 20;

/// The journal from one of its lines on. What a campaign wrote before a run is not read again and again.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    path: PathBuf,
    from: u64,
    /// Callbacks that waited there.
    waited: i64,
}

impl Journal {
    /// From the end of its last whole line on; what is before is read once, for the callbacks that wait.
    pub(crate) fn from_now(world: &World) -> Result<Self, Failed> {
        let path: PathBuf = world.folder.join("payment-sandbox/journal.jsonl");
        let Ok(mut file) = File::open(&path) else { return Ok(Self { path, from: 0, waited: 0 }) };
        let begin = file.metadata()?.len().saturating_sub(LONGEST_LINE);
        file.seek(SeekFrom::Start(begin))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let from = begin + u64::try_from(whole).unwrap_or(0);
        let waited = waiting(&path, 0, from)?;
        Ok(Self { path, from, waited })
    }

    /// By payment, what was taken and given back.
    pub(super) fn taken(&self) -> Result<BTreeMap<Uuid, Taken>, Failed> {
        let mut all: BTreeMap<Uuid, Taken> = BTreeMap::new();
        each(&self.path, self.from, u64::MAX, |entry| {
            let amount = |pointer: &str| entry.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
            match text(entry, "/entry") {
                "captured" => {
                    if let Ok(id) = Uuid::parse_str(text(entry, "/payment_id")) {
                        all.entry(id).or_default().captured += amount("/capture/amount/amount");
                    }
                }
                "refunded" if entry.pointer("/refund/refused") != Some(&Value::Bool(true)) => {
                    if let Ok(id) = Uuid::parse_str(text(entry, "/refund/payment_id")) {
                        all.entry(id).or_default().refunded += amount("/refund/amount/amount");
                    }
                }
                _ => {}
            }
        })?;
        Ok(all)
    }

    /// Callbacks that were neither taken by us nor given up.
    pub(crate) fn waiting(&self) -> Result<i64, Failed> {
        Ok(self.waited.saturating_add(waiting(&self.path, self.from, u64::MAX)?))
    }
}

/// Its entries between two places, one after the other: a campaign writes more than there is memory for.
fn each(path: &Path, from: u64, to: u64, mut take: impl FnMut(&Value)) -> Result<(), Failed> {
    let Ok(mut file) = File::open(path) else { return Ok(()) };
    file.seek(SeekFrom::Start(from))?;
    for line in BufReader::new(file.take(to.saturating_sub(from))).lines() {
        // The last line may be half written; what it says was not answered yet.
        let Ok(entries) = serde_json::from_str::<Vec<Value>>(&line?) else { break };
        entries.iter().for_each(&mut take);
    }
    Ok(())
}

/// Callbacks queued between two places, less those delivered or given up there.
fn waiting(path: &Path, from: u64, to: u64) -> Result<i64, Failed> {
    let mut waiting = 0;
    each(path, from, to, |entry| match text(entry, "/entry") {
        "queued" => waiting += 1,
        "delivered" | "given_up" => waiting -= 1,
        _ => {}
    })?;
    Ok(waiting)
}

fn text<'a>(entry: &'a Value, pointer: &str) -> &'a str {
    entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
