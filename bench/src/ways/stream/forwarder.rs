//! From the stream into the partition, in order.

use e2e::failed::Failed;
use futures::future::try_join_all;
use platform::shutdown::Shutdown;
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};
use redis::aio::ConnectionManager;

use super::super::quotas::connect;
use crate::{ground::Ground, told::OrFailed as _};

/// Orders at once.
const COUNT: u32 = 1_000;
/// So long a read waits for the first, in milliseconds.
const BLOCK_MS: u32 = 20;

/// By stream: entries with their ids and fields, names and values in turn.
type Read = Vec<(String, Vec<(String, Vec<Vec<u8>>)>)>;

pub(super) struct Forwarder {
    /// Of its own: a read that waits would stop the others.
    connection: ConnectionManager,
    producer: FutureProducer,
    topic: String,
    /// The last entry that is in the partition.
    last: String,
}

impl Forwarder {
    pub(super) async fn start(ground: &Ground, topic: String) -> Result<Self, Failed> {
        let connection = connect(&ground.redis_url).await?;
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &ground.kafka).set("acks", "all").set("enable.idempotence", "true");
        let producer = config.set("linger.ms", "1").create().or_failed()?;
        Ok(Self { connection, producer, topic, last: "0".to_owned() })
    }

    pub(super) async fn run(mut self, shutdown: Shutdown) -> Result<(), Failed> {
        while !shutdown.is_requested() {
            let mut read = redis::cmd("XREAD");
            read.arg("COUNT")
                .arg(COUNT)
                .arg("BLOCK")
                .arg(BLOCK_MS)
                .arg("STREAMS")
                .arg("stream")
                .arg(&self.last);
            let reply: Option<Read> = read.query_async(&mut self.connection).await.or_failed()?;
            self.forward(reply.unwrap_or_default()).await?;
        }
        Ok(())
    }

    async fn forward(&mut self, reply: Read) -> Result<(), Failed> {
        let entries: Vec<_> = reply.into_iter().flat_map(|(_, entries)| entries).collect();
        let Some((last, _)) = entries.last().cloned() else { return Ok(()) };
        // The order's number comes first.
        let sent = entries.iter().filter_map(|(_, fields)| fields.last()).map(|order| {
            let record: FutureRecord<'_, (), [u8]> =
                FutureRecord::to(&self.topic).partition(0).payload(order);
            self.producer.send(record, Timeout::Never)
        });
        try_join_all(sent).await.map_err(|(error, _)| error).or_failed()?;
        let mut trim = redis::cmd("XTRIM");
        trim.arg("stream").arg("MINID").arg("~").arg(&last);
        trim.exec_async(&mut self.connection).await.or_failed()?;
        self.last = last;
        Ok(())
    }
}
