use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

use events::kafka::KafkaSettings;
use serde_json::json;
use tokio::time::timeout;

use super::*;
use crate::index::elastic::{ElasticSettings, Wire};

const EVERY: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Counting(AtomicU32);

#[async_trait]
impl Handler for Counting {
    async fn handle(&self, _: &[Record]) -> Vec<Verdict> {
        self.0.fetch_add(1, Ordering::SeqCst);
        vec![Verdict::Done]
    }
}

/// Nobody listens there.
fn of_nobody() -> Completeness {
    let elastic = ElasticSettings {
        urls: "http://127.0.0.1:1".to_owned(),
        username: String::new(),
        password: String::new().into(),
        timeout_ms: 1,
    };
    let indices = Indices::new(Arc::new(Wire::new(&elastic).unwrap()), "rooms", json!({}));
    let kafka = Kafka::new(KafkaSettings::at("127.0.0.1:1").unwrap());
    Completeness::new(indices, kafka, &[], EVERY)
}

/// Whether the handler is called at once for one more record.
async fn is_handled(handler: &dyn Handler) -> bool {
    let (topic, key, headers) = ("t".to_owned(), "k".to_owned(), BTreeMap::new());
    let record = Record { topic, partition: 0, offset: 0, key, payload: None, headers };
    timeout(Duration::from_millis(50), handler.handle(&[record])).await.is_ok()
}

#[tokio::test]
async fn nothing_is_handled_before_the_first_look_nor_long_after_the_last() {
    let (completeness, counting) = (of_nobody(), Arc::new(Counting::default()));
    let handler = completeness.before(counting.clone());
    let looked = |ago| completeness.looked.send_replace(Some(Moment::now().checked_sub(ago).unwrap()));
    assert!(!is_handled(&*handler).await, "nobody has looked");
    looked(EVERY);
    assert!(is_handled(&*handler).await, "a look that is late stops nothing");
    looked(EVERY * 2);
    assert!(!is_handled(&*handler).await, "the index was away, or this process frozen: it looks first");
    looked(Duration::ZERO);
    assert!(is_handled(&*handler).await);
    assert_eq!(counting.0.load(Ordering::SeqCst), 2);
}
