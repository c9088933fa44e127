//! Layers of TOML that remember where each value came from.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{Table, Value};

use super::SettingProblem;
use crate::serde_says::{is_unknown_field, missing_field};

/// A bound on the reports of one load: a file of another program has as many unknown keys as it has keys.
const MOST_PROBLEMS: usize = 50;

#[derive(Debug, Default)]
pub(super) struct Layers {
    merged: Table,
    defaults: Table,
    sources: HashMap<Vec<String>, String>,
}

impl Layers {
    /// What is merged so far is what values fall back to while looking for further problems.
    pub(super) fn end_of_defaults(&mut self) {
        self.defaults = self.merged.clone();
    }

    pub(super) fn merge(&mut self, table: Table, source: &str) {
        self.merge_at(&[], table, source);
    }

    fn merge_at(&mut self, at: &[String], table: Table, source: &str) {
        for (key, value) in table {
            let path: Vec<String> = at.iter().cloned().chain([key]).collect();
            match value {
                Value::Table(inner) if !inner.is_empty() => self.merge_at(&path, inner, source),
                // An empty table adds nothing to one that is there.
                Value::Table(_) if find(&self.merged, &path).is_some() => {}
                value @ (Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_)
                | Value::Table(_)) => self.set(path, value, source),
            }
        }
    }

    pub(super) fn set(&mut self, path: Vec<String>, value: Value, source: &str) {
        insert(&mut self.merged, &path, value);
        self.sources.insert(path, source.to_owned());
    }

    /// Sets from text, read as what the default of that key is. Names match in any case.
    pub(super) fn set_text<'a>(&mut self, names: impl Iterator<Item = &'a str>, text: &str, source: &str) {
        let mut path = Vec::new();
        let mut level = Some(&self.defaults);
        let mut default = None;
        for name in names {
            let own = level.and_then(|table| table.keys().find(|key| key.eq_ignore_ascii_case(name)));
            let key = own.cloned().unwrap_or_else(|| name.to_ascii_lowercase());
            default = level.and_then(|table| table.get(&key));
            level = default.and_then(Value::as_table);
            path.push(key);
        }
        let value = read_text(text, default);
        self.set(path, value, source);
    }

    /// Reads the settings. A value that is refused is replaced by its default and the rest is read again, until
    /// nothing is refused or nothing can be replaced.
    pub(super) fn read<T: DeserializeOwned>(&mut self, problems: &mut Vec<SettingProblem>) -> Option<T> {
        while problems.len() < MOST_PROBLEMS {
            let error = match serde_path_to_error::deserialize::<_, T>(Value::Table(self.merged.clone())) {
                Ok(settings) => return Some(settings),
                Err(error) => error,
            };
            let path = keys(error.path());
            let message = error.inner().message().to_owned();
            problems.push(self.problem(&path, &message));
            if !self.repair(&path, &message) {
                return None;
            }
        }
        None
    }

    fn problem(&self, path: &[String], message: &str) -> SettingProblem {
        let key = path.join(".");
        if let Some(name) = missing_field(message) {
            let key = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
            return SettingProblem::new(key, "is missing");
        }
        let says = if is_unknown_field(message) { "is not a known key" } else { message };
        match self.source(path) {
            Some(source) => SettingProblem::new(key, format!("{says} (set by {source})")),
            None => SettingProblem::new(key, says),
        }
    }

    /// Who set this key, or something below it, or the whole it is a part of.
    fn source(&self, path: &[String]) -> Option<&String> {
        let exact = (1..=path.len()).rev().find_map(|length| self.sources.get(path.get(..length)?));
        exact.or_else(|| self.sources.iter().find(|(key, _)| key.starts_with(path)).map(|(_, source)| source))
    }

    fn repair(&mut self, path: &[String], message: &str) -> bool {
        if path.is_empty() || missing_field(message).is_some() {
            return false;
        }
        let default = find(&self.defaults, path).cloned();
        let now = find(&self.merged, path).cloned();
        match default {
            Some(default) if Some(&default) != now.as_ref() => {
                insert(&mut self.merged, path, default);
                true
            }
            Some(_) => false,
            None => remove(&mut self.merged, path) || self.repair(parent(path), message),
        }
    }
}

fn parent(path: &[String]) -> &[String] {
    path.split_last().map_or(&[], |(_, parent)| parent)
}

fn keys(path: &serde_path_to_error::Path) -> Vec<String> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

fn find<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (last, parents) = path.split_last()?;
    let mut level = table;
    for key in parents {
        level = level.get(key)?.as_table()?;
    }
    level.get(last)
}

fn insert(table: &mut Table, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return;
    }
    let below = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
    if !below.is_table() {
        *below = Value::Table(Table::new());
    }
    if let Some(below) = below.as_table_mut() {
        insert(below, rest, value);
    }
}

fn remove(table: &mut Table, path: &[String]) -> bool {
    match path {
        [] => false,
        [last] => table.remove(last).is_some(),
        [first, rest @ ..] => {
            table.get_mut(first).and_then(Value::as_table_mut).is_some_and(|below| remove(below, rest))
        }
    }
}

/// Text from the environment: as it is where a text is wanted, else as TOML, so that `8080`, `true` and `["a"]` work.
fn read_text(text: &str, default: Option<&Value>) -> Value {
    if default.is_some_and(Value::is_str) {
        return Value::String(text.to_owned());
    }
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}
