//! A service on servers of its own names.

use std::time::Duration;

use platform::{
    app::{App, Running, launch},
    settings::Loader,
};
use reqwest::Method;
use search_service::{SearchApp, settings::Settings};
use serde_json::Value;
use testkit::{elasticsearch, http::Http, kafka};

/// Events reach search within this, also on a loaded machine.
pub(crate) const SOON: Duration = Duration::from_mins(1);

pub(crate) struct Stage {
    pub(crate) http: Http,
    pub(crate) kafka: kafka::Lease,
    pub(crate) hotels: String,
    pub(crate) nights: String,
    settings: Loaded,
    running: Running,
    _index: elasticsearch::Lease,
}

struct Loaded(Box<dyn Fn() -> Settings + Send + Sync>);

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(|loader| loader).await
    }

    /// With some settings of its own.
    pub(crate) async fn set_with(change: impl Fn(Loader) -> Loader + Send + Sync + 'static) -> Self {
        let (index, kafka) = (elasticsearch::lease().await, kafka::lease());
        let [url, alias] = [index.url.clone(), index.name("rooms")];
        let [brokers, prefix] = [kafka.brokers.clone(), kafka.prefix.clone()];
        let load = move || {
            let loader = Loader::new(SearchApp::DEFAULT_TOML)
                .set("kit.rate.public_per_second", 100_000)
                .set("kit.rate.public_burst", 100_000)
                .set("elasticsearch.urls", url.as_str())
                .set("elasticsearch.timeout_ms", 5_000)
                .set("index.alias", alias.as_str())
                .set("kafka.brokers", brokers.as_str())
                .set("hotel_consumer.group", format!("{prefix}search-hotel"))
                .set("hotel_consumer.topic", format!("{prefix}hotel.events"))
                .set("availability_consumer.group", format!("{prefix}search-availability"))
                .set("availability_consumer.topic", format!("{prefix}availability.events"))
                .set("topics.hotel_partitions", 3)
                .set("topics.availability_partitions", 3);
            change(loader).load::<Settings>().unwrap()
        };
        let settings = load();
        SearchApp::migrate(&settings).await.unwrap();
        SearchApp::migrate(&settings).await.unwrap();
        let (hotels, nights) =
            (settings.hotel_consumer.topic.clone(), settings.availability_consumer.topic.clone());
        let running = start(settings).await;
        let http = Http::at(format!("http://{}", running.address()));
        Self { http, kafka, hotels, nights, settings: Loaded(Box::new(load)), running, _index: index }
    }

    pub(crate) fn settings(&self) -> Settings {
        (self.settings.0)()
    }

    pub(crate) async fn publish_hotel(&self, key: &str, event: &Value) {
        self.kafka.write(&self.hotels, key, Some(event.to_string().as_bytes()), &[]).await;
    }

    pub(crate) async fn publish_night(&self, key: &str, event: Option<&Value>) {
        let payload = event.map(ToString::to_string);
        self.kafka.write(&self.nights, key, payload.as_deref().map(str::as_bytes), &[]).await;
    }

    pub(crate) async fn found(&self, query: &str) -> Vec<String> {
        let page = self.http.get(&format!("/v1/search?{query}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until a search finds exactly these hotels.
    pub(crate) async fn eventually_finds(&self, query: &str, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        testkit::wait::eventually_equals(SOON, names, || self.found(query)).await;
    }

    /// What Elasticsearch answers.
    pub(crate) async fn elastic(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/{path}", self.settings().elasticsearch.urls);
        let call = reqwest::Client::new().request(method, url);
        let call = if let Some(body) = body { call.json(&body) } else { call };
        let answer = call.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    /// Puts this value into a field of a stored document.
    pub(crate) async fn damage(&self, document: &str, field: &str, value: Value) {
        let path = format!("{}/_doc/{document}", self.settings().index.alias);
        let mut source = self.elastic(Method::GET, &path, None).await["_source"].take();
        source[field] = value;
        self.elastic(Method::PUT, &format!("{path}?refresh=true"), Some(source)).await;
    }

    /// The same, with a new process.
    pub(crate) async fn again(self) -> Self {
        self.running.stop().await;
        let settings = (self.settings.0)();
        let running = start(settings).await;
        Self { http: Http::at(format!("http://{}", running.address())), running, ..self }
    }

    pub(crate) async fn strike(self) {
        self.running.stop().await;
    }
}

pub(crate) async fn start(settings: Settings) -> Running {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    launch::<SearchApp>(settings, listener).await.unwrap()
}
