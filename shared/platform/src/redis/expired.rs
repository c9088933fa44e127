use std::time::Duration;

use delivery::Backoff;
use futures::StreamExt;
use redis::{
    Client,
    aio::{PubSub, PubSubStream},
};
use tracing::{info, warn};

use super::Unavailable;

/// Keys as they expire; see [`super::Redis::expired`].
pub struct Expired {
    client: Client,
    prefix: String,
    timeout: Duration,
    backoff: Backoff,
    failures: u32,
    messages: Option<PubSubStream>,
}

impl Expired {
    pub(super) fn new(client: Client, prefix: String, timeout: Duration, most_wait: Duration) -> Self {
        let backoff = Backoff::new(timeout, most_wait);
        Self { client, prefix, timeout, backoff, failures: 0, messages: None }
    }

    /// The next key that expired. Waits for ever if need be; end it from outside (`select!` with the shutdown).
    pub async fn next(&mut self) -> String {
        loop {
            let Some(messages) = &mut self.messages else {
                self.subscribe_again().await;
                continue;
            };
            let Some(message) = messages.next().await else {
                self.messages = None;
                continue;
            };
            if let Ok(key) = message.get_payload::<String>()
                && key.starts_with(&self.prefix)
            {
                return key;
            }
        }
    }

    /// Subscribes now rather than at the first [`Expired::next`], so that nothing that expires from here on is missed.
    pub async fn subscribed(mut self) -> Self {
        while self.messages.is_none() {
            self.subscribe_again().await;
        }
        self
    }

    async fn subscribe_again(&mut self) {
        match self.subscribe().await {
            Ok(messages) => {
                if self.failures > 0 {
                    info!("Redis tells of expired keys again");
                }
                self.failures = 0;
                self.messages = Some(messages);
            }
            Err(error) => self.wait(&error).await,
        }
    }

    async fn wait(&mut self, error: &Unavailable) {
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            warn!(error = crate::causes::causes(error), "Redis does not tell of expired keys; trying again");
        }
        tokio::time::sleep(self.backoff.delay(self.failures)).await;
    }

    async fn subscribe(&self) -> Result<PubSubStream, Unavailable> {
        let db = self.client.get_connection_info().redis_settings().db();
        let within = self.timeout * 5;
        let subscribed = tokio::time::timeout(within, async {
            let mut pubsub: PubSub = self.client.get_async_pubsub().await?;
            pubsub.subscribe(format!("__keyevent@{db}__:expired")).await?;
            Ok::<_, Unavailable>(pubsub.into_on_message())
        });
        subscribed.await.map_err(|_| Unavailable::TimedOut)?
    }
}
