//! How far groups are behind, asked again and again over connections that stay open: a client made for each look costs
//! the broker and us more than everything else a service at rest does.

use std::{mem, time::Duration};

use rdkafka::{
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    topic_partition_list::{Offset, TopicPartitionList},
};

use super::{
    Kafka, blocking,
    context::KafkaContext,
    partition_count,
    peek::{committed, reader, signed},
    unavailable,
};
use crate::event_log::LogUnavailable;

/// What groups have not read yet. Transaction markers count, so it is 0 only by chance: a bound to compare with, where
/// [`lag`](super::lag) says exactly whether anything is left.
pub struct Backlog {
    kafka: Kafka,
    /// Each group with the topic it reads.
    read: Vec<(String, String)>,
    /// A client for each, once there was a look that succeeded.
    clients: Vec<BaseConsumer<KafkaContext>>,
}

impl Backlog {
    /// Of these groups, each with the topic it reads. Connects when it is asked.
    pub const fn of(kafka: Kafka, read: Vec<(String, String)>) -> Self {
        Self { kafka, read, clients: Vec::new() }
    }

    /// How many offsets lie between the groups' positions and the ends, over all partitions.
    pub async fn behind(&mut self) -> Result<u64, LogUnavailable> {
        let (kafka, read, clients) = (self.kafka.clone(), self.read.clone(), mem::take(&mut self.clients));
        // After a failure the clients are given up: librdkafka may never find its brokers again.
        let looked = blocking(move || {
            let clients = if clients.is_empty() { open(&kafka, &read)? } else { clients };
            let mut sum: u64 = 0;
            for (client, (_, topic)) in clients.iter().zip(&read) {
                sum = sum.saturating_add(look(&kafka, client, topic)?);
            }
            Ok((clients, sum))
        });
        let (clients, sum) = looked.await.map_err(LogUnavailable)?.map_err(unavailable)?;
        self.clients = clients;
        Ok(sum)
    }
}

fn open(kafka: &Kafka, read: &[(String, String)]) -> Result<Vec<BaseConsumer<KafkaContext>>, KafkaError> {
    read.iter().map(|(group, _)| reader(kafka, group)).collect()
}

/// Three requests, however many partitions there are.
fn look(kafka: &Kafka, client: &BaseConsumer<KafkaContext>, topic: &str) -> Result<u64, KafkaError> {
    // Nothing is assigned: what waits here are its complaints, which nobody else takes.
    while client.poll(Duration::ZERO).is_some() {}
    let timeout = kafka.request_timeout();
    let (mut all, mut ends) = (TopicPartitionList::new(), TopicPartitionList::new());
    for partition in 0..partition_count(client.client(), topic, timeout)? {
        all.add_partition(topic, signed(partition)?);
        ends.add_partition_offset(topic, signed(partition)?, Offset::End)?;
    }
    let (read, ends) = (committed(kafka, client, &all)?, client.offsets_for_times(ends, timeout)?);
    let next = |partition| read.find_partition(topic, partition).and_then(|found| found.offset().to_raw());
    let behind = ends.elements().into_iter().map(|end| {
        let next = next(end.partition()).unwrap_or(0).max(0);
        u64::try_from(end.offset().to_raw().unwrap_or(0).saturating_sub(next)).unwrap_or(0)
    });
    Ok(behind.sum())
}
