//! The consumer on a real log.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    dlq::DeadLetters,
    event_log::{EventLog, NewRecord},
    kafka::{self, Backlog, GroupProtocol, Kafka, KafkaSettings},
};
use platform::clock::SystemClock;
use rdkafka::{
    ClientConfig,
    producer::{BaseProducer, BaseRecord, Producer},
};

use crate::stack::{self, Running, drop_topic, log, topic, unique, until};

/// The longest wait for one answer of the server.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn append(topic: &str, key: &str, payload: &str) {
    let headers = BTreeMap::new();
    let (topic, key) = (topic.to_owned(), key.to_owned());
    let record = NewRecord {
        topic,
        partition_key: key.clone(),
        key,
        payload: Some(payload.as_bytes().to_vec()),
        headers,
    };
    stack::kafka().append(record).await.unwrap();
}

pub(crate) async fn lag(group: &str, topic: &str) -> u64 {
    let lag = kafka::lag(&stack::kafka(), group, &[topic]).await.unwrap();
    lag.iter().map(|partition| partition.behind).sum()
}

async fn letters(group: &str, topic: &str) -> usize {
    DeadLetters::new(stack::kafka(), topic, group).depth(1_000).await.unwrap()
}

/// Fails a few times on "flaky", refuses "poison", meets damage at "unlucky", keeps all it was asked; asks no further than the
/// first that comes again.
#[derive(Default)]
struct Moody {
    asked: Mutex<Vec<String>>,
    failures: AtomicU32,
}

#[async_trait]
impl Handler for Moody {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for record in records {
            verdicts.push(self.verdict(record));
            if matches!(verdicts.last(), Some(Verdict::Retry(_))) {
                break;
            }
        }
        verdicts
    }
}

impl Moody {
    fn verdict(&self, record: &Record) -> Verdict {
        let text = String::from_utf8(record.payload.clone().unwrap_or_default()).unwrap();
        self.asked.lock().unwrap().push(text.clone());
        match text.as_str() {
            "flaky" if self.failures.fetch_add(1, Ordering::SeqCst) < 3 => Verdict::retry("not yet"),
            "panics" if self.failures.fetch_add(1, Ordering::SeqCst) < 1 => panic!("a mistake in a handler"),
            "poison" => Verdict::reject("it is poison"),
            "unlucky" => Verdict::damaged("what is stored cannot be read"),
            _ => Verdict::Done,
        }
    }
}

fn settings(group: &str, topic: &str) -> ConsumerSettings {
    ConsumerSettings { first_wait_ms: 5, most_wait_ms: 20, ..ConsumerSettings::of(group, topic).unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_record_is_tried_again_and_nothing_overtakes_it() {
    let (topic, group) = (topic(1).await, unique("group"));
    for payload in ["first", "flaky", "panics", "last"] {
        append(&topic, "k", payload).await;
    }
    let handler = Arc::new(Moody::default());
    let consumer = Consumer::new(log(), settings(&group, &topic), handler.clone());
    let running = Running::start(vec![consumer.job()]);
    until("all is handled", || async { lag(&group, &topic).await == 0 }).await;
    running.stop().await;
    let asked = handler.asked.lock().unwrap().clone();
    let mut firsts: Vec<String> = Vec::new();
    for text in &asked {
        if !firsts.contains(text) {
            firsts.push(text.clone());
        }
    }
    assert_eq!(firsts, ["first", "flaky", "panics", "last"]);
    assert_eq!(asked.last().unwrap(), "last", "it waited for the others: {asked:?}");
    assert!(asked.iter().filter(|text| *text == "flaky").count() >= 4, "{asked:?}");
    drop_topic(&topic).await;
}

/// Has its effect, then never answers: the process dies before it can.
#[derive(Default)]
struct Dying(Mutex<Vec<String>>);

#[async_trait]
impl Handler for Dying {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let keys = records.iter().map(|record| record.key.clone());
        self.0.lock().unwrap().extend(keys);
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_after_which_the_process_dies_comes_again_whole() {
    let (topic, group) = (topic(1).await, unique("group"));
    for key in 0..20 {
        append(&topic, &key.to_string(), &key.to_string()).await;
    }
    let dying = Arc::new(Dying::default());
    let running = Running::start(vec![Consumer::new(log(), settings(&group, &topic), dying.clone()).job()]);
    until("it has its effect", || async { !dying.0.lock().unwrap().is_empty() }).await;
    running.kill();
    let next = Arc::new(Moody::default());
    let running = Running::start(vec![Consumer::new(log(), settings(&group, &topic), next.clone()).job()]);
    until("all is handled", || async { lag(&group, &topic).await == 0 }).await;
    running.stop().await;
    let all: Vec<_> = (0..20).map(|key| key.to_string()).collect();
    assert_eq!(*next.asked.lock().unwrap(), all);
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handled_is_committed_and_does_not_come_again() {
    let (topic, group) = (topic(3).await, unique("group"));
    for key in 0..30 {
        append(&topic, &key.to_string(), &key.to_string()).await;
    }
    let first = Arc::new(Moody::default());
    let running = Running::start(vec![Consumer::new(log(), settings(&group, &topic), first.clone()).job()]);
    until("all is handled", || async { first.asked.lock().unwrap().len() == 30 }).await;
    running.stop().await;
    assert_eq!(lag(&group, &topic).await, 0, "the shutdown committed");
    append(&topic, "31", "new").await;
    let second = Arc::new(Moody::default());
    let running = Running::start(vec![Consumer::new(log(), settings(&group, &topic), second.clone()).job()]);
    until("the new one is handled", || async { !second.asked.lock().unwrap().is_empty() }).await;
    running.stop().await;
    assert_eq!(*second.asked.lock().unwrap(), ["new"]);
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_share_the_partitions_and_lose_nothing_while_one_comes_and_goes() {
    let (topic, group) = (topic(4).await, unique("group"));
    let handler = Arc::new(Moody::default());
    let member =
        || Running::start(vec![Consumer::new(log(), settings(&group, &topic), handler.clone()).job()]);
    let first = member();
    for number in 0..40 {
        append(&topic, &number.to_string(), &number.to_string()).await;
    }
    let second = member();
    for number in 40..80 {
        append(&topic, &number.to_string(), &number.to_string()).await;
    }
    first.stop().await;
    for number in 80..100 {
        append(&topic, &number.to_string(), &number.to_string()).await;
    }
    until("all is handled", || async { lag(&group, &topic).await == 0 }).await;
    second.stop().await;
    let mut asked = handler.asked.lock().unwrap().clone();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 100);
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_stops_and_says_it_is_stale_when_it_refuses_record_after_record() {
    let (topic, group) = (topic(1).await, unique("group"));
    for _ in 0..6 {
        append(&topic, "k", "poison").await;
    }
    let handler = Arc::new(Moody::default());
    let limited = ConsumerSettings { rejects_in_a_row: 3, ..settings(&group, &topic) };
    let consumer = Consumer::new(log(), limited, handler.clone());
    let state = consumer.state();
    let running = Running::start(vec![consumer.job()]);
    until("it stops", || async { state.stale() }).await;
    assert_eq!(letters(&group, &topic).await, 3);
    assert!(lag(&group, &topic).await > 0, "what it stopped at is not skipped");
    running.stop().await;
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_meet_damage_stop_a_consumer_only_after_fifty_times_as_many() {
    let (topic, group) = (topic(1).await, unique("group"));
    for payload in ["unlucky", "unlucky", "unlucky", "unlucky", "last"] {
        append(&topic, "k", payload).await;
    }
    let handler = Arc::new(Moody::default());
    let limited = ConsumerSettings { rejects_in_a_row: 3, ..settings(&group, &topic) };
    let consumer = Consumer::new(log(), limited, handler.clone());
    let state = consumer.state();
    let running = Running::start(vec![consumer.job()]);
    until("all is handled", || async { lag(&group, &topic).await == 0 }).await;
    assert_eq!(letters(&group, &topic).await, 4);
    for _ in 0..160 {
        append(&topic, "k", "unlucky").await;
    }
    until("it stops", || async { state.stale() }).await;
    assert_eq!(letters(&group, &topic).await, 4 + 150);
    assert!(lag(&group, &topic).await > 0, "what it stopped at is not skipped");
    running.stop().await;
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_group_protocol_does_the_same() {
    let (topic, group) = (topic(3).await, unique("group"));
    for number in 0..10 {
        append(&topic, &number.to_string(), &number.to_string()).await;
    }
    let newer =
        KafkaSettings { group_protocol: GroupProtocol::Consumer, ..stack::kafka().settings().clone() };
    let handler = Arc::new(Moody::default());
    let consumer = Consumer::new(Arc::new(Kafka::new(newer)), settings(&group, &topic), handler.clone());
    let running = Running::start(vec![consumer.job()]);
    until("all is handled", || async { lag(&group, &topic).await == 0 }).await;
    running.stop().await;
    assert_eq!(handler.asked.lock().unwrap().len(), 10);
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_open_transaction_holds_back_is_told_although_nobody_is_behind() {
    let (topic, group) = (topic(1).await, unique("group"));
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", stack::env("KAFKA_BROKERS", "127.0.0.1:22092"))
        .set("transactional.id", unique("open"))
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    producer.send(BaseRecord::<str, str>::to(&topic).payload("not yet to be read")).unwrap();
    producer.flush(PATIENCE).unwrap();
    let [open] = kafka::lag(&stack::kafka(), &group, &[&topic]).await.unwrap().try_into().unwrap();
    assert_eq!((open.behind, open.held), (0, 1));
    producer.commit_transaction(PATIENCE).unwrap();
    until("the transaction is marked", || async { lag(&group, &topic).await > 0 }).await;
    let [closed] = kafka::lag(&stack::kafka(), &group, &[&topic]).await.unwrap().try_into().unwrap();
    assert_eq!(closed.held, 0);
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_what_groups_have_not_read_at_each_look() {
    let (topic, group) = (topic(3).await, unique("group"));
    let mut backlog = Backlog::of(stack::kafka(), vec![(group.clone(), topic.clone())]);
    assert_eq!(backlog.behind().await.unwrap(), 0);
    for key in 0..20 {
        append(&topic, &key.to_string(), &key.to_string()).await;
    }
    assert_eq!(backlog.behind().await.unwrap(), 20, "nobody has read yet");
    let handler = Arc::new(Moody::default());
    let running = Running::start(vec![Consumer::new(log(), settings(&group, &topic), handler.clone()).job()]);
    until("all is handled", || async { handler.asked.lock().unwrap().len() == 20 }).await;
    running.stop().await;
    assert_eq!(backlog.behind().await.unwrap(), 0, "the shutdown committed");
    append(&topic, "21", "new").await;
    assert_eq!(backlog.behind().await.unwrap(), 1);
    drop_topic(&topic).await;
    until("it is gone", || {
        let mut gone = Backlog::of(stack::kafka(), vec![(group.clone(), topic.clone())]);
        async move { gone.behind().await.is_err() }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_behind_by_more_than_is_fetched_ahead_reads_on_without_a_pause() {
    let topic = topic(1).await;
    let mut settings = KafkaSettings::at(stack::brokers()).unwrap();
    settings.fetch_ahead_kb = 64;
    settings.properties.insert("fetch.message.max.bytes".to_owned(), "65536".into());
    let little_ahead = Kafka::new(settings);
    for key in 0..40 {
        append(&topic, &key.to_string(), &"x".repeat(60_000)).await;
    }
    let began = Instant::now();
    let hour_ago = SystemClock.read().plus(TimeDelta::hours(-1));
    let read = kafka::fold_since(&little_ahead, &topic, hour_ago, 0, |read, _| *read += 1).await.unwrap();
    assert_eq!(read, 40);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "a pause of a second behind each record: {took:?}");
    drop_topic(&topic).await;
}
