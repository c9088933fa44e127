//! Which partitions are no longer fetched. The log is a script: which ones are paused is what it is told.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    event_log::LogEvent,
};
use tokio::{sync::mpsc::Sender, task::JoinHandle};

use crate::{
    script::{Stored, record_of, script},
    stack::{Running, until},
};

/// Handles what is not of partition 0; that one only once it is let go, and until then as it is told to.
struct OneStandsStill {
    by: StandsStillBy,
    let_go: AtomicBool,
    handled: Mutex<Vec<(u32, u64)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StandsStillBy {
    Failing,
    NeverEnding,
    Nothing,
}

#[async_trait]
impl Handler for OneStandsStill {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let is_still = || {
            records[0].partition == 0
                && self.by != StandsStillBy::Nothing
                && !self.let_go.load(Ordering::SeqCst)
        };
        if is_still() && self.by == StandsStillBy::Failing {
            return vec![Verdict::retry("not yet")];
        }
        until("it is let go", || async { !is_still() }).await;
        let mut handled = self.handled.lock().unwrap();
        handled.extend(records.iter().map(|record| (record.partition, record.offset)));
        records.iter().map(|_| Verdict::Done).collect()
    }
}

/// Two partitions of which few records may wait, and a log that has sixty of each and tells them as fast as they are taken.
struct Stage {
    handler: Arc<OneStandsStill>,
    stored: Arc<Stored>,
    running: Running,
    telling: JoinHandle<()>,
}

impl Stage {
    fn of(by: StandsStillBy) -> Self {
        let (log, stored, events) = script();
        let handled = Mutex::default();
        let handler = Arc::new(OneStandsStill { by, let_go: AtomicBool::new(false), handled });
        let settings = ConsumerSettings::of("group", "scripted").unwrap();
        let settings = ConsumerSettings { batch: 2, queue: 4, first_wait_ms: 1, most_wait_ms: 2, ..settings };
        let consumer = Consumer::new(log, settings, handler.clone());
        let running = Running::start(vec![consumer.job()]);
        Self { handler, stored, running, telling: tokio::spawn(tell(events)) }
    }

    fn handled(&self, partition: u32) -> usize {
        let handled = self.handler.handled.lock().unwrap();
        handled.iter().filter(|(of, _)| *of == partition).count()
    }

    fn paused(&self) -> Vec<u32> {
        self.stored.paused.lock().unwrap().clone()
    }

    async fn end(self) {
        self.telling.await.unwrap();
        self.running.stop().await;
    }
}

async fn tell(events: Sender<LogEvent>) {
    events.send(LogEvent::Assigned(vec![0, 1])).await.unwrap();
    for offset in 0..60 {
        for partition in [0, 1] {
            events.send(record_of(partition, offset, "x")).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_only_has_much_to_do_is_never_paused() {
    let stage = Stage::of(StandsStillBy::Nothing);
    until("all is handled", || async { stage.handled(0) == 60 && stage.handled(1) == 60 }).await;
    assert_eq!(stage.paused(), Vec::<u32>::new(), "what was fetched ahead would be fetched again");
    stage.end().await;
}

/// Neither loses a record, and each is handled in order, whenever it was paused.
async fn one_stands_still(by: StandsStillBy) {
    let stage = Stage::of(by);
    until("the others are handled", || async { stage.handled(1) == 60 }).await;
    assert_eq!((stage.handled(0), stage.paused()), (0, vec![0]));
    stage.handler.let_go.store(true, Ordering::SeqCst);
    until("it is handled, too", || async { stage.handled(0) == 60 }).await;
    let handled = stage.handler.handled.lock().unwrap().clone();
    for partition in [0, 1] {
        let offsets = handled.iter().filter(|(of, _)| *of == partition).map(|(_, offset)| *offset);
        assert!(offsets.eq(0..60), "partition {partition}: {handled:?}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_fails_is_paused_and_the_others_go_on() {
    one_stands_still(StandsStillBy::Failing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_comes_to_no_end_is_paused_and_the_others_go_on() {
    one_stands_still(StandsStillBy::NeverEnding).await;
}
