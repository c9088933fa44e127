//! A member of a consumer group on a thread of its own: librdkafka's callbacks may block there.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::sync_channel,
    },
    thread,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers, Message},
    statistics::{self, Statistics},
    topic_partition_list::TopicPartitionList,
};
use tokio::sync::mpsc::{Sender, channel};
use tracing::{debug, warn};

use super::{Kafka, partition_count};
use crate::event_log::{LogEvent, Record, Subscribe, Subscription, SubscriptionControl};

/// Events between the thread and the consumer's loop, which empties it at once unless a partition is full: then nothing more is
/// polled either.
const EVENTS: usize = 256;
/// How long the thread looks for a record before it looks at everything else: commits, and whether it shall end.
const POLL: Duration = Duration::from_millis(100);
/// The same when nothing has come for [`QUIET`]: nothing waits to be committed then.
const QUIET_POLL: Duration = Duration::from_millis(500);
/// Longer than most records are handled.
const QUIET: Duration = Duration::from_secs(5);
/// How often librdkafka tells its statistics, in milliseconds.
pub(super) const STATISTICS_MS: u64 = 5_000;
/// So many statistics in a row without any connection, and another client takes over. A broker that starts or stops may name
/// no broker at all; librdkafka 2.12 then forgets those it knew, and may never ask again (its issues 5301 and 5605).
/// Half a minute: a client of sound mind is back two seconds after its broker, and another one would cost it longer.
const MOST_STATISTICS_ALONE: u32 = 6;

/// What librdkafka calls a broker that it has a connection to.
const CONNECTED: &str = "UP";
/// What it calls a partition that it fetches.
const FETCHED: &str = "active";

struct Member {
    group: String,
    topic: String,
    /// None once the client is given up: whatever it still has to say concerns nobody.
    events: Mutex<Option<Sender<LogEvent>>>,
    flags: Arc<Flags>,
    revoke_wait: Duration,
}

struct Control {
    topic: String,
    consumer: Weak<BaseConsumer<Member>>,
    flags: Arc<Flags>,
}

#[derive(Default)]
struct Flags {
    closing: AtomicBool,
    uncommitted: AtomicBool,
    /// Statistics in a row without a connection to any broker.
    alone: AtomicU32,
}

impl Flags {
    fn heard(&self, connected: bool) {
        let alone = if connected { 0 } else { self.alone.load(Ordering::Acquire).saturating_add(1) };
        self.alone.store(alone, Ordering::Release);
    }

    fn is_lost(&self) -> bool {
        self.alone.load(Ordering::Acquire) >= MOST_STATISTICS_ALONE
    }
}

/// Joins the group and starts the thread. Blocks for the topic's metadata.
pub(super) fn start(kafka: &Kafka, subscribe: &Subscribe) -> Result<Subscription, KafkaError> {
    let (sender, events) = channel(EVENTS);
    let revoke_wait = Duration::from_millis(kafka.settings.revoke_wait_ms);
    let flags = Arc::new(Flags::default());
    let member = Member {
        group: subscribe.group.clone(),
        topic: subscribe.topic.clone(),
        events: Mutex::new(Some(sender.clone())),
        flags: Arc::clone(&flags),
        revoke_wait,
    };
    let consumer: BaseConsumer<Member> = kafka.member_config(&subscribe.group).create_with_context(member)?;
    let partitions = partition_count(consumer.client(), &subscribe.topic, kafka.request_timeout())?;
    consumer.subscribe(&[&subscribe.topic])?;
    let consumer = Arc::new(consumer);
    let control = Control {
        topic: subscribe.topic.clone(),
        consumer: Arc::downgrade(&consumer),
        flags: Arc::clone(&flags),
    };
    let commit_every = Duration::from_millis(kafka.settings.commit_every_ms);
    thread::Builder::new()
        .name(format!("kafka-{}", subscribe.topic))
        .spawn(move || poll_until_closed(consumer, sender, &flags, commit_every))
        .map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
    Ok(Subscription { events, control: Arc::new(control), partitions })
}

fn poll_until_closed(
    consumer: Arc<BaseConsumer<Member>>,
    events: Sender<LogEvent>,
    flags: &Flags,
    commit_every: Duration,
) {
    let mut committed = Instant::now();
    let mut failing = false;
    let mut last = Instant::now();
    while !flags.closing.load(Ordering::Acquire) && !events.is_closed() && !flags.is_lost() {
        let poll = if last.elapsed() < QUIET { POLL } else { QUIET_POLL };
        if let Some(polled) = consumer.poll(poll) {
            last = Instant::now();
            if !tell(&events, polled, &mut failing) {
                break;
            }
        }
        if committed.elapsed() >= commit_every && flags.uncommitted.swap(false, Ordering::AcqRel) {
            commit(&consumer, CommitMode::Async);
            committed = Instant::now();
        }
    }
    if flags.closing.load(Ordering::Acquire) {
        commit(&consumer, CommitMode::Sync);
    } else {
        consumer.context().give_up();
    }
    drop(events);
    // Leaves the group; the revocation is told, and waited for, from in here. Without brokers it may take long, or never end.
    drop(consumer);
}

/// Whether to go on. The first of failures in a row is a warning: a right that was taken away or a deleted topic never passes.
fn tell(events: &Sender<LogEvent>, polled: KafkaResult<BorrowedMessage<'_>>, failing: &mut bool) -> bool {
    let event = match polled {
        Ok(message) => LogEvent::Record(record(&message)),
        Err(KafkaError::PartitionEOF(partition)) => LogEvent::End(number(partition)),
        Err(error @ KafkaError::MessageConsumptionFatal(_)) => {
            warn!(%error, "librdkafka cannot go on");
            return false;
        }
        Err(error) if std::mem::replace(failing, true) => {
            debug!(%error, "still nothing was read");
            return true;
        }
        Err(error) => {
            warn!(%error, "nothing is read for now; trying again");
            return true;
        }
    };
    *failing = false;
    events.blocking_send(event).is_ok()
}

/// Stored offsets only; nothing stored is no failure, and what is not committed comes again.
fn commit(consumer: &BaseConsumer<Member>, mode: CommitMode) {
    let nothing = KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset);
    if let Err(error) = consumer.commit_consumer_state(mode)
        && error != nothing
    {
        warn!(%error, "handled offsets were not committed; their records come again");
    }
}

pub(super) fn record(message: &BorrowedMessage<'_>) -> Record {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Record {
        topic: message.topic().to_owned(),
        partition: number(message.partition()),
        offset: u64::try_from(message.offset()).unwrap_or(0),
        key: message.key().and_then(text).unwrap_or_default(),
        payload: message.payload().map(<[u8]>::to_vec),
        headers: headers.filter_map(|header| Some((header.key.to_owned(), text(header.value?)?))).collect(),
    }
}

/// Of a partition that is not ours nothing is stored.
const fn is_handled_but_not_committed(seen: &statistics::Partition) -> bool {
    seen.stored_offset >= 0 && seen.stored_offset > seen.committed_offset
}

/// Partitions of librdkafka are never negative where they name one.
pub(super) fn number(partition: i32) -> u32 {
    u32::try_from(partition).unwrap_or(0)
}

impl Member {
    fn tell(&self, event: LogEvent) -> bool {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        events.is_some_and(|events| events.blocking_send(event).is_ok())
    }

    /// Ends the events before the client: nobody shall wait for it.
    fn give_up(&self) {
        warn!(
            topic = self.topic,
            "the client is broken or has reached no broker for a while; another one takes over"
        );
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn ours(&self, list: &TopicPartitionList) -> Vec<u32> {
        list.elements_for_topic(&self.topic).iter().map(|element| number(element.partition())).collect()
    }

    /// A full queue may lose a number; the next one comes in seconds.
    fn tell_lag(&self, partition: u32, lag: u64) {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(events) = &*events {
            let _ = events.try_send(LogEvent::Lag(partition, lag));
        }
    }

    /// What an open transaction holds back: no reader may see it, so no lag counts it. What is known of a partition that is not
    /// fetched here is old.
    fn held(&self, seen: &statistics::Partition) {
        let fetched = seen.fetch_state == FETCHED && seen.ls_offset >= 0;
        let held = if fetched { seen.hi_offset.saturating_sub(seen.ls_offset) } else { 0 };
        let labels = [
            ("group", self.group.clone()),
            ("topic", self.topic.clone()),
            ("partition", seen.partition.to_string()),
        ];
        let held = u32::try_from(held.max(0)).unwrap_or(u32::MAX);
        metrics::gauge!("consumer_held_offsets", &labels).set(f64::from(held));
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let (done, finished) = sync_channel(1);
        let told = self.tell(LogEvent::Revoked(self.ours(list), done));
        if told && finished.recv_timeout(self.revoke_wait).is_err() {
            warn!(topic = self.topic, "a partition was given away while a record was still being handled");
        }
        if told && !consumer.assignment_lost() {
            commit(consumer, CommitMode::Sync);
        }
    }
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        super::context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "librdkafka reports an error");
    }

    fn stats(&self, statistics: Statistics) {
        self.flags.heard(statistics.brokers.values().any(|broker| broker.state == CONNECTED));
        let Some(topic) = statistics.topics.get(&self.topic) else { return };
        // A commit that failed on its way says so to nobody: what was handled would look unread until the next record comes.
        if topic.partitions.values().any(is_handled_but_not_committed) {
            self.flags.uncommitted.store(true, Ordering::Release);
        }
        for (partition, seen) in &topic.partitions {
            let Ok(partition) = u32::try_from(*partition) else { continue };
            self.held(seen);
            if let Ok(lag) = u64::try_from(seen.consumer_lag) {
                self.tell_lag(partition, lag);
            }
        }
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            // The loop that reads the events is gone only when the process leaves anyway.
            Rebalance::Assign(list) => {
                self.tell(LogEvent::Assigned(self.ours(list)));
            }
            Rebalance::Revoke(list) => self.revoke(consumer, list),
            Rebalance::Error(error) => warn!(%error, topic = self.topic, "partitions were not assigned"),
        }
    }
}

impl Control {
    fn list(&self, partition: u32) -> Option<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(&self.topic, i32::try_from(partition).ok()?);
        Some(list)
    }

    fn steer(&self, partition: u32, what: fn(&BaseConsumer<Member>, &TopicPartitionList) -> KafkaResult<()>) {
        let (Some(consumer), Some(list)) = (self.consumer.upgrade(), self.list(partition)) else { return };
        if let Err(error) = what(&consumer, &list) {
            // It is no longer ours: then there is nothing to fetch either.
            debug!(%error, topic = self.topic, partition, "the flow of a partition was not changed");
        }
    }
}

impl SubscriptionControl for Control {
    fn handled(&self, record: &Record) {
        let Some(consumer) = self.consumer.upgrade() else { return };
        let (Ok(partition), Ok(offset)) = (i32::try_from(record.partition), i64::try_from(record.offset))
        else {
            return;
        };
        match consumer.store_offset(&record.topic, partition, offset) {
            Ok(()) => self.flags.uncommitted.store(true, Ordering::Release),
            Err(error) => {
                debug!(%error, partition, "an offset was not stored: the partition is no longer ours");
            }
        }
    }

    fn pause(&self, partition: u32) {
        self.steer(partition, Consumer::pause);
    }

    fn resume(&self, partition: u32) {
        self.steer(partition, Consumer::resume);
    }

    fn close(&self) {
        self.flags.closing.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_without_connections_is_given_up_after_half_a_minute_in_a_row() {
        let flags = Flags::default();
        for connected in [false, false, false, false, false, true, false, false, false, false, false] {
            flags.heard(connected);
            assert!(!flags.is_lost());
        }
        flags.heard(false);
        assert!(flags.is_lost());
    }
}
