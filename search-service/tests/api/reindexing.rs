use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use platform::shutdown::Shutdown;
use search_service::reindex::{ReindexError, reindex};

use crate::{
    events::{House, in_days},
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_index_takes_over_without_a_failed_search_or_a_lost_night() {
    let stage = Arc::new(Stage::set_with(|loader| loader.set("reindex.check_ms", 50)).await);
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    let night = in_days(31);
    let free = format!("q=male&start_date={}&end_date={night}", in_days(30));
    let over = format!("q=male&start_date={night}&end_date={}", in_days(32));
    stage.publish_night(&house.night_key(&night), Some(&house.night(&night, 0, 1))).await;
    stage.eventually_finds(&over, &[]).await;
    stage.eventually_finds(&free, &["Hotel Paradiso"]).await;

    let done = Arc::new(AtomicBool::new(false));
    let searches = tokio::spawn({
        let (stage, done, free) = (Arc::clone(&stage), Arc::clone(&done), free.clone());
        async move {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(stage.found(&free).await, ["Hotel Paradiso"]);
                count += 1;
            }
            count
        }
    });
    let outcome = reindex(&stage.settings(), &Shutdown::new()).await.unwrap();
    done.store(true, Ordering::Relaxed);
    assert!(searches.await.unwrap() > 0);
    assert_eq!((outcome.replaced.len(), outcome.visible_rooms), (1, 1));
    assert!(stage.found(&over).await.is_empty(), "the sold-out night was lost");

    // What comes now goes into the new index.
    stage.publish_night(&house.night_key(&night), Some(&house.night(&night, 1, 2))).await;
    stage.eventually_finds(&over, &["Hotel Paradiso"]).await;
    Arc::into_inner(stage).unwrap().strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_rebuilds_at_once_one_is_refused_and_what_a_killed_one_left_goes() {
    let stage = Stage::set_with(|loader| loader.set("reindex.check_ms", 50)).await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    let settings = stage.settings();
    // The body says whose it is, as that of an index a rebuild was filling when it was killed.
    let left = format!("{}-left", settings.index.alias);
    let mut body = migrations::search_mapping(1, 0).unwrap();
    body["mappings"]["_meta"]["alias"] = settings.index.alias.clone().into();
    let made =
        reqwest::Client::new().put(format!("{}/{left}", settings.elasticsearch.urls)).json(&body).send();
    assert!(made.await.unwrap().status().is_success());

    let (shutdown, other) = (Shutdown::new(), Shutdown::new());
    let (one, two) = tokio::join!(reindex(&settings, &shutdown), reindex(&settings, &other));
    let (done, refused) = match (one, two) {
        (Ok(done), Err(refused)) | (Err(refused), Ok(done)) => (done, refused),
        (Ok(_), Ok(_)) => panic!("both rebuilt"),
        (Err(one), Err(two)) => panic!("none rebuilt: {one}; {two}"),
    };
    assert!(matches!(refused, ReindexError::Locked), "{refused:?}");
    assert_eq!(done.orphans, [left]);
    assert_eq!(done.visible_rooms, 1);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_stopped_changes_nothing() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    let stopped = Shutdown::new();
    stopped.request();
    assert!(reindex(&stage.settings(), &stopped).await.is_err());
    stage.eventually_finds("q=male", &["Hotel Paradiso"]).await;
    stage.strike().await;
}
