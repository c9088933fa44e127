//! The consumer when the log takes a partition away and gives it back while a record of it is still being handled. No server does
//! this on demand, so the log is a script here.

use std::sync::{Arc, Mutex, mpsc::sync_channel};

use async_trait::async_trait;
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    event_log::{
        EventLog, LanePublisher, LogEvent, LogUnavailable, NewRecord, PublishError, Subscribe, Subscription,
        SubscriptionControl,
    },
};
use tokio::sync::{
    Semaphore,
    mpsc::{Receiver, Sender, channel},
};

use crate::stack::{Running, until};

/// Gives its one subscription away; publishes nothing.
struct Script {
    subscription: Mutex<Option<Subscription>>,
}

#[async_trait]
impl EventLog for Script {
    async fn open_publisher(&self, _: &str) -> Result<Box<dyn LanePublisher>, PublishError> {
        Err(PublishError::Unavailable("a script publishes nothing".into()))
    }

    async fn append(&self, _: NewRecord) -> Result<(), LogUnavailable> {
        Err(LogUnavailable("a script publishes nothing".into()))
    }

    async fn subscribe(&self, _: Subscribe) -> Result<Subscription, LogUnavailable> {
        let subscription = self.subscription.lock().unwrap().take();
        subscription.ok_or_else(|| LogUnavailable("subscribed twice".into()))
    }
}

/// Notes which offsets were stored; closing ends the script.
struct Stored {
    offsets: Mutex<Vec<u64>>,
    events: Mutex<Option<Sender<LogEvent>>>,
}

impl SubscriptionControl for Stored {
    fn handled(&self, record: &Record) {
        self.offsets.lock().unwrap().push(record.offset);
    }

    fn pause(&self, _: u32) {}

    fn resume(&self, _: u32) {}

    fn close(&self) {
        drop(self.events.lock().unwrap().take());
    }
}

/// Lets a record through for each permit, and notes the order in which they came.
struct Gate {
    came: Mutex<Vec<u64>>,
    permits: Semaphore,
}

#[async_trait]
impl Handler for Gate {
    async fn handle(&self, record: &Record) -> Verdict {
        self.came.lock().unwrap().push(record.offset);
        self.permits.acquire().await.unwrap().forget();
        Verdict::Done
    }
}

fn record(offset: u64) -> LogEvent {
    LogEvent::Record(Record {
        topic: "scripted".to_owned(),
        partition: 0,
        offset,
        key: "k".to_owned(),
        payload: None,
        headers: std::collections::BTreeMap::new(),
    })
}

fn script() -> (Script, Arc<Stored>, Sender<LogEvent>) {
    let (sender, events): (Sender<LogEvent>, Receiver<LogEvent>) = channel(16);
    let stored = Arc::new(Stored { offsets: Mutex::default(), events: Mutex::new(Some(sender.clone())) });
    let subscription = Subscription { events, control: stored.clone(), partitions: 1 };
    (Script { subscription: Mutex::new(Some(subscription)) }, stored, sender)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_given_back_too_early_loses_no_record_and_handles_one_at_a_time() {
    let (log, stored, events) = script();
    let gate = Arc::new(Gate { came: Mutex::default(), permits: Semaphore::new(0) });
    let consumer =
        Consumer::new(Arc::new(log), ConsumerSettings::of("group", "scripted").unwrap(), gate.clone());
    let running = Running::start(vec![consumer.job()]);
    let came = || gate.came.lock().unwrap().clone();

    events.send(LogEvent::Assigned(vec![0])).await.unwrap();
    events.send(record(7)).await.unwrap();
    until("the first record is being handled", || async { came() == [7] }).await;
    let (done, answered) = sync_channel(1);
    for event in [LogEvent::Revoked(vec![0], done), LogEvent::Assigned(vec![0]), record(7), record(8)] {
        events.send(event).await.unwrap();
    }
    until("all of it is read", || async { events.capacity() == events.max_capacity() }).await;
    until("the revocation is answered", || async { answered.try_recv().is_ok() }).await;
    assert_eq!(came(), [7], "nothing is started beside the record of the earlier assignment");

    gate.permits.add_permits(1);
    until("it is handled again", || async { came() == [7, 7] }).await;
    assert!(
        stored.offsets.lock().unwrap().is_empty(),
        "what belonged to the earlier assignment is not stored"
    );
    gate.permits.add_permits(2);
    until("both are stored", || async { *stored.offsets.lock().unwrap() == [7, 8] }).await;
    assert_eq!(came(), [7, 7, 8]);
    drop(events);
    running.stop().await;
}
