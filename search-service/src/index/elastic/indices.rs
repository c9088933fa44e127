//! Indices behind their alias: made by `migrate`, replaced by a reindex.

use std::sync::Arc;

use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::Wire;
use crate::index::IndexError;

/// The alias, its indices and how they are made.
#[derive(Debug, Clone)]
pub struct Indices {
    wire: Arc<Wire>,
    alias: String,
    body: Value,
}

impl Indices {
    /// The indices behind `alias`; new ones are made with `body` (settings and mappings).
    pub fn new(wire: Arc<Wire>, alias: impl Into<String>, body: Value) -> Self {
        Self { wire, alias: alias.into(), body }
    }

    /// Makes an index and the alias if there is no such alias. Two that do this at once end with one alias.
    pub async fn ensure(&self) -> Result<(), IndexError> {
        if self.wire.exists(&format!("/_alias/{}", self.alias)).await? {
            return Ok(());
        }
        let first = self.name("1");
        if !self.wire.exists(&format!("/{first}")).await? {
            self.create(&first).await?;
        }
        self.point_to(&first).await
    }

    /// Makes an empty index that the alias does not name yet; its name.
    pub async fn create_next(&self, suffix: &str) -> Result<String, IndexError> {
        let name = self.name(suffix);
        self.create(&name).await?;
        Ok(name)
    }

    /// Lets the alias name `index` and nothing else, in one step; the indices it named before.
    pub async fn swap_to(&self, index: &str) -> Result<Vec<String>, IndexError> {
        let named = self.named().await?;
        self.point_to(index).await?;
        Ok(named.into_iter().filter(|name| name != index).collect())
    }

    /// Deletes an index.
    pub async fn delete(&self, index: &str) -> Result<(), IndexError> {
        let _: Value =
            self.wire.ask(Method::Delete, &format!("/{index}?ignore_unavailable=true"), None).await?;
        Ok(())
    }

    /// The indices that the alias names.
    pub async fn named(&self) -> Result<Vec<String>, IndexError> {
        let path = format!("/_alias/{}", self.alias);
        if !self.wire.exists(&path).await? {
            return Ok(Vec::new());
        }
        let named: serde_json::Map<String, Value> = self.wire.ask(Method::Get, &path, None).await?;
        Ok(named.into_iter().map(|(name, _)| name).collect())
    }

    async fn create(&self, index: &str) -> Result<(), IndexError> {
        let path = format!("/{index}");
        match self.wire.ask::<Value>(Method::Put, &path, Some(self.body.to_string())).await {
            Ok(_) => Ok(()),
            Err(error) if self.wire.exists(&path).await? => {
                tracing::debug!(index, %error, "somebody else made the index first");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn point_to(&self, index: &str) -> Result<(), IndexError> {
        let body = json!({ "actions": [
            { "remove": { "index": format!("{}-*", self.alias), "alias": self.alias, "must_exist": false } },
            { "add": { "index": index, "alias": self.alias } },
        ] });
        let _: Value = self.wire.ask(Method::Post, "/_aliases", Some(body.to_string())).await?;
        Ok(())
    }

    fn name(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.alias)
    }
}
