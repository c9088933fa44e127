//! The publisher of a lane: Kafka transactions under a name that fences earlier ones.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rdkafka::{
    ClientConfig,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, Producer},
};

use super::{blocking, context::KafkaContext, owned_headers, partition_count};
use crate::event_log::{LanePublisher, NewRecord, PublishError};

/// How long it waits before it looks again what was acknowledged. Asleep: the client's own wait turns in circles for its last
/// millisecond, which took a tenth of the machine where events come without a pause.
const ACKNOWLEDGED: Duration = Duration::from_millis(1);

pub(super) struct KafkaPublisher(Arc<Inner>);

struct Inner {
    /// Without a thread that polls it: a lane that has nothing to say shall cost nothing.
    producer: BaseProducer<KafkaContext>,
    partitions: Mutex<HashMap<String, u32>>,
    transaction: Duration,
    request: Duration,
}

/// Opens the publisher and fences all earlier ones of its name. Blocks.
pub(super) fn open(
    config: &ClientConfig,
    transaction: Duration,
    request: Duration,
) -> Result<KafkaPublisher, PublishError> {
    let producer: BaseProducer<KafkaContext> =
        config.create_with_context(KafkaContext).map_err(|error| PublishError::Unavailable(error.into()))?;
    producer.init_transactions(request).map_err(|error| PublishError::Unavailable(error.into()))?;
    let partitions = Mutex::default();
    Ok(KafkaPublisher(Arc::new(Inner { producer, partitions, transaction, request })))
}

#[async_trait]
impl LanePublisher for KafkaPublisher {
    async fn publish(&self, records: Vec<NewRecord>) -> Result<(), PublishError> {
        if records.is_empty() {
            return Ok(());
        }
        let inner = Arc::clone(&self.0);
        blocking(move || inner.publish(&records)).await.map_err(PublishError::Lost)?
    }
}

impl Inner {
    fn publish(&self, records: &[NewRecord]) -> Result<(), PublishError> {
        // Before the transaction is open, so that an unknown topic costs no abort. A client that does not get an answer may
        // have lost all brokers for good: another one is opened.
        for record in records {
            self.partition(record).map_err(lost)?;
        }
        self.producer.begin_transaction().map_err(lost)?;
        for record in records {
            if let Err(error) = self.send(record) {
                return Err(self.abort(error));
            }
        }
        self.delivered();
        self.producer.commit_transaction(self.transaction).map_err(|error| self.not_committed(error))
    }

    /// Takes in what the brokers acknowledge, for as long as a transaction may last. The commit would do so itself, but looks
    /// only every 100 ms whether all of it is there.
    fn delivered(&self) {
        let deadline = Instant::now() + self.transaction;
        while self.producer.in_flight_count() > 0 && Instant::now() < deadline {
            self.look();
        }
    }

    /// Takes in what was acknowledged meanwhile.
    #[expect(
        clippy::disallowed_methods,
        reason = "on a thread for what blocks, within the deadline of whoever looks"
    )]
    fn look(&self) {
        thread::sleep(ACKNOWLEDGED);
        // One poll takes one report in, and each partition has one of its own.
        let mut left = i32::MAX;
        while self.producer.in_flight_count() < left {
            left = self.producer.in_flight_count();
            self.producer.poll(Duration::ZERO);
        }
    }

    fn send(&self, record: &NewRecord) -> Result<(), KafkaError> {
        let partition = self.partition(record)?;
        let mut message = BaseRecord::<str, [u8]>::to(&record.topic)
            .key(&record.key)
            .partition(partition)
            .headers(owned_headers(&record.headers));
        if let Some(payload) = &record.payload {
            message = message.payload(payload);
        }
        self.enqueue(message)
    }

    /// The client's queue holds so many: more than that wait until some are acknowledged.
    fn enqueue(&self, mut message: BaseRecord<'_, str, [u8]>) -> Result<(), KafkaError> {
        const FULL: KafkaError = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
        let deadline = Instant::now() + self.transaction;
        while let Err((error, unsent)) = self.producer.send(message) {
            if error != FULL || Instant::now() >= deadline {
                return Err(error);
            }
            self.look();
            message = unsent;
        }
        Ok(())
    }

    fn partition(&self, record: &NewRecord) -> Result<i32, KafkaError> {
        let count = self.count(&record.topic)?;
        let partition = delivery::partition_of(record.partition_key.as_bytes(), count);
        i32::try_from(partition).map_err(|_| KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownPartition))
    }

    fn count(&self, topic: &str) -> Result<u32, KafkaError> {
        let mut known = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = known.get(topic) {
            return Ok(*count);
        }
        let count = partition_count(self.producer.client(), topic, self.request)?;
        known.insert(topic.to_owned(), count);
        Ok(count)
    }

    /// Only when the server says that the transaction can be aborted is it known that nothing was published.
    fn not_committed(&self, error: KafkaError) -> PublishError {
        let abortable = matches!(&error, KafkaError::Transaction(cause) if cause.txn_requires_abort());
        if abortable { self.abort(error) } else { lost(error) }
    }

    fn abort(&self, error: KafkaError) -> PublishError {
        match self.producer.abort_transaction(self.transaction) {
            Ok(()) => PublishError::Unavailable(error.into()),
            Err(_) => lost(error),
        }
    }
}

fn lost(error: KafkaError) -> PublishError {
    PublishError::Lost(error.into())
}
