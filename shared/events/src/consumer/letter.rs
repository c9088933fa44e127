//! The letter to the dead letters for a record that a group refuses.

use crate::{
    event_log::{NewRecord, Record},
    topics::DLQ_SUFFIX,
};

/// Header: the group that refused the record.
pub const GROUP: &str = "dlq-group";
/// Header: the topic it was read from.
pub const TOPIC: &str = "dlq-topic";
/// Header: the partition it was read from.
pub const PARTITION: &str = "dlq-partition";
/// Header: its offset there.
pub const OFFSET: &str = "dlq-offset";
/// Header: why it was refused.
pub const REASON: &str = "dlq-reason";
/// Characters of a reason that are kept.
const REASON_CHARS: usize = 1_000;

/// The letter for a record that a group refuses.
pub fn letter(record: &Record, group: &str, reason: &str) -> NewRecord {
    let told = [
        (GROUP, group.to_owned()),
        (TOPIC, record.topic.clone()),
        (PARTITION, record.partition.to_string()),
        (OFFSET, record.offset.to_string()),
        (REASON, reason.chars().take(REASON_CHARS).collect()),
    ];
    let mut headers = record.headers.clone();
    headers.extend(told.map(|(name, value)| (name.to_owned(), value)));
    NewRecord {
        topic: format!("{}{DLQ_SUFFIX}", record.topic),
        key: record.key.clone(),
        partition_key: record.key.clone(),
        payload: record.payload.clone(),
        headers,
    }
}
