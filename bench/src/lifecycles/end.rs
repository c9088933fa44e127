//! When all lifecycles are whole, as the stores say: numbered, published, read by every group, mailed to both.

use std::{collections::BTreeSet, time::Duration};

use e2e::{
    failed::Failed,
    wait::{Seen, until},
    world::World,
};
use platform::mysql::{self, MySqlSettings};
use rdkafka::{
    ClientConfig, Offset,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    metadata::MetadataPartition,
    topic_partition_list::{TopicPartitionList, TopicPartitionListElem},
};
use sqlx::MySqlPool;

use crate::told::OrFailed as _;

/// A backlog may have grown.
const PATIENCE: Duration = Duration::from_mins(20);
const KAFKA_PATIENCE: Duration = Duration::from_secs(10);
/// Who reads what.
const GROUPS: [(&str, &str); 4] = [
    ("search-availability", "availability.events"),
    ("notification", "booking.events"),
    ("mgmt-cache", "booking.events"),
    ("archival", "booking.events"),
];
/// A lane's transaction ends with a mark in each of its partitions, and four lanes may end one behind the other.
const MARKS: i64 = 4;
/// To the traveller and to the hotel.
const MAILS: u64 = 2;

pub(super) struct Stores {
    pub(super) booking: MySqlPool,
    notification: MySqlPool,
    brokers: String,
}

/// What there is.
pub(super) struct Ends {
    numbered: u64,
    mailed: u64,
}

impl Stores {
    pub(super) async fn of(world: &World) -> Result<Self, Failed> {
        let pool = |key| {
            let settings = MySqlSettings::at(world.server(key)?.to_owned()).or_failed()?;
            mysql::connect(&settings).or_failed()
        };
        let stores = Self {
            booking: pool("mysql_booking_url")?,
            notification: pool("mysql_notification_url")?,
            brokers: world.server("kafka_brokers")?.to_owned(),
        };
        stores.ends().await?;
        Ok(stores)
    }

    pub(super) async fn ends(&self) -> Result<Ends, Failed> {
        let count = async |pool: &MySqlPool, sql: &'static str| {
            sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await.or_failed().map(i64::unsigned_abs)
        };
        Ok(Ends {
            numbered: count(&self.booking, "select count(*) from invoices where number is not null").await?,
            mailed: count(&self.notification, "select count(*) from mails where status = 'sent'").await?,
        })
    }

    /// Waits until so many more are whole.
    pub(super) async fn whole(&self, before: &Ends, more: u64) -> Result<(), Failed> {
        until("all lifecycles are whole", PATIENCE, || async {
            let now = self.ends().await?;
            let (numbered, mailed) = (now.numbered - before.numbered, now.mailed - before.mailed);
            let lag = self.lag().await?;
            let done = numbered >= more && mailed >= more * MAILS && lag == 0;
            Ok(Seen::when(done, || {
                format!("of {more}: {numbered} numbered, {mailed} mails, {lag} records unread")
            }))
        })
        .await
    }

    /// Rows that are not published, and records that a group has not taken yet.
    async fn lag(&self) -> Result<u64, Failed> {
        let sql = "select count(*) from outbox where published_at is null";
        let unpublished: i64 = sqlx::query_scalar(sql).fetch_one(&self.booking).await.or_failed()?;
        let brokers = self.brokers.clone();
        let unread = tokio::task::spawn_blocking(move || {
            GROUPS
                .iter()
                .map(|(group, topic)| unread(&brokers, group, topic))
                .sum::<Result<i64, KafkaError>>()
        });
        Ok(unpublished.unsigned_abs() + unread.await.or_failed()?.or_failed()?.unsigned_abs())
    }
}

/// Records behind what a group has taken. Marks of transactions take offsets, and are nobody's to read: whatever may be marks alone
/// is looked at.
fn unread(brokers: &str, group: &str, topic: &str) -> Result<i64, KafkaError> {
    let consumer = consumer(brokers, group)?;
    let metadata = consumer.fetch_metadata(Some(topic), KAFKA_PATIENCE)?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions().iter());
    let mut list = TopicPartitionList::new();
    for partition in partitions.map(MetadataPartition::id) {
        list.add_partition(topic, partition);
    }
    let (mut unread, mut doubtful) = (0, TopicPartitionList::new());
    for committed in consumer.committed_offsets(list, KAFKA_PATIENCE)?.elements() {
        let partition = committed.partition();
        let (low, high) = consumer.fetch_watermarks(topic, partition, KAFKA_PATIENCE)?;
        let at = if let Offset::Offset(at) = committed.offset() { at } else { low };
        if high - at > MARKS {
            unread += high - at;
        } else if high > at {
            doubtful.add_partition_offset(topic, partition, Offset::Offset(at))?;
        }
    }
    Ok(unread + records(&consumer, &doubtful)?)
}

fn consumer(brokers: &str, group: &str) -> Result<BaseConsumer, KafkaError> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", group).set("enable.auto.commit", "false");
    config.set("isolation.level", "read_committed").set("enable.partition.eof", "true").create()
}

/// How many there are to the end of these.
fn records(consumer: &BaseConsumer, from: &TopicPartitionList) -> Result<i64, KafkaError> {
    let mut open: BTreeSet<i32> = from.elements().iter().map(TopicPartitionListElem::partition).collect();
    consumer.assign(from)?;
    let mut records = 0;
    while !open.is_empty() {
        match consumer.poll(KAFKA_PATIENCE) {
            Some(Ok(_)) => records += 1,
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(error)) => return Err(error),
            None => return Err(KafkaError::NoMessageReceived),
        }
    }
    Ok(records)
}
