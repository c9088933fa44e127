//! The issuer's public keys: fetched at the start and again and again by one task, handed to requests at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::key::{Key, usable};
use crate::{
    causes::{BoxError, causes},
    http_client::http_client,
};

/// A token with an unknown key makes us look again, and a failed fetch is tried again, but no more often than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(5);
/// The longest fetch, and the longest that a token with an unknown key waits for one.
const LONGEST: Duration = Duration::from_secs(3);

/// The issuer has not told us any keys yet, or is away while a token names one that it has not told.
#[derive(Debug, thiserror::Error)]
#[error("the issuer's keys cannot be read")]
pub(crate) struct NoKeys {
    /// When the next fetch is due.
    pub(crate) retry_after_s: u64,
}

/// The keys behind a JWKS URL.
pub(super) struct Jwks {
    seen: watch::Receiver<Seen>,
    wake: Arc<Notify>,
}

/// What is known of the issuer.
#[derive(Clone, Default)]
struct Seen {
    /// The last good set: it stays when the issuer is away, or has nothing to say.
    keys: Option<Arc<[Key]>>,
    /// When the last fetch ended, and whether it brought keys.
    last: Option<(Instant, bool)>,
}

impl Seen {
    /// Whether another look at the issuer may bring a key that is missing, so that waiting for it is worth while.
    fn may_bring_more(&self) -> bool {
        self.last.is_none_or(|(at, was_good)| was_good && at.elapsed() >= AT_MOST_EVERY)
    }

    /// Whether the issuer answered when it was last asked.
    fn is_told(&self) -> bool {
        self.last.is_some_and(|(_, was_good)| was_good)
    }

    fn with_id(&self, id: Option<&str>) -> Vec<Key> {
        let keys = self.keys.iter().flat_map(|keys| keys.iter());
        keys.filter(|key| id.is_none() || key.id.as_deref() == id).cloned().collect()
    }
}

impl Jwks {
    /// Starts fetching, until this is dropped. Must be called within the main runtime.
    pub(super) fn start(url: String, refresh: Duration) -> Result<Self, reqwest::Error> {
        let client = http_client(LONGEST)?;
        let (sender, seen) = watch::channel(Seen::default());
        let wake = Arc::new(Notify::new());
        let fetching = Fetching { url, client, refresh, wake: wake.clone(), sender };
        tokio::spawn(fetching.run());
        Ok(Self { seen, wake })
    }

    /// Returns when the first fetch has ended, whatever it brought.
    pub(super) async fn tried(&self) {
        // Bounded by the fetch itself; the task ends only after us.
        let mut seen = self.seen.clone();
        let _ended = seen.wait_for(|seen| seen.last.is_some()).await;
    }

    /// The keys of this id, or all if the token names none. Nobody queues: while the issuer is away, this is refused at
    /// once, unless a known key will do.
    pub(super) async fn keys(&self, id: Option<&str>) -> Result<Vec<Key>, NoKeys> {
        let found = self.seen.borrow().with_id(id);
        if found.is_empty() { self.newest(id).await } else { Ok(found) }
    }

    /// The same as the issuer tells them now, after a token that none of the known ones has signed.
    pub(super) async fn newest(&self, id: Option<&str>) -> Result<Vec<Key>, NoKeys> {
        let seen = self.seen.borrow().clone();
        let seen = if seen.may_bring_more() { self.next(&seen).await } else { Some(seen) };
        let told = seen.filter(Seen::is_told).ok_or(NoKeys { retry_after_s: AT_MOST_EVERY.as_secs() })?;
        Ok(told.with_id(id))
    }

    /// What the next fetch brings, which is the same one for all who wait; none if it does not end.
    async fn next(&self, before: &Seen) -> Option<Seen> {
        let mut seen = self.seen.clone();
        self.wake.notify_one();
        let since = before.last.map(|(at, _)| at);
        let fetched = timeout(LONGEST, seen.wait_for(|seen| seen.last.map(|(at, _)| at) != since)).await;
        fetched.ok()?.ok().map(|seen| seen.clone())
    }
}

/// The one task that asks the issuer.
struct Fetching {
    url: String,
    client: reqwest::Client,
    refresh: Duration,
    wake: Arc<Notify>,
    sender: watch::Sender<Seen>,
}

impl Fetching {
    async fn run(self) {
        let fetching = async {
            loop {
                let is_good = self.look().await;
                self.pause(is_good).await;
            }
        };
        tokio::select! {
            () = fetching => {}
            () = self.sender.closed() => {}
        }
    }

    /// Until the keys are old, or somebody needs one that we do not have.
    async fn pause(&self, is_good: bool) {
        tokio::time::sleep(AT_MOST_EVERY).await;
        if is_good {
            let rest = self.refresh.saturating_sub(AT_MOST_EVERY);
            let _woken = timeout(rest, self.wake.notified()).await;
        }
    }

    async fn look(&self) -> bool {
        let fetched = self.fetch().await;
        let is_good = fetched.is_ok();
        metrics::gauge!("issuer_keys_reachable").set(if is_good { 1.0 } else { 0.0 });
        if let Err(error) = &fetched {
            let (url, says) = (&self.url, causes(error.as_ref()));
            tracing::warn!(url, error = says, "the issuer's keys cannot be fetched; known ones stay good");
        }
        self.sender.send_modify(|seen| {
            seen.last = Some((Instant::now(), is_good));
            if let Ok(keys) = fetched {
                seen.keys = Some(keys.into());
            }
        });
        is_good
    }

    async fn fetch(&self) -> Result<Vec<Key>, BoxError> {
        let answer = self.client.get(&self.url).send().await?.error_for_status()?;
        let keys = usable(&answer.bytes().await?)?;
        if keys.is_empty() { Err("the set has no key that signs tokens".into()) } else { Ok(keys) }
    }
}
