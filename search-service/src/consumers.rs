//! What search reads from the event log: one topic each.

pub mod availability_events;
pub mod hotel_events;

use events::consumer::{Record, Verdict, verdicts};
use platform::causes::causes;

use crate::merge::{MergeError, Merged};

/// An event that was read, if it is about its record's key; else what becomes of the record.
fn checked<T>(
    record: &Record,
    read: Result<Option<T>, serde_json::Error>,
    key_of: impl Fn(&T) -> String,
) -> Result<T, Verdict> {
    let event = read.map_err(|error| Verdict::reject(format!("not an event of its topic: {error}")))?;
    let event = event.ok_or_else(|| Verdict::passed_by(record))?;
    let own = key_of(&event);
    if own == record.key {
        Ok(event)
    } else {
        Err(Verdict::reject(format!("it is about {own}, its key is {}", record.key)))
    }
}

/// What keeps parts from being merged may pass, and the records come again; but a document that the index refuses once it
/// refuses always, and must not stop those behind it.
fn told<T>(read: Vec<Result<T, Verdict>>, merged: Result<Vec<Merged>, MergeError>) -> Vec<Verdict> {
    match merged {
        Ok(merged) => {
            let mut merged = merged.into_iter();
            verdicts(read, |_| match merged.next() {
                Some(Merged::Done) => Verdict::Done,
                Some(Merged::Refused(why)) => Verdict::reject(why),
                Some(Merged::Damaged(why)) => Verdict::damaged(why),
                None => Verdict::retry("its part was left out"),
            })
        }
        Err(error) => verdicts(read, |_| Verdict::retry(causes(&error))),
    }
}

#[cfg(test)]
pub(crate) mod tests;
