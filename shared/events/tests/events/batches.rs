//! What waits in a partition is one batch: which records it has, what of it is stored, what comes again, what is a dead letter.
//! The log is a script, so that all of it waits before the consumer looks.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    event_log::LogEvent,
};

use crate::{
    script::{Script, Stored, record, script, text},
    stack::{Running, until},
};

/// Does what the payloads say; "once" and "panics" only at first. Keeps the batches it was given.
#[derive(Default)]
struct Obedient {
    batches: Mutex<Vec<Vec<String>>>,
    again: AtomicBool,
}

impl Obedient {
    fn batches(&self) -> Vec<Vec<String>> {
        self.batches.lock().unwrap().clone()
    }
}

#[async_trait]
impl Handler for Obedient {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let texts: Vec<_> = records.iter().map(|record| text(record.payload.as_deref())).collect();
        self.batches.lock().unwrap().push(texts.clone());
        let verdict = |text: &String| match text.as_str() {
            "poison" => Verdict::reject("it is poison"),
            "once" if !self.again.swap(true, Ordering::SeqCst) => Verdict::retry("not yet"),
            "panics" if texts.len() > 1 => panic!("a mistake in a handler"),
            _ => Verdict::Done,
        };
        let verdicts = texts.iter().map(verdict);
        verdicts.take_while(|_| !texts.contains(&"forgets".to_owned()) || texts.len() == 1).collect()
    }
}

struct Stage {
    log: Arc<Script>,
    stored: Arc<Stored>,
    handler: Arc<Obedient>,
    consumer: Consumer,
}

impl Stage {
    /// All of these wait, from offset 0 on.
    async fn with(payloads: &[&str], batch: usize) -> Self {
        let (log, stored, events) = script();
        events.send(LogEvent::Assigned(vec![0])).await.unwrap();
        for (offset, payload) in (0..).zip(payloads) {
            events.send(record(offset, payload)).await.unwrap();
        }
        let defaults = ConsumerSettings::of("group", "scripted").unwrap();
        let settings =
            ConsumerSettings { batch, first_wait_ms: 1, most_wait_ms: 2, rejects_in_a_row: 3, ..defaults };
        let handler = Arc::new(Obedient::default());
        let consumer = Consumer::new(log.clone(), settings, handler.clone());
        Self { log, stored, handler, consumer }
    }

    /// Reads until this offset is stored.
    async fn read_to(self, offset: u64) -> Self {
        let running = Running::start(vec![self.consumer.job()]);
        until("all is handled", || async { self.offsets().last() == Some(&offset) }).await;
        running.stop().await;
        self
    }

    fn offsets(&self) -> Vec<u64> {
        self.stored.offsets.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_a_partition_is_handled_together_up_to_the_setting() {
    let stage = Stage::with(&["a", "b", "c", "d", "e", "f", "g"], 3).await.read_to(6).await;
    let batches = stage.handler.batches();
    assert_eq!(batches, [vec!["a", "b", "c"], vec!["d", "e", "f"], vec!["g"]]);
    assert_eq!(stage.offsets(), [2, 5, 6], "one commit for each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_in_the_middle_is_a_dead_letter_alone_and_its_batch_is_done() {
    let stage = Stage::with(&["a", "poison", "b"], 500).await.read_to(2).await;
    assert_eq!(stage.handler.batches(), [["a", "poison", "b"]]);
    assert_eq!(stage.log.letters(), ["poison"]);
    assert_eq!(stage.offsets(), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_in_the_middle_commits_what_is_before_it_and_brings_what_is_behind_it_again() {
    let stage = Stage::with(&["a", "poison", "once", "b", "poison"], 500).await.read_to(4).await;
    assert_eq!(
        stage.handler.batches(),
        [vec!["a", "poison", "once", "b", "poison"], vec!["once", "b", "poison"]]
    );
    assert_eq!(stage.offsets(), [1, 4]);
    assert_eq!(
        stage.log.letters(),
        ["poison", "poison"],
        "what is refused behind a retry is one letter, not two"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_lost_brings_its_record_again_and_no_letter_overtakes_it() {
    let stage = Stage::with(&["a", "poison", "b", "poison"], 500).await;
    stage.log.lost_letters.store(1, Ordering::SeqCst);
    let stage = stage.read_to(3).await;
    assert_eq!(stage.handler.batches(), [vec!["a", "poison", "b", "poison"], vec!["poison", "b", "poison"]]);
    assert_eq!(stage.offsets(), [0, 3]);
    assert_eq!(stage.log.letters(), ["poison", "poison"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_its_handler_dies_of_holds_up_none_before_it_for_long() {
    let stage = Stage::with(&["a", "b", "c", "panics", "d"], 4).await.read_to(4).await;
    let sizes: Vec<_> = stage.handler.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 2, 3, 1, 2, 1, 1], "halved while nothing is done, doubled when all is");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_without_a_verdict_come_again() {
    let stage = Stage::with(&["a", "forgets"], 500).await.read_to(1).await;
    assert_eq!(stage.handler.batches(), [vec!["a", "forgets"], vec!["a"], vec!["forgets"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_reader_stops_in_the_middle_of_a_batch_and_commits_nothing_it_stopped_at() {
    let stage = Stage::with(&["a", "poison", "poison", "poison", "poison", "b"], 500).await;
    let state = stage.consumer.state();
    let running = Running::start(vec![stage.consumer.job()]);
    until("it stops", || async { state.stale() }).await;
    assert_eq!(stage.log.letters().len(), 3, "a broken reader puts no whole batch into the dead letters");
    assert_eq!(stage.offsets(), [2], "what it stopped at comes again when it is repaired");
    running.stop().await;
}
