//! The suite that every index passes, and the comparison of the two.

mod compared;
mod mapping;
mod suite;

use std::sync::Arc;

use platform::ids::{Ids as _, SystemIds};

use super::{
    Index,
    elastic::{ElasticIndex, ElasticSettings, Wire, indices::Indices},
};

/// An index of its own on the test stack's Elasticsearch.
pub(crate) struct Lease {
    pub(crate) index: Arc<ElasticIndex>,
    pub(crate) indices: Indices,
    pub(crate) alias: String,
}

pub(crate) fn settings() -> ElasticSettings {
    let urls = std::env::var("VACANCY_STACK_ELASTICSEARCH_URL");
    ElasticSettings {
        urls: urls.unwrap_or_else(|_| "http://127.0.0.1:22200".to_owned()),
        username: String::new(),
        password: "".into(),
        timeout_ms: 20_000,
    }
}

impl Lease {
    pub(crate) async fn new() -> Self {
        Self::with(migrations::search_mapping(1, 0).unwrap()).await
    }

    async fn with(body: serde_json::Value) -> Self {
        let wire = Arc::new(Wire::new(&settings()).unwrap());
        let alias = format!("test-search-{}", SystemIds.uuid().simple());
        let indices = Indices::new(Arc::clone(&wire), alias.clone(), body);
        indices.ensure().await.unwrap();
        Self { index: Arc::new(ElasticIndex::by_alias(wire, alias.clone())), indices, alias }
    }

    pub(crate) async fn release(self) {
        for index in self.indices.named().await.unwrap() {
            self.indices.delete(&index).await.unwrap();
        }
        self.indices.delete(&format!("{}.lock", self.alias)).await.unwrap();
    }
}

async fn put(index: &dyn Index, room: crate::domain::document::RoomDocument) {
    let stamped = super::Stamped { document: room, stamp: None };
    assert_eq!(index.store_rooms(&[stamped]).await.unwrap(), [super::Stored::Written]);
}
