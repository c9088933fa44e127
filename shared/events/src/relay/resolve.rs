//! From outbox rows to records: in order per key, and events without a payload become what their key is now.

use std::collections::{BTreeMap, BTreeSet};

use platform::causes::BoxError;

use super::{context::Context, current::CurrentRecord};
use crate::{
    event_log::{NewRecord, TRACEPARENT, VERSION},
    outbox::rows::OutboxRow,
};

/// Events are CloudEvents in structured mode.
const CONTENT_TYPE: (&str, &str) = ("content-type", "application/cloudevents+json; charset=utf-8");

/// The records of a batch. State is read here, after the rows were, so it is at least as new as each of them.
pub(super) async fn records(relay: &Context, mut rows: Vec<OutboxRow>) -> Result<Vec<NewRecord>, BoxError> {
    // Ids rise within a key because its row is locked when they are given; the version says so outright.
    rows.sort_by(|a, b| (&a.event_key, a.version, a.outbox_id).cmp(&(&b.event_key, b.version, b.outbox_id)));
    let mut records = Vec::with_capacity(rows.len());
    let mut touched: BTreeMap<String, BTreeMap<String, Option<String>>> = BTreeMap::new();
    for row in rows {
        if row.payload.is_none() && relay.sources.contains_key(&row.topic) {
            touched.entry(row.topic).or_default().insert(row.event_key, row.traceparent);
        } else {
            records.push(from_row(row));
        }
    }
    for (topic, keys) in touched {
        records.extend(current(relay, &topic, &keys).await?);
    }
    Ok(records)
}

async fn current(
    relay: &Context,
    topic: &str,
    touched: &BTreeMap<String, Option<String>>,
) -> Result<Vec<NewRecord>, BoxError> {
    let Some(source) = relay.sources.get(topic) else { return Ok(Vec::new()) };
    let keys: Vec<String> = touched.keys().cloned().collect();
    let mut told = BTreeSet::new();
    let read = source.read(&keys).await?;
    Ok(read
        .into_iter()
        .filter(|record| told.insert(record.key.clone()))
        .map(|record| from_state(topic, touched.get(&record.key).cloned().flatten(), record))
        .collect())
}

fn from_row(row: OutboxRow) -> NewRecord {
    NewRecord {
        topic: row.topic,
        key: row.event_key,
        partition_key: row.partition_key,
        headers: headers(row.version, row.traceparent),
        payload: row.payload,
    }
}

fn from_state(topic: &str, traceparent: Option<String>, record: CurrentRecord) -> NewRecord {
    NewRecord {
        topic: topic.to_owned(),
        headers: headers(record.version, traceparent),
        key: record.key,
        partition_key: record.partition_key,
        payload: record.payload,
    }
}

fn headers(version: i64, traceparent: Option<String>) -> BTreeMap<String, String> {
    let (name, value) = CONTENT_TYPE;
    let mut headers =
        BTreeMap::from([(name.to_owned(), value.to_owned()), (VERSION.to_owned(), version.to_string())]);
    headers.extend(traceparent.map(|value| (TRACEPARENT.to_owned(), value)));
    headers
}
