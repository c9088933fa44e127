//! A reader that has lost its brokers. The broker is librdkafka's own imitation, because it can be switched off for one test.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use events::{
    consumer::{Consumer, ConsumerSettings},
    event_log::{EventLog, NewRecord},
    kafka::{Kafka, KafkaSettings},
};
use platform::shutdown::Shutdown;
use rdkafka::{mocking::MockCluster, producer::DefaultProducerContext};

use crate::{
    publishing::Keeps,
    stack::{Running, until},
};

async fn append(kafka: &Kafka, payload: &str) {
    let record = NewRecord {
        topic: "lost".to_owned(),
        partition_key: "k".to_owned(),
        key: "k".to_owned(),
        payload: Some(payload.as_bytes().to_vec()),
        headers: BTreeMap::new(),
    };
    kafka.append(record).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_reaches_nobody_gives_up_its_client_and_the_next_one_reads_on() {
    let cluster: MockCluster<'_, DefaultProducerContext> = MockCluster::new(1).unwrap();
    cluster.create_topic("lost", 1, 1).unwrap();
    let quick = BTreeMap::from([("statistics.interval.ms".to_owned(), "200".into())]);
    let settings =
        KafkaSettings { properties: quick, ..KafkaSettings::at(cluster.bootstrap_servers()).unwrap() };
    let kafka = Kafka::new(settings);
    let kept = Arc::new(Keeps::default());
    let read = || kept.0.lock().unwrap().len();
    let consumer =
        Consumer::new(Arc::new(kafka.clone()), ConsumerSettings::of("group", "lost").unwrap(), kept.clone());

    append(&kafka, "before").await;
    let job = consumer.job();
    let first = tokio::spawn(async move { job.run(Shutdown::new()).await });
    until("the first record is read", || async { read() == 1 }).await;
    cluster.broker_down(1).unwrap();
    let ended = tokio::time::timeout(Duration::from_mins(1), first).await.unwrap().unwrap();
    assert!(ended.is_err(), "whoever supervises the reader starts it again");

    cluster.broker_up(1).unwrap();
    let running = Running::start(vec![consumer.job()]);
    append(&kafka, "after").await;
    until("the next client reads on", || async { read() >= 2 }).await;
    running.stop().await;
}
