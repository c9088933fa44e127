//! What search reads from the event log: one topic each.

pub mod availability_events;
pub mod hotel_events;

use domain::event::CloudEvent;
use events::consumer::Verdict;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::merge::MergeError;

/// Reads an event's envelope; its body stays JSON until its type is known.
fn envelope(payload: &[u8]) -> Result<CloudEvent<Value>, Verdict> {
    serde_json::from_slice(payload).map_err(|error| Verdict::reject(format!("not a CloudEvent: {error}")))
}

/// Reads an event's body, which must be about the record's key.
fn body<T: DeserializeOwned>(
    event: CloudEvent<Value>,
    key: &str,
    key_of: impl Fn(&T) -> String,
) -> Result<T, Verdict> {
    let body: T = serde_json::from_value(event.data)
        .map_err(|error| Verdict::reject(format!("the body does not fit its type: {error}")))?;
    let own = key_of(&body);
    if own == key { Ok(body) } else { Err(Verdict::reject(format!("it is about {own}, its key is {key}"))) }
}

/// Whatever keeps a part from being merged may pass: the record comes again.
fn verdict(merged: Result<(), MergeError>) -> Verdict {
    match merged {
        Ok(()) => Verdict::Done,
        Err(error) => Verdict::retry(error),
    }
}

#[cfg(test)]
mod tests;
