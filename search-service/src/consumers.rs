//! What search reads from the event log: one topic each.

pub mod availability_events;
pub mod hotel_events;

use events::consumer::{Record, Verdict};

use crate::merge::MergeError;

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

/// What keeps a part from being merged may pass, and the record comes again; but a document that the index refuses once it
/// refuses always, and must not stop those behind it.
fn verdict(merged: Result<(), MergeError>) -> Verdict {
    match merged {
        Ok(()) => Verdict::Done,
        Err(refused @ MergeError::Refused(_)) => Verdict::reject(refused.to_string()),
        Err(damaged @ MergeError::Damaged(_)) => Verdict::damaged(damaged.to_string()),
        Err(error @ (MergeError::Index(_) | MergeError::Clock(_) | MergeError::Contended)) => {
            Verdict::retry(error)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
