//! Looking at a group's position without joining it: for the auditor and for the dead letters.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::Instant;
use rdkafka::{
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    topic_partition_list::{Offset, TopicPartitionList},
};

use super::{
    Kafka, blocking,
    context::KafkaContext,
    partition_count,
    subscription::{number, record},
    unavailable,
};
use crate::event_log::{LogUnavailable, Record};

/// Between two questions about a group whose coordinator is changing.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// Where a group stands in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionLag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// The next offset the group would read.
    pub next: u64,
    /// The offset behind the last one.
    pub end: u64,
    /// Offsets still to be read: 0 exactly when no committed record lies there. Otherwise transaction markers count too.
    pub behind: u64,
    /// Offsets that nobody may read yet, because a transaction begun before them is still open. It ends within seconds, or it
    /// hangs: then every reader believes to be at the end, and is not.
    pub held: u64,
}

/// How far a group is behind in each partition of the topics, in the order given. For `audit` and for a rebuild.
pub async fn lag(kafka: &Kafka, group: &str, topics: &[&str]) -> Result<Vec<PartitionLag>, LogUnavailable> {
    let mut all = Vec::new();
    for topic in topics {
        let (kafka, group, topic) = (kafka.clone(), group.to_owned(), (*topic).to_owned());
        let looked = blocking(move || lag_of_topic(&kafka, &group, &topic)).await.map_err(LogUnavailable)?;
        all.extend(looked.map_err(unavailable)?);
    }
    Ok(all)
}

/// Whether the group has read, of any partition of the topic, a record that was written at that time or later.
pub async fn has_read_since(
    kafka: &Kafka,
    group: &str,
    topic: &str,
    since: Instant,
) -> Result<bool, LogUnavailable> {
    let (kafka, group, topic) = (kafka.clone(), group.to_owned(), topic.to_owned());
    let looked = blocking(move || read_since(&kafka, &group, &topic, since)).await.map_err(LogUnavailable)?;
    looked.map_err(unavailable)
}

/// Blocks.
fn read_since(kafka: &Kafka, group: &str, topic: &str, since: Instant) -> Result<bool, KafkaError> {
    let consumer = reader(kafka, group)?;
    let first = written_at(kafka, &consumer, topic, since)?;
    let mut all = TopicPartitionList::new();
    for element in first.elements() {
        all.add_partition(topic, element.partition());
    }
    let next = committed(kafka, &consumer, &all)?;
    Ok(first.elements().iter().any(|first| {
        let next = next.find_partition(topic, first.partition()).map(|next| next.offset());
        matches!((first.offset(), next), (Offset::Offset(first), Some(Offset::Offset(next))) if next > first)
    }))
}

/// The first record of each partition of the topic that was written at that time or later; the end where there is none.
fn written_at(
    kafka: &Kafka,
    consumer: &BaseConsumer<KafkaContext>,
    topic: &str,
    since: Instant,
) -> Result<TopicPartitionList, KafkaError> {
    let timeout = kafka.request_timeout();
    let at = Offset::Offset(since.utc().timestamp_millis());
    let mut times = TopicPartitionList::new();
    for partition in 0..partition_count(consumer.client(), topic, timeout)? {
        times.add_partition_offset(topic, signed(partition)?, at)?;
    }
    consumer.offsets_for_times(times, timeout)
}

/// Reads what was written to a topic at that time or later, to its end as it is met, in order per partition. No group moves,
/// and nothing is kept but what `take` makes of it.
pub async fn fold_since<T: Send + 'static>(
    kafka: &Kafka,
    topic: &str,
    since: Instant,
    state: T,
    take: fn(&mut T, &Record),
) -> Result<T, LogUnavailable> {
    let (kafka, topic) = (kafka.clone(), topic.to_owned());
    let read = blocking(move || fold(&kafka, &topic, since, state, take)).await.map_err(LogUnavailable)?;
    read.map_err(unavailable)
}

/// Blocks.
fn fold<T>(
    kafka: &Kafka,
    topic: &str,
    since: Instant,
    mut state: T,
    take: fn(&mut T, &Record),
) -> Result<T, KafkaError> {
    let consumer = reader(kafka, "vacancy-admin-reads")?;
    let (mut open, mut list) = (BTreeSet::new(), TopicPartitionList::new());
    for first in written_at(kafka, &consumer, topic, since)?.elements() {
        if let Offset::Offset(offset) = first.offset() {
            list.add_partition_offset(topic, first.partition(), Offset::Offset(offset))?;
            open.insert(number(first.partition()));
        }
    }
    consumer.assign(&list)?;
    while !open.is_empty() {
        match poll(&consumer, std::time::Instant::now() + kafka.request_timeout())? {
            Polled::End(partition) => drop(open.remove(&partition)),
            Polled::Record(record) => take(&mut state, &record),
        }
    }
    Ok(state)
}

/// What was read of a topic.
pub(crate) struct Batch {
    /// Records in order per partition.
    pub(crate) records: Vec<Record>,
    /// The next offset behind what was read, per partition that held any record.
    pub(crate) next: BTreeMap<u32, u64>,
}

/// Reads a topic from the group's position to its end, at most `limit` records that `wanted` wants. Blocks.
pub(crate) fn read_to_end(
    kafka: &Kafka,
    group: &str,
    topic: &str,
    limit: usize,
    wanted: impl Fn(&Record) -> bool,
) -> Result<Batch, KafkaError> {
    let consumer = reader(kafka, group)?;
    let positions = positions(kafka, &consumer, topic)?;
    let mut open: BTreeSet<u32> =
        positions.iter().filter(|lag| lag.behind > 0).map(|lag| lag.partition).collect();
    consumer.assign(&at_next(topic, &positions, &open)?)?;
    let mut read = Batch { records: Vec::new(), next: BTreeMap::new() };
    let deadline = std::time::Instant::now() + kafka.request_timeout();
    while !open.is_empty() && read.records.len() < limit {
        match poll(&consumer, deadline)? {
            Polled::End(partition) => drop(open.remove(&partition)),
            Polled::Record(record) => {
                read.next.insert(record.partition, record.offset.saturating_add(1));
                if wanted(&record) {
                    read.records.push(record);
                }
            }
        }
    }
    Ok(read)
}

/// Moves the group behind what was read or handled. Blocks.
pub(crate) fn commit_next(
    kafka: &Kafka,
    group: &str,
    topic: &str,
    next: &BTreeMap<u32, u64>,
) -> Result<(), KafkaError> {
    if next.is_empty() {
        return Ok(());
    }
    let mut list = TopicPartitionList::new();
    for (partition, offset) in next {
        add(&mut list, topic, *partition, *offset)?;
    }
    reader(kafka, group)?.commit(&list, CommitMode::Sync)
}

enum Polled {
    End(u32),
    Record(Record),
}

fn poll(consumer: &BaseConsumer<KafkaContext>, deadline: std::time::Instant) -> Result<Polled, KafkaError> {
    loop {
        let left = deadline.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return Err(KafkaError::NoMessageReceived);
        }
        match consumer.poll(left) {
            Some(Ok(message)) => return Ok(Polled::Record(record(&message))),
            Some(Err(KafkaError::PartitionEOF(partition))) => return Ok(Polled::End(number(partition))),
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
            Some(Err(_)) | None => {}
        }
    }
}

pub(super) fn reader(kafka: &Kafka, group: &str) -> Result<BaseConsumer<KafkaContext>, KafkaError> {
    kafka.reader_config(group).create_with_context(KafkaContext)
}

fn lag_of_topic(kafka: &Kafka, group: &str, topic: &str) -> Result<Vec<PartitionLag>, KafkaError> {
    let consumer = reader(kafka, group)?;
    let mut positions = positions(kafka, &consumer, topic)?;
    let empty = only_markers(kafka, &consumer, topic, &positions)?;
    let everything = kafka.reader_config(group).set("isolation.level", "read_uncommitted").clone();
    let everything: BaseConsumer<KafkaContext> = everything.create_with_context(KafkaContext)?;
    for lag in &mut positions {
        if empty.contains(&lag.partition) {
            lag.behind = 0;
        }
        let (_, last) =
            everything.fetch_watermarks(topic, signed(lag.partition)?, kafka.request_timeout())?;
        lag.held = u64::try_from(last).unwrap_or(0).saturating_sub(lag.end);
    }
    Ok(positions)
}

fn positions(
    kafka: &Kafka,
    consumer: &BaseConsumer<KafkaContext>,
    topic: &str,
) -> Result<Vec<PartitionLag>, KafkaError> {
    let timeout = kafka.request_timeout();
    let count = partition_count(consumer.client(), topic, timeout)?;
    let mut list = TopicPartitionList::new();
    for partition in 0..count {
        list.add_partition(topic, signed(partition)?);
    }
    let committed = committed(kafka, consumer, &list)?;
    let mut all = Vec::new();
    for element in committed.elements() {
        let (low, high) = consumer.fetch_watermarks(topic, element.partition(), timeout)?;
        let next = element.offset().to_raw().filter(|offset| *offset >= low).unwrap_or(low);
        let (next, end) = (u64::try_from(next).unwrap_or(0), u64::try_from(high).unwrap_or(0));
        let partition = number(element.partition());
        all.push(PartitionLag {
            topic: topic.to_owned(),
            partition,
            next,
            end,
            behind: end.saturating_sub(next),
            held: 0,
        });
    }
    Ok(all)
}

/// Where the group stands. A broker that has just become its coordinator says for a moment that it is not, or not yet.
pub(super) fn committed(
    kafka: &Kafka,
    consumer: &BaseConsumer<KafkaContext>,
    list: &TopicPartitionList,
) -> Result<TopicPartitionList, KafkaError> {
    let deadline = std::time::Instant::now() + kafka.request_timeout();
    loop {
        let committed = consumer.committed_offsets(list.clone(), kafka.request_timeout());
        let passes = committed.as_ref().is_err_and(|error| {
            matches!(
                error.rdkafka_error_code(),
                Some(
                    RDKafkaErrorCode::NotCoordinator
                        | RDKafkaErrorCode::CoordinatorNotAvailable
                        | RDKafkaErrorCode::CoordinatorLoadInProgress
                )
            )
        });
        if !passes || std::time::Instant::now() >= deadline {
            return committed;
        }
        // Nothing is assigned, so this only serves the client while it waits.
        drop(consumer.poll(ASK_AGAIN));
    }
}

/// Partitions behind whose position only transaction markers or aborted records lie: no reader will ever see anything there.
fn only_markers(
    kafka: &Kafka,
    consumer: &BaseConsumer<KafkaContext>,
    topic: &str,
    positions: &[PartitionLag],
) -> Result<BTreeSet<u32>, KafkaError> {
    let mut open: BTreeSet<u32> =
        positions.iter().filter(|lag| lag.behind > 0).map(|lag| lag.partition).collect();
    let mut empty = BTreeSet::new();
    consumer.assign(&at_next(topic, positions, &open)?)?;
    let deadline = std::time::Instant::now() + kafka.request_timeout();
    while !open.is_empty() {
        match poll(consumer, deadline)? {
            Polled::End(partition) => {
                if open.remove(&partition) {
                    empty.insert(partition);
                }
            }
            Polled::Record(record) => {
                open.remove(&record.partition);
                pause(consumer, topic, record.partition)?;
            }
        }
    }
    Ok(empty)
}

fn pause(consumer: &BaseConsumer<KafkaContext>, topic: &str, partition: u32) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::with_capacity(1);
    list.add_partition(topic, signed(partition)?);
    consumer.pause(&list)
}

fn at_next(
    topic: &str,
    all: &[PartitionLag],
    wanted: &BTreeSet<u32>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for lag in all.iter().filter(|lag| wanted.contains(&lag.partition)) {
        add(&mut list, topic, lag.partition, lag.next)?;
    }
    Ok(list)
}

fn add(list: &mut TopicPartitionList, topic: &str, partition: u32, offset: u64) -> Result<(), KafkaError> {
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    list.add_partition_offset(topic, signed(partition)?, Offset::Offset(offset))
}

pub(super) fn signed(partition: u32) -> Result<i32, KafkaError> {
    i32::try_from(partition).map_err(|error| KafkaError::Subscription(error.to_string()))
}
