//! Indices behind their alias: made and brought up to date by `migrate`, replaced by a rebuild.

use std::{collections::BTreeMap, sync::Arc};

use domain::Instant;
use elasticsearch::http::Method;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{Wire, left_out, lock::RebuildLock};
use crate::index::IndexError;

/// The alias, its indices and how they are made.
#[derive(Debug, Clone)]
pub struct Indices {
    wire: Arc<Wire>,
    alias: String,
    body: Value,
}

/// What an index says of itself.
#[derive(Debug, Default, Deserialize)]
struct Described {
    #[serde(default)]
    aliases: Map<String, Value>,
    #[serde(default)]
    mappings: Mappings,
}

#[derive(Debug, Default, Deserialize)]
struct Mappings {
    #[serde(default, rename = "_meta")]
    meta: Meta,
    #[serde(default)]
    properties: Map<String, Value>,
}

/// What we keep in the mapping's `_meta`. What cannot be read of it counts as not said, so that one index hides no other.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Meta {
    /// Which of our mappings the index has; none: one of before they were counted.
    #[serde(default, deserialize_with = "as_said")]
    version: u64,
    /// The alias it was made for: of two whose names begin alike, each sees only its own indices.
    #[serde(default, deserialize_with = "as_said")]
    alias: Option<String>,
    /// All that was read until then is in it; none: nobody has said so.
    #[serde(default, deserialize_with = "as_said")]
    read_until: Option<Instant>,
}

fn as_said<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(says: D) -> Result<T, D::Error> {
    let says = Value::deserialize(says)?;
    let said =
        serde_json::from_value(says).inspect_err(|error| left_out("meta", &"the index's _meta", error));
    Ok(said.unwrap_or_default())
}

/// How a mapping differs from ours.
#[derive(Debug, Default, PartialEq)]
struct Difference {
    /// Fields it lacks: they can be added at any time.
    missing: Map<String, Value>,
    /// Fields that mean something else: only a new index can have them as we do.
    other: Vec<String>,
}

impl Indices {
    /// The indices behind `alias`; new ones are made with `body` (settings and mappings).
    pub fn new(wire: Arc<Wire>, alias: impl Into<String>, mut body: Value) -> Self {
        let alias = alias.into();
        if let Some(meta) = body.pointer_mut("/mappings/_meta").and_then(Value::as_object_mut) {
            meta.insert("alias".to_owned(), json!(alias));
        }
        Self { wire, alias, body }
    }

    /// Makes an index and the alias if there is no such alias, else adds to the index what its mapping lacks. The fields
    /// that only a rebuild can change. Two that do this at once end with one alias.
    pub async fn ensure(&self) -> Result<Vec<String>, IndexError> {
        if self.wire.exists(&format!("/_alias/{}", self.alias)).await? {
            return self.bring_up_to_date().await;
        }
        let first = self.name("1");
        if !self.wire.exists(&format!("/{first}")).await? {
            self.create(&first, &self.body).await?;
        }
        self.point_to(&first).await?;
        Ok(Vec::new())
    }

    /// Whether the mapping behind the alias is older than ours.
    pub async fn is_outdated(&self) -> Result<bool, IndexError> {
        let ours = self.version();
        Ok(self.described(&self.alias).await?.values().any(|index| index.mappings.meta.version < ours))
    }

    /// Until when all that was read is in the index, as it says itself; none if it does not.
    pub async fn read_until(&self) -> Result<Option<Instant>, IndexError> {
        let behind = self.described(&self.alias).await?;
        Ok(behind.values().map(|index| index.mappings.meta.read_until).min().flatten())
    }

    /// Notes in the index behind the alias that all that was read until then is in it.
    pub async fn note_read_until(&self, at: Instant) -> Result<(), IndexError> {
        self.note(&self.alias, at).await
    }

    /// The same in one of the indices.
    pub async fn note(&self, index: &str, at: Instant) -> Result<(), IndexError> {
        for (name, index) in self.described(index).await? {
            let meta = Meta { read_until: Some(at), ..index.mappings.meta };
            let body = json!({ "_meta": meta }).to_string();
            let _: Value = self.wire.ask(Method::Put, &format!("/{name}/_mapping"), Some(body)).await?;
        }
        Ok(())
    }

    /// The alias through which a rebuild writes: like all writes, its own fail once the index behind it is gone.
    pub fn rebuilding(&self) -> String {
        format!("{}.rebuilding", self.alias)
    }

    /// What keeps two rebuilds apart.
    pub fn lock(&self) -> RebuildLock {
        RebuildLock::new(Arc::clone(&self.wire), format!("{}.lock", self.alias))
    }

    /// Makes an empty index that only [`Indices::rebuilding`] names; its name.
    pub async fn create_next(&self, suffix: &str) -> Result<String, IndexError> {
        let name = self.name(suffix);
        self.end_rebuilding().await?;
        let mut body = self.body.clone();
        if let Some(body) = body.as_object_mut() {
            body.insert("aliases".to_owned(), json!({ self.rebuilding(): {} }));
        }
        self.create(&name, &body).await?;
        Ok(name)
    }

    /// No index is written by a rebuild any more.
    pub async fn end_rebuilding(&self) -> Result<(), IndexError> {
        if !self.wire.exists(&format!("/_alias/{}", self.rebuilding())).await? {
            return Ok(());
        }
        self.change_aliases(&[self.removed(&self.rebuilding())]).await
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
        let all = self.of_alias().await?.into_iter();
        Ok(all.filter(|(_, index)| index.aliases.contains_key(&self.alias)).map(|(name, _)| name).collect())
    }

    /// Indices made for the alias that it does not name: what killed rebuilds left behind, unless one runs.
    pub async fn orphans(&self) -> Result<Vec<String>, IndexError> {
        let all = self.of_alias().await?.into_iter();
        let ours = all.filter(|(_, index)| index.mappings.meta.alias.as_ref() == Some(&self.alias));
        Ok(ours.filter(|(_, index)| !index.aliases.contains_key(&self.alias)).map(|(name, _)| name).collect())
    }

    async fn bring_up_to_date(&self) -> Result<Vec<String>, IndexError> {
        let mut other = Vec::new();
        for (name, index) in self.described(&self.alias).await? {
            let mut found = self.difference(&index.mappings.properties);
            let is_current = index.mappings.meta.version >= self.version();
            if !(found.missing.is_empty() && is_current) {
                self.add_fields(&name, &found, index.mappings.meta.read_until).await?;
            }
            other.append(&mut found.other);
        }
        Ok(other)
    }

    fn difference(&self, has: &Map<String, Value>) -> Difference {
        let mut difference = Difference::default();
        let wanted = self.body.pointer("/mappings/properties").and_then(Value::as_object);
        for (field, wanted) in wanted.into_iter().flatten() {
            match has.get(field) {
                None => _ = difference.missing.insert(field.clone(), wanted.clone()),
                Some(has) if has == wanted => {}
                Some(_) => difference.other.push(field.clone()),
            }
        }
        difference
    }

    /// Adds the fields; the version follows once nothing is left that needs a rebuild.
    async fn add_fields(
        &self,
        index: &str,
        found: &Difference,
        read_until: Option<Instant>,
    ) -> Result<(), IndexError> {
        let mut body = json!({ "properties": found.missing });
        if let (true, Some(body)) = (found.other.is_empty(), body.as_object_mut()) {
            let meta = Meta { version: self.version(), alias: Some(self.alias.clone()), read_until };
            body.insert("_meta".to_owned(), json!(meta));
        }
        let path = format!("/{index}/_mapping");
        let _: Value = self.wire.ask(Method::Put, &path, Some(body.to_string())).await?;
        tracing::info!(index, added = ?found.missing.keys(), "the search index's mapping is brought up to date");
        Ok(())
    }

    fn version(&self) -> u64 {
        self.body.pointer("/mappings/_meta/version").and_then(Value::as_u64).unwrap_or_default()
    }

    async fn of_alias(&self) -> Result<BTreeMap<String, Described>, IndexError> {
        self.described(&format!("{}-*", self.alias)).await
    }

    async fn described(&self, names: &str) -> Result<BTreeMap<String, Described>, IndexError> {
        self.wire.ask(Method::Get, &format!("/{names}"), None).await
    }

    async fn create(&self, index: &str, body: &Value) -> Result<(), IndexError> {
        self.wire.create_index(index, body).await
    }

    async fn point_to(&self, index: &str) -> Result<(), IndexError> {
        let add = json!({ "add": { "index": index, "alias": self.alias } });
        self.change_aliases(&[self.removed(&self.alias), add]).await
    }

    fn removed(&self, alias: &str) -> Value {
        let indices = format!("{}-*", self.alias);
        json!({ "remove": { "index": indices, "alias": alias, "must_exist": false } })
    }

    async fn change_aliases(&self, actions: &[Value]) -> Result<(), IndexError> {
        let body = json!({ "actions": actions }).to_string();
        let _: Value = self.wire.ask(Method::Post, "/_aliases", Some(body)).await?;
        Ok(())
    }

    fn name(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.alias)
    }
}
