//! The provider's own books: the sandbox's journal, one line of JSON for each of its decisions.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader},
    path::PathBuf,
};

use e2e::{failed::Failed, world::World};
use serde_json::Value;
use uuid::Uuid;

use super::Taken;

fn entries(world: &World) -> Result<Vec<Value>, Failed> {
    let path: PathBuf = world.folder.join("payment-sandbox/journal.jsonl");
    let Ok(file) = File::open(&path) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for line in BufReader::new(file).lines() {
        // The last line may be half written; what it says was not answered yet.
        match serde_json::from_str::<Vec<Value>>(&line?) {
            Ok(entries) => all.extend(entries),
            Err(_) => break,
        }
    }
    Ok(all)
}

fn text<'a>(entry: &'a Value, pointer: &str) -> &'a str {
    entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// By payment, what was taken and given back.
pub(super) fn taken(world: &World) -> Result<BTreeMap<Uuid, Taken>, Failed> {
    let mut all: BTreeMap<Uuid, Taken> = BTreeMap::new();
    for entry in entries(world)? {
        let amount = |pointer: &str| entry.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
        match text(&entry, "/entry") {
            "captured" => {
                if let Ok(id) = Uuid::parse_str(text(&entry, "/payment_id")) {
                    all.entry(id).or_default().captured += amount("/capture/amount/amount");
                }
            }
            "refunded" if entry.pointer("/refund/refused") != Some(&Value::Bool(true)) => {
                if let Ok(id) = Uuid::parse_str(text(&entry, "/refund/payment_id")) {
                    all.entry(id).or_default().refunded += amount("/refund/amount/amount");
                }
            }
            _ => {}
        }
    }
    Ok(all)
}

/// Callbacks that were neither taken by us nor given up.
pub(crate) fn waiting(world: &World) -> Result<i64, Failed> {
    let entries = entries(world)?;
    let count = |word: &str| entries.iter().filter(|entry| text(entry, "/entry") == word).count();
    let waiting = count("queued").saturating_sub(count("delivered") + count("given_up"));
    Ok(i64::try_from(waiting).unwrap_or(i64::MAX))
}
