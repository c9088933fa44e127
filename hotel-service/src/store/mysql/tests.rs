use std::sync::Arc;

use events::outbox;
use testkit::mysql::{Lease, hotel as lease};

use super::*;
use crate::store::conformance::{self, Stores, answer};

fn stores(lease: &Lease) -> Stores {
    let store = Arc::new(MySqlStore::new(lease.pool.clone(), None, RetrySettings::BRIEF));
    Stores {
        hotels: store.clone(),
        rooms: store.clone(),
        localities: store.clone(),
        facilities: store.clone(),
        audit: store.clone(),
        kept: store,
    }
}

macro_rules! conforms {
    ($($promise:ident)*) => {$(
        #[tokio::test]
        async fn $promise() {
            let lease = lease().await;
            conformance::$promise(&stores(&lease)).await;
        }
    )*};
}

conforms! {
    a_hotel_is_read_as_it_was_written
    a_change_is_written_over_its_version_only_once
    of_many_changes_at_once_one_wins
    an_idempotency_key_has_one_effect
    a_taken_id_is_told_and_leaves_nothing
    a_room_is_read_and_changed_as_a_hotel_is
    lists_go_on_where_they_stopped
    localities_are_found_by_folded_prefix_the_largest_first
    only_missing_hotels_and_rooms_are_added
    only_what_was_kept_long_enough_is_deleted
}

#[tokio::test]
async fn a_write_leaves_one_event_and_a_refused_one_leaves_none() {
    let lease = lease().await;
    let stores = stores(&lease);
    let rome = stores.rome().await;
    let (hotel, kept) = (stores.new_hotel(&rome).await, answer());
    assert_eq!(stores.hotels.create(&hotel, &kept).await.unwrap(), Created::Done);
    let other = stores.new_hotel(&rome).await;
    assert_eq!(stores.hotels.create(&other, &kept).await.unwrap(), Created::KeyTaken);
    assert_eq!(outbox::unpublished(&lease.pool).await.unwrap(), 1);
}

#[tokio::test]
async fn a_row_edited_into_nonsense_is_told_and_not_shown() {
    let lease = lease().await;
    let stores = stores(&lease);
    let rome = stores.rome().await;
    let hotel = stores.new_hotel(&rome).await;
    stores.hotels.create(&hotel, &answer()).await.unwrap();
    sqlx::query("update hotels set time_zone = 'Mars/Base'").execute(&lease.pool).await.unwrap();
    let read = stores.hotels.find(hotel.record.hotel_id).await;
    assert!(matches!(read, Err(StoreError::Corrupt { table: "hotels", .. })), "{read:?}");
}
