//! Dead letters: what a consumer group refused, kept for an operator who lists, shows, replays or discards it.
//!
//! The position of a group in its dead letters is the committed offset of the group `<group>.dlq`; nothing beyond it is empty.

use std::{collections::BTreeMap, slice, sync::Arc};

use platform::causes::causes;

use crate::{
    consumer::{
        Handler, Verdict,
        letter::{GROUP, OFFSET, PARTITION, REASON, TOPIC},
    },
    event_log::{LogUnavailable, Record},
    kafka::{Batch, Kafka, blocking, commit_next, read_to_end, unavailable},
    topics::DLQ_SUFFIX,
};

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Partition of the dead-letter topic.
    pub partition: u32,
    /// Offset in the dead-letter topic.
    pub offset: u64,
    /// Why it was refused.
    pub reason: String,
    /// The record as the group read it.
    pub record: Record,
}

/// How a replay ended.
#[derive(Debug)]
pub struct Replayed {
    /// Letters that were handled; they are gone.
    pub handled: u64,
    /// The letter at which it stopped because it was refused again or not handled, and why. It and all behind it stay.
    pub stopped: Option<(Letter, String)>,
}

/// The dead letters of one group from one topic.
#[derive(Clone)]
pub struct DeadLetters {
    kafka: Kafka,
    topic: String,
    group: String,
}

impl DeadLetters {
    /// The letters of what `group` refused of `topic`.
    pub fn new(kafka: Kafka, topic: impl Into<String>, group: impl Into<String>) -> Self {
        Self { kafka, topic: topic.into(), group: group.into() }
    }

    /// The first `limit` letters, in order per partition.
    pub async fn list(&self, limit: usize) -> Result<Vec<Letter>, LogUnavailable> {
        Ok(self.read(limit).await?.records.into_iter().map(opened).collect())
    }

    /// One letter among the first `within`, if it is still there.
    pub async fn show(
        &self,
        partition: u32,
        offset: u64,
        within: usize,
    ) -> Result<Option<Letter>, LogUnavailable> {
        let letters = self.list(within).await?;
        Ok(letters.into_iter().find(|letter| letter.partition == partition && letter.offset == offset))
    }

    /// How many letters there are, counted up to `limit`.
    pub async fn depth(&self, limit: usize) -> Result<usize, LogUnavailable> {
        Ok(self.read(limit).await?.records.len())
    }

    /// Hands the first `limit` letters to the group's handler, one after the other, and forgets each that is handled.
    pub async fn replay(&self, handler: &Arc<dyn Handler>, limit: usize) -> Result<Replayed, LogUnavailable> {
        let letters = self.list(limit).await?;
        let mut replayed = Replayed { handled: 0, stopped: None };
        for letter in letters {
            let why = match handler.handle(slice::from_ref(&letter.record)).await.pop() {
                Some(Verdict::Done) => None,
                Some(Verdict::Retry(error)) => Some(causes(&*error)),
                Some(Verdict::Reject(refused)) => Some(refused.reason),
                None => Some("the handler left the record out".to_owned()),
            };
            if let Some(why) = why {
                replayed.stopped = Some((letter, why));
                break;
            }
            let next = BTreeMap::from([(letter.partition, letter.offset.saturating_add(1))]);
            self.commit(next).await?;
            replayed.handled = replayed.handled.saturating_add(1);
        }
        Ok(replayed)
    }

    /// Forgets the first `limit` letters, and says how many there were.
    pub async fn discard(&self, limit: usize) -> Result<usize, LogUnavailable> {
        let read = self.read(limit).await?;
        self.commit(read.next).await?;
        Ok(read.records.len())
    }

    async fn read(&self, limit: usize) -> Result<Batch, LogUnavailable> {
        let Self { kafka, group, .. } = self.clone();
        let (topic, position) = (self.letters(), self.position());
        let ours = move |record: &Record| record.headers.get(GROUP) == Some(&group);
        let read = blocking(move || read_to_end(&kafka, &position, &topic, limit, ours)).await;
        read.map_err(LogUnavailable)?.map_err(unavailable)
    }

    async fn commit(&self, next: BTreeMap<u32, u64>) -> Result<(), LogUnavailable> {
        let (kafka, topic, position) = (self.kafka.clone(), self.letters(), self.position());
        let done = blocking(move || commit_next(&kafka, &position, &topic, &next)).await;
        done.map_err(LogUnavailable)?.map_err(unavailable)
    }

    fn letters(&self) -> String {
        format!("{}{DLQ_SUFFIX}", self.topic)
    }

    fn position(&self) -> String {
        format!("{}{DLQ_SUFFIX}", self.group)
    }
}

/// The record as the group saw it: where it was read first, without the headers of the letter.
fn opened(letter: Record) -> Letter {
    let Record { partition, offset, mut headers, topic, key, payload } = letter;
    let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    headers.remove(GROUP);
    let reason = headers.remove(REASON).unwrap_or_default();
    let record = Record {
        topic: headers.remove(TOPIC).unwrap_or(topic),
        partition: u32::try_from(number(headers.remove(PARTITION))).unwrap_or(0),
        offset: number(headers.remove(OFFSET)),
        key,
        payload,
        headers,
    };
    Letter { partition, offset, reason, record }
}
