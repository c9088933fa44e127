//! The consumer when the log takes a partition away and gives it back while records of it are still being handled. No server does
//! this on demand, so the log is a script here.

use std::sync::{Arc, Mutex, mpsc::sync_channel};

use async_trait::async_trait;
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    event_log::LogEvent,
};
use tokio::sync::Semaphore;

use crate::{
    script::{record, script, text},
    stack::{Running, until},
};

/// Lets a batch through for each permit, and notes which came; the record "later" comes again.
struct Gate {
    came: Mutex<Vec<Vec<u64>>>,
    permits: Semaphore,
}

impl Gate {
    fn shut() -> Arc<Self> {
        Arc::new(Self { came: Mutex::default(), permits: Semaphore::new(0) })
    }

    fn came(&self) -> Vec<Vec<u64>> {
        self.came.lock().unwrap().clone()
    }
}

#[async_trait]
impl Handler for Gate {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        self.came.lock().unwrap().push(records.iter().map(|record| record.offset).collect());
        self.permits.acquire().await.unwrap().forget();
        let verdict = |record: &Record| match text(record.payload.as_deref()).as_str() {
            "later" => Verdict::retry("not now"),
            _ => Verdict::Done,
        };
        records.iter().map(verdict).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_given_back_too_early_loses_no_record_and_handles_one_batch_at_a_time() {
    let (log, stored, events) = script();
    let gate = Gate::shut();
    let consumer = Consumer::new(log, ConsumerSettings::of("group", "scripted").unwrap(), gate.clone());
    let running = Running::start(vec![consumer.job()]);

    events.send(LogEvent::Assigned(vec![0])).await.unwrap();
    events.send(record(7, "now")).await.unwrap();
    until("the first record is being handled", || async { gate.came() == [[7]] }).await;
    let (done, answered) = sync_channel(1);
    let again =
        [LogEvent::Revoked(vec![0], done), LogEvent::Assigned(vec![0]), record(7, "now"), record(8, "now")];
    for event in again {
        events.send(event).await.unwrap();
    }
    until("all of it is read", || async { events.capacity() == events.max_capacity() }).await;
    until("the revocation is answered", || async { answered.try_recv().is_ok() }).await;
    assert_eq!(gate.came(), [[7]], "nothing is started beside the record of the earlier assignment");

    gate.permits.add_permits(1);
    until("it is handled again", || async { gate.came().len() == 2 }).await;
    assert!(
        stored.offsets.lock().unwrap().is_empty(),
        "what belonged to the earlier assignment is not stored"
    );
    gate.permits.add_permits(2);
    until("both are stored", || async { stored.offsets.lock().unwrap().last() == Some(&8) }).await;
    assert_eq!(gate.came(), [vec![7], vec![7, 8]]);
    drop(events);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_in_the_middle_of_a_batch_waits_for_it_and_stores_what_was_done_before_the_first_retry() {
    let (log, stored, events) = script();
    let gate = Gate::shut();
    events.send(LogEvent::Assigned(vec![0])).await.unwrap();
    for (offset, payload) in [(7, "now"), (8, "now"), (9, "later"), (10, "now")] {
        events.send(record(offset, payload)).await.unwrap();
    }
    let consumer = Consumer::new(log, ConsumerSettings::of("group", "scripted").unwrap(), gate.clone());
    let running = Running::start(vec![consumer.job()]);
    until("the batch is being handled", || async { gate.came() == [[7, 8, 9, 10]] }).await;
    let (done, answered) = sync_channel(1);
    events.send(record(11, "now")).await.unwrap();
    events.send(LogEvent::Revoked(vec![0], done)).await.unwrap();
    until("all of it is read", || async { events.capacity() == events.max_capacity() }).await;
    assert!(answered.try_recv().is_err(), "the batch is still being handled");

    gate.permits.add_permits(1);
    until("the revocation is answered", || async { answered.try_recv().is_ok() }).await;
    assert_eq!(*stored.offsets.lock().unwrap(), [8]);
    events.send(LogEvent::Assigned(vec![0])).await.unwrap();
    events.send(record(9, "now")).await.unwrap();
    gate.permits.add_permits(1);
    until("the next assignment is handled", || async { *stored.offsets.lock().unwrap() == [8, 9] }).await;
    assert_eq!(
        gate.came(),
        [vec![7, 8, 9, 10], vec![9]],
        "what came behind it belonged to the revoked partition"
    );
    drop(events);
    running.stop().await;
}
