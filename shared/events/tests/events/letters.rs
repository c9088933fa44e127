//! Dead letters: refused, listed, replayed, discarded.

use std::sync::Arc;

use async_trait::async_trait;
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    dlq::DeadLetters,
};

use crate::{
    consuming::{append, lag},
    publishing::Keeps,
    stack::{self, Running, drop_topic, log, topic, unique, until},
};

struct RefusesPoison;

#[async_trait]
impl Handler for RefusesPoison {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let verdict = |record: &Record| match record.payload.as_deref() {
            Some(b"poison") => Verdict::reject("it is poison"),
            _ => Verdict::Done,
        };
        records.iter().map(verdict).collect()
    }
}

async fn refused_once() -> (String, String) {
    let (topic, group) = (topic(1).await, unique("group"));
    for payload in ["good", "poison", "good", "poison"] {
        append(&topic, "k", payload).await;
    }
    let consumer =
        Consumer::new(log(), ConsumerSettings::of(&group, &topic).unwrap(), Arc::new(RefusesPoison));
    let running = Running::start(vec![consumer.job()]);
    until("the partition goes on behind the poison", || async { lag(&group, &topic).await == 0 }).await;
    running.stop().await;
    (topic, group)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_listed_with_where_it_came_from_and_why() {
    let (topic, group) = refused_once().await;
    let letters = DeadLetters::new(stack::kafka(), &topic, &group);
    let listed = letters.list(10).await.unwrap();
    assert_eq!(listed.len(), 2);
    let first = listed.first().unwrap();
    assert_eq!((first.reason.as_str(), first.record.offset), ("it is poison", 1));
    assert_eq!(
        (first.record.topic.as_str(), first.record.payload.as_deref()),
        (topic.as_str(), Some(&b"poison"[..]))
    );
    assert_eq!(letters.show(first.partition, first.offset, 10).await.unwrap().as_ref(), Some(first));
    let other = DeadLetters::new(stack::kafka(), &topic, unique("group"));
    assert_eq!(other.depth(10).await.unwrap(), 0, "letters belong to the group that refused");
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_hands_letters_to_the_handler_and_forgets_only_what_it_handles() {
    let (topic, group) = refused_once().await;
    let letters = DeadLetters::new(stack::kafka(), &topic, &group);
    let still_broken: Arc<dyn Handler> = Arc::new(RefusesPoison);
    let replayed = letters.replay(&still_broken, 10).await.unwrap();
    assert_eq!(replayed.handled, 0);
    assert_eq!(replayed.stopped.unwrap().1, "it is poison");
    assert_eq!(letters.depth(10).await.unwrap(), 2);

    let kept = Arc::new(Keeps::default());
    let repaired: Arc<dyn Handler> = kept.clone();
    assert_eq!(letters.replay(&repaired, 10).await.unwrap().handled, 2);
    let offsets: Vec<_> = kept.0.lock().unwrap().iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [1, 3]);
    assert_eq!(letters.depth(10).await.unwrap(), 0);
    drop_topic(&topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discarding_forgets_as_many_as_were_asked_for() {
    let (topic, group) = refused_once().await;
    let letters = DeadLetters::new(stack::kafka(), &topic, &group);
    assert_eq!(letters.discard(1).await.unwrap(), 1);
    let left: Vec<_> = letters.list(10).await.unwrap().iter().map(|letter| letter.record.offset).collect();
    assert_eq!(left, [3]);
    assert_eq!(letters.discard(10).await.unwrap(), 1);
    assert_eq!(letters.depth(10).await.unwrap(), 0);
    drop_topic(&topic).await;
}
