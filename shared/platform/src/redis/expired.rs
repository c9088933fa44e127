use redis::Client;

use super::Subscription;

/// Keys as they expire; see [`super::Redis::expired`].
pub struct Expired {
    told: Subscription,
    prefix: String,
}

impl Expired {
    pub(super) const fn new(told: Subscription, prefix: String) -> Self {
        Self { told, prefix }
    }

    /// Where Redis tells of them: keys of one database have one.
    pub(super) fn channel(client: &Client) -> String {
        format!("__keyevent@{}__:expired", client.get_connection_info().redis_settings().db())
    }

    /// The next key that expired. Waits for ever if need be; end it from outside (`select!` with the shutdown).
    pub async fn next(&mut self) -> String {
        loop {
            let key = self.told.next().await.says;
            if key.starts_with(&self.prefix) {
                return key;
            }
        }
    }

    /// Subscribes now rather than at the first [`Expired::next`], so that nothing that expires from here on is missed.
    pub async fn subscribed(self) -> Self {
        Self { told: self.told.subscribed().await, ..self }
    }
}
