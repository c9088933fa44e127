//! What librdkafka has to say goes to our log: its complaints about a broker that is down are many, and not ours to repeat.

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::KafkaError,
    producer::{DeliveryResult, ProducerContext},
};
use tracing::{debug, warn};

/// The context of clients that need no callbacks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KafkaContext;

impl ClientContext for KafkaContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "librdkafka reports an error");
    }
}

impl ProducerContext for KafkaContext {
    type DeliveryOpaque = ();

    /// A failed delivery makes the commit of its transaction fail.
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

impl ConsumerContext for KafkaContext {}

pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    let serious =
        matches!(level, RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical);
    if serious {
        warn!(facility, message, "librdkafka is in trouble");
    } else {
        debug!(facility, message, "librdkafka says");
    }
}
