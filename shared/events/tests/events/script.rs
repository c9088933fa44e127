//! A log that is a script: what it tells, and when, is the test's choice, which no server's is.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use events::event_log::{
    EventLog, LanePublisher, LogEvent, LogUnavailable, NewRecord, PublishError, Record, Subscribe,
    Subscription, SubscriptionControl,
};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Gives its one subscription away, keeps dead letters, publishes nothing.
pub(crate) struct Script {
    subscription: Mutex<Option<Subscription>>,
    letters: Mutex<Vec<NewRecord>>,
    /// So many letters are not taken before one is.
    pub(crate) lost_letters: AtomicU32,
}

impl Script {
    /// The payloads of the dead letters.
    pub(crate) fn letters(&self) -> Vec<String> {
        let letters = self.letters.lock().unwrap();
        letters.iter().map(|letter| text(letter.payload.as_deref())).collect()
    }
}

#[async_trait]
impl EventLog for Script {
    async fn open_publisher(&self, _: &str) -> Result<Box<dyn LanePublisher>, PublishError> {
        Err(PublishError::Unavailable("a script publishes nothing".into()))
    }

    async fn append(&self, record: NewRecord) -> Result<(), LogUnavailable> {
        let lost =
            self.lost_letters.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |lost| lost.checked_sub(1));
        if lost.is_ok() {
            return Err(LogUnavailable("the letter is lost".into()));
        }
        self.letters.lock().unwrap().push(record);
        Ok(())
    }

    async fn subscribe(&self, _: Subscribe) -> Result<Subscription, LogUnavailable> {
        let subscription = self.subscription.lock().unwrap().take();
        subscription.ok_or_else(|| LogUnavailable("subscribed twice".into()))
    }
}

/// Notes which offsets were stored, and which partitions were paused; closing ends the script.
pub(crate) struct Stored {
    pub(crate) offsets: Mutex<Vec<u64>>,
    pub(crate) paused: Mutex<Vec<u32>>,
    events: Mutex<Option<Sender<LogEvent>>>,
}

impl SubscriptionControl for Stored {
    fn handled(&self, record: &Record) {
        self.offsets.lock().unwrap().push(record.offset);
    }

    fn pause(&self, partition: u32) {
        self.paused.lock().unwrap().push(partition);
    }

    fn resume(&self, _: u32) {}

    fn close(&self) {
        drop(self.events.lock().unwrap().take());
    }
}

pub(crate) fn script() -> (Arc<Script>, Arc<Stored>, Sender<LogEvent>) {
    let (sender, events): (Sender<LogEvent>, Receiver<LogEvent>) = channel(64);
    let events_until_closed = Mutex::new(Some(sender.clone()));
    let stored = Stored { offsets: Mutex::default(), paused: Mutex::default(), events: events_until_closed };
    let stored = Arc::new(stored);
    let subscription = Subscription { events, control: stored.clone(), partitions: 1 };
    let script = Script {
        subscription: Mutex::new(Some(subscription)),
        letters: Mutex::default(),
        lost_letters: AtomicU32::new(0),
    };
    (Arc::new(script), stored, sender)
}

/// A record of partition 0.
pub(crate) fn record(offset: u64, payload: &str) -> LogEvent {
    record_of(0, offset, payload)
}

pub(crate) fn record_of(partition: u32, offset: u64, payload: &str) -> LogEvent {
    LogEvent::Record(Record {
        topic: "scripted".to_owned(),
        partition,
        offset,
        key: "k".to_owned(),
        payload: Some(payload.as_bytes().to_vec()),
        headers: std::collections::BTreeMap::new(),
    })
}

pub(crate) fn text(payload: Option<&[u8]>) -> String {
    String::from_utf8(payload.unwrap_or_default().to_vec()).unwrap()
}
