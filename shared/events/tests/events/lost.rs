//! A reader that has lost its brokers, or what it told them. The broker is librdkafka's own imitation, because it can be switched
//! off, or refuse, for one test.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use events::{
    consumer::{Consumer, ConsumerSettings},
    event_log::{EventLog, NewRecord},
    kafka::{Kafka, KafkaSettings, lag},
};
use platform::shutdown::Shutdown;
use rdkafka::{
    mocking::MockCluster,
    producer::DefaultProducerContext,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};

use crate::{
    publishing::Keeps,
    stack::{Running, until},
};

type Broker = MockCluster<'static, DefaultProducerContext>;

/// Its clients look at themselves five times a second.
fn often_told(cluster: &Broker) -> Kafka {
    let properties = BTreeMap::from([("statistics.interval.ms".to_owned(), "200".into())]);
    Kafka::new(KafkaSettings { properties, ..KafkaSettings::at(cluster.bootstrap_servers()).unwrap() })
}

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
    let cluster: Broker = MockCluster::new(1).unwrap();
    cluster.create_topic("lost", 1, 1).unwrap();
    let kafka = often_told(&cluster);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_refused_while_the_group_changes_is_made_again_without_another_record() {
    let cluster: Broker = MockCluster::new(1).unwrap();
    cluster.create_topic("lost", 1, 1).unwrap();
    let changing = RDKafkaRespErr::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
    cluster.request_errors(RDKafkaApiKey::OffsetCommit, &[changing; 3]);
    let kafka = often_told(&cluster);
    let kept = Arc::new(Keeps::default());
    let settings = ConsumerSettings::of("group", "lost").unwrap();
    let running = Running::start(vec![Consumer::new(Arc::new(kafka.clone()), settings, kept).job()]);

    append(&kafka, "the only one").await;
    until("the group stands behind the record", || async {
        lag(&kafka, "group", &["lost"]).await.is_ok_and(|lag| lag[0].next == 1)
    })
    .await;
    running.stop().await;
}
