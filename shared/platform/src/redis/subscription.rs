use std::time::Duration;

use delivery::Backoff;
use futures::StreamExt;
use redis::{
    Client,
    aio::{PubSub, PubSubStream},
};
use tracing::{info, warn};

use super::Unavailable;

/// Messages as they are published; see [`super::Redis::subscription`].
pub struct Subscription {
    client: Client,
    what: &'static str,
    channels: Vec<String>,
    timeout: Duration,
    backoff: Backoff,
    failures: u32,
    messages: Option<PubSubStream>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Where it was said.
    pub channel: String,
    /// What it says.
    pub says: String,
}

impl Subscription {
    pub(super) fn new(
        client: Client,
        (what, channels): (&'static str, Vec<String>),
        (timeout, most_wait): (Duration, Duration),
    ) -> Self {
        let backoff = Backoff::new(timeout, most_wait);
        Self { client, what, channels, timeout, backoff, failures: 0, messages: None }
    }

    /// The next message. Waits for ever if need be; end it from outside (`select!` with the shutdown).
    pub async fn next(&mut self) -> Heard {
        loop {
            let Some(messages) = &mut self.messages else {
                self.subscribe_again().await;
                continue;
            };
            let Some(message) = messages.next().await else {
                self.messages = None;
                continue;
            };
            if let Ok(says) = message.get_payload::<String>() {
                return Heard { channel: message.get_channel_name().to_owned(), says };
            }
        }
    }

    /// Subscribes now rather than at the first [`Subscription::next`], so that nothing that is said from here on is missed.
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
                    info!("Redis tells of {} again", self.what);
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
            warn!(error = crate::causes::causes(error), "Redis does not tell of {}; trying again", self.what);
        }
        tokio::time::sleep(self.backoff.delay(self.failures)).await;
    }

    async fn subscribe(&self) -> Result<PubSubStream, Unavailable> {
        let within = self.timeout * 5;
        let subscribed = tokio::time::timeout(within, async {
            let mut pubsub: PubSub = self.client.get_async_pubsub().await?;
            pubsub.subscribe(&self.channels).await?;
            Ok::<_, Unavailable>(pubsub.into_on_message())
        });
        subscribed.await.map_err(|_| Unavailable::TimedOut)?
    }
}
