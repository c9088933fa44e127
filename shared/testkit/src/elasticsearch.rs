//! An index prefix of one's own.

use std::time::Duration;

use serde_json::Value;

use crate::{stack, teardown, unique::unique_word};

/// All indexes and aliases that begin with `prefix` are this test's, and deleted when it ends.
#[derive(Debug)]
pub struct Lease {
    /// The server.
    pub url: String,
    /// Begins every index and alias of this test, such as `t3f2a9c81d04-`.
    pub prefix: String,
}

/// A fresh prefix on a server that answers.
pub async fn lease() -> Lease {
    let url = stack::elasticsearch_url();
    let health = format!("{url}/_cluster/health");
    let answer = client().get(&health).send().await;
    answer.unwrap_or_else(|error| {
        panic!("no Elasticsearch at {url} (cargo xtask stack up --instance test): {error}")
    });
    Lease { url, prefix: format!("{}-", unique_word()) }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client can be made")
}

impl Lease {
    /// An index's name under the prefix.
    pub fn name(&self, index: &str) -> String {
        format!("{}{index}", self.prefix)
    }

    /// Makes what was written visible to searches.
    pub async fn refresh(&self) {
        let url = format!("{}/{}*/_refresh", self.url, self.prefix);
        let answer = client().post(url).send().await.expect("refresh answers");
        assert!(answer.status().is_success(), "refresh: {}", answer.status());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (url, prefix) = (self.url.clone(), self.prefix.clone());
        teardown::run(async move { delete(&url, &prefix).await });
    }
}

async fn delete(url: &str, prefix: &str) {
    let list = format!("{url}/_cat/indices/{prefix}*?format=json&h=index&expand_wildcards=all");
    let Ok(answer) = client().get(list).send().await else { return };
    let Ok(indexes) = answer.json::<Vec<Value>>().await else { return };
    for name in indexes.iter().filter_map(|index| index.get("index")?.as_str()) {
        if client().delete(format!("{url}/{name}")).send().await.is_err() {
            tracing::warn!(index = name, "an index of a test was not deleted");
        }
    }
}
