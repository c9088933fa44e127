//! How far the relay and the readers of bookings are behind.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};
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

const KAFKA_PATIENCE: Duration = Duration::from_secs(10);
/// Who reads what.
const GROUPS: [(&str, &str); 4] = [
    ("search-availability", "availability.events"),
    ("notification", "booking.events"),
    ("mgmt-cache", "booking.events"),
    ("archival", "booking.events"),
];
/// The relay's part: rows that are not published. What waits there no group can have read.
pub(crate) const OUTBOX: &str = "outbox";
/// A lane's transaction ends with a mark in each of its partitions, and four lanes may end one behind the other.
const MARKS: i64 = 4;

/// Where it is looked up.
pub(crate) struct Lags {
    pub(crate) booking: MySqlPool,
    brokers: String,
}

/// What a look saw: the outbox's rows, and of each group the records that it has not taken.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) behind: BTreeMap<&'static str, u64>,
}

impl Lags {
    /// Those of the running product.
    pub(crate) fn of(world: &World) -> Result<Self, Failed> {
        let settings = MySqlSettings::at(world.server("mysql_booking_url")?.to_owned()).or_failed()?;
        let booking = mysql::connect(&settings).or_failed()?;
        Ok(Self { booking, brokers: world.server("kafka_brokers")?.to_owned() })
    }

    /// Looks at the outbox first: what it publishes meanwhile is then unread by the groups.
    pub(crate) async fn look(&self) -> Result<Look, Failed> {
        let began = Instant::now();
        let mut behind = BTreeMap::from([(OUTBOX, self.unpublished().await?)]);
        let groups = GROUPS.map(|(group, topic)| {
            let brokers = self.brokers.clone();
            (group, tokio::task::spawn_blocking(move || unread(&brokers, group, topic)))
        });
        for (group, unread) in groups {
            behind.insert(group, unread.await.or_failed()?.or_failed()?.unsigned_abs());
        }
        Ok(Look { began, ended: Instant::now(), behind })
    }

    async fn unpublished(&self) -> Result<u64, Failed> {
        let sql = "select count(*) from outbox where published_at is null";
        let rows: i64 = sqlx::query_scalar(sql).fetch_one(&self.booking).await.or_failed()?;
        Ok(rows.unsigned_abs())
    }
}

impl Look {
    /// How far all of them are behind.
    pub(crate) fn sum(&self) -> u64 {
        self.behind.values().sum()
    }

    /// How far one of them is behind.
    pub(crate) fn of(&self, name: &str) -> u64 {
        self.behind.get(name).copied().unwrap_or(0)
    }

    /// Whether nothing is left for it, nor will come.
    pub(crate) fn is_done(&self, name: &str) -> bool {
        self.of(OUTBOX) == 0 && self.of(name) == 0
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
