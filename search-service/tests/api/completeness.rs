//! An index that lacks what was read says so: no lag shows it.

use platform::{app::App as _, clock::SystemClock, settings::Loader, shutdown::Shutdown};
use reqwest::Method;
use search_service::{SearchApp, reindex::reindex};
use serde_json::{Value, json};
use testkit::wait::eventually_equals;

use crate::{
    events::House,
    stage::{SOON, Stage},
};

/// Looks and commits are a matter of moments; a look on a loaded machine still takes less than two of them.
fn often(loader: Loader) -> Loader {
    loader.set("freshness.note_ms", 500).set("kafka.commit_every_ms", 100).set("reindex.check_ms", 50)
}

impl Stage {
    async fn is_stale(&self) -> bool {
        self.http.get("/v1/search?q=male").await.expect(200)["stale"].as_bool().unwrap()
    }

    async fn meta(&self) -> Value {
        let alias = self.settings().index.alias;
        let found = self.elastic(Method::GET, &format!("{alias}/_mapping"), None).await;
        found.as_object().unwrap().values().next().unwrap()["mappings"]["_meta"].clone()
    }

    /// As an index says it of itself.
    async fn say(&self, what: &str, value: Value) {
        let mut meta = self.meta().await;
        meta[what] = value;
        let path = format!("{}/_mapping", self.settings().index.alias);
        self.elastic(Method::PUT, &path, Some(json!({ "_meta": meta }))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_index_is_stale_until_it_is_rebuilt() {
    let stage = Stage::set_with(often).await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    assert!(!stage.is_stale().await);
    let alias = stage.settings().index.alias;
    let named = stage.elastic(Method::GET, &format!("_alias/{alias}"), None).await;
    for index in named.as_object().unwrap().keys() {
        stage.elastic(Method::DELETE, index, None).await;
    }
    SearchApp::migrate(&stage.settings()).await.unwrap();
    eventually_equals(SOON, true, || stage.is_stale()).await;
    assert!(stage.found("q=male").await.is_empty());

    reindex(&stage.settings(), &Shutdown::new()).await.unwrap();
    eventually_equals(SOON, false, || stage.is_stale()).await;
    stage.eventually_finds("q=male", &["Hotel Paradiso"]).await;
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_yesterday_is_stale_when_events_of_today_were_read() {
    let stage = Stage::set_with(often).await;
    stage.open(&House::new("Hotel Paradiso")).await;
    assert!(!stage.is_stale().await);
    // Restored under the running service, whose own note may come in between.
    let yesterday = SystemClock.read().plus(chrono::TimeDelta::days(-1));
    let restored = || async {
        stage.say("read_until", json!(yesterday)).await;
        stage.is_stale().await
    };
    eventually_equals(SOON, true, restored).await;
    reindex(&stage.settings(), &Shutdown::new()).await.unwrap();
    eventually_equals(SOON, false, || stage.is_stale()).await;
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_process_had_read_since_its_last_note_is_not_missed() {
    let stage = Stage::set_with(|loader| loader.set("kafka.commit_every_ms", 100)).await;
    stage.open(&House::new("Hotel Paradiso")).await;
    let noted = stage.meta().await["read_until"].clone();
    let stage = stage.again().await;
    stage.open(&House::new("Hotel Inferno")).await;
    assert!(!stage.is_stale().await);
    assert_ne!(stage.meta().await["read_until"], noted, "the start looks and notes");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_says_nonsense_of_itself_is_stale_and_stops_no_event() {
    let stage = Stage::set_with(often).await;
    stage.open(&House::new("Hotel Paradiso")).await;
    let nonsense = || async {
        stage.say("read_until", json!("yesterday")).await;
        stage.say("version", json!("one")).await;
        stage.is_stale().await
    };
    eventually_equals(SOON, true, nonsense).await;
    stage.open(&House::new("Hotel Inferno")).await;
    reindex(&stage.settings(), &Shutdown::new()).await.unwrap();
    eventually_equals(SOON, false, || stage.is_stale()).await;
    stage.strike().await;
}
