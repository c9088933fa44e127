//! From records to the events in them, and from what became of the events to verdicts.

use super::{Record, Verdict};

/// The event of each record, else what becomes of the record.
pub fn read_events<T>(
    records: &[Record],
    read: impl Fn(&[u8]) -> Result<Option<T>, serde_json::Error>,
) -> Vec<Result<T, Verdict>> {
    records.iter().map(|record| read_event(record, &read)).collect()
}

/// The event of a record; of one without it, what becomes of it: a tombstone is nothing to those who read by events, a newer
/// writer's event is passed by, and what cannot be read is refused.
pub fn read_event<T>(
    record: &Record,
    read: impl Fn(&[u8]) -> Result<Option<T>, serde_json::Error>,
) -> Result<T, Verdict> {
    let payload = record.payload.as_deref().ok_or(Verdict::Done)?;
    let event = read(payload);
    let event =
        event.map_err(|error| Verdict::reject(format!("not an event of {}: {error}", record.topic)))?;
    event.ok_or_else(|| Verdict::passed_by(record))
}

/// The verdicts of all records, in order: for those whose events were read, what `verdict` says next.
pub fn verdicts<T>(read: Vec<Result<T, Verdict>>, mut verdict: impl FnMut(T) -> Verdict) -> Vec<Verdict> {
    read.into_iter().map(|read| read.map_or_else(|verdict| verdict, &mut verdict)).collect()
}
