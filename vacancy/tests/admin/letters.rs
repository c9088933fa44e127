use domain::event::topic;
use events::{
    consumer::letter::letter,
    dlq::DeadLetters,
    event_log::Record,
    kafka::{Kafka, KafkaSettings},
};
use vacancy::admin::{
    Group, Stores,
    audit::{AuditArgs, Outcome, audit},
};

use crate::stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_nobody_has_looked_at_is_a_breach_until_it_is_gone() {
    let kafka = testkit::kafka::lease();
    for plain in [topic::HOTEL, topic::AVAILABILITY, topic::BOOKING] {
        kafka.topic(&format!("{plain}.dlq")).await;
    }
    let settings = stage::settings(&[("kafka.brokers", &kafka.brokers), ("events.prefix", &kafka.prefix)]);
    let stores = Stores::new(settings).unwrap();
    let args = AuditArgs { wait: std::time::Duration::ZERO, json: false, only: vec!["letters".to_owned()] };
    let outcome = async || audit(&stores, &args, |_| ()).await.pop().unwrap();
    assert_eq!(outcome().await.outcome, Outcome::Clean);

    let group = Group::named("search-hotel").unwrap();
    let letter = letter(&record(&kafka.name(group.topic)), group.name, "not an event of ours");
    let headers: Vec<(&str, &str)> =
        letter.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    kafka.write(&letter.topic, &letter.key, letter.payload.as_deref(), &headers).await;
    let found = outcome().await;
    assert_eq!((found.outcome, found.breaches), (Outcome::Breach, 1), "{:?}", found.shown);

    let log = Kafka::new(KafkaSettings::at(&kafka.brokers).unwrap());
    assert_eq!(DeadLetters::new(log, kafka.name(group.topic), group.name).discard(1).await.unwrap(), 1);
    assert_eq!(outcome().await.outcome, Outcome::Clean);
}

fn record(topic: &str) -> Record {
    Record {
        topic: topic.to_owned(),
        partition: 0,
        offset: 0,
        key: "hotel/x".to_owned(),
        payload: Some(b"{}".to_vec()),
        headers: std::collections::BTreeMap::new(),
    }
}
