//! One rebuild at a time: a document that says who rebuilds and until when, renewed while it runs. A rebuild that was
//! killed holds it no longer than that.

use std::{sync::Arc, time::Duration};

use domain::Instant;
use elasticsearch::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Wire, answer, readable, request};
use crate::index::{IndexError, Stamp, Stamped, Stored};

/// The one document of its index.
const ID: &str = "rebuild";

/// The lock. Its index is none of those behind the alias.
#[derive(Debug, Clone)]
pub struct RebuildLock {
    wire: Arc<Wire>,
    index: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Holder {
    holder: String,
    until: Instant,
}

impl RebuildLock {
    pub(super) fn new(wire: Arc<Wire>, index: String) -> Self {
        Self { wire, index }
    }

    /// Takes or renews the lock for so long; whether it is the holder's now.
    ///
    /// It is written before it is read: a write waits for the shard of an index that another rebuild made a moment ago,
    /// a read does not.
    pub async fn hold(&self, holder: &str, now: Instant, how_long: Duration) -> Result<bool, IndexError> {
        self.ensure().await?;
        let length = chrono::TimeDelta::from_std(how_long).unwrap_or_default();
        let ours = Holder { holder: holder.to_owned(), until: now.plus(length) };
        if self.write(&ours, None).await? {
            return Ok(true);
        }
        let found = self.read().await?;
        let held = found.as_ref().and_then(|found| found.document.as_ref());
        if held.is_some_and(|held| held.holder != holder && held.until > now) {
            return Ok(false);
        }
        self.write(&ours, found.and_then(|found| found.stamp)).await
    }

    /// Whether it stands: not if another was faster than what was read.
    async fn write(&self, ours: &Holder, read: Option<Stamp>) -> Result<bool, IndexError> {
        let path = format!("/{}/_doc/{ID}?{}", self.index, request::guard(read));
        let ours = serde_json::to_string(ours).map_err(|error| IndexError::Refused(error.to_string()))?;
        Ok(self.wire.put_guarded(&path, ours).await? == Stored::Written)
    }

    /// Gives it back if it is still the holder's.
    pub async fn release(&self, holder: &str) -> Result<(), IndexError> {
        let is_ours = |held: &Holder| held.holder == holder;
        let found = self.read().await?.filter(|found| found.document.as_ref().is_some_and(is_ours));
        let Some(stamp) = found.and_then(|found| found.stamp) else { return Ok(()) };
        let path = format!("/{}/_doc/{ID}?{}", self.index, request::guard(Some(stamp)));
        let _: Value = self.wire.ask(Method::Delete, &path, None).await?;
        Ok(())
    }

    async fn ensure(&self) -> Result<(), IndexError> {
        if self.wire.exists(&format!("/{}", self.index)).await? {
            return Ok(());
        }
        let properties = json!({ "holder": { "type": "keyword" }, "until": { "type": "date" } });
        let body = json!({
            "settings": { "number_of_shards": 1, "auto_expand_replicas": "0-1" },
            "mappings": { "dynamic": "strict", "properties": properties },
        });
        self.wire.create_index(&self.index, &body).await
    }

    /// Who holds it; nobody if that cannot be read: a rebuild would wait for it for ever.
    async fn read(&self) -> Result<Option<Stamped<Option<Holder>>>, IndexError> {
        let path = format!("/{}/_mget", self.index);
        let body = json!({ "ids": [ID] }).to_string();
        let found: answer::Many = self.wire.ask(Method::Post, &path, Some(body)).await?;
        let found = found.stamped(1)?.pop().flatten();
        Ok(found.map(|found| Stamped {
            document: readable("lock", &self.index, &found.document),
            stamp: found.stamp,
        }))
    }
}
