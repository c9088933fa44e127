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
    of_many_creations_at_once_no_more_are_done_than_there_may_be
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
    assert_eq!(stores.hotels.create(&hotel, &kept, conformance::MOST).await.unwrap(), Created::Done);
    let other = stores.new_hotel(&rome).await;
    assert_eq!(stores.hotels.create(&other, &kept, conformance::MOST).await.unwrap(), Created::KeyTaken);
    assert_eq!(outbox::unpublished(&lease.pool).await.unwrap(), 1);
}

#[tokio::test]
async fn a_row_edited_into_nonsense_is_told_and_not_shown() {
    let lease = lease().await;
    let stores = stores(&lease);
    let rome = stores.rome().await;
    let hotel = stores.new_hotel(&rome).await;
    stores.hotels.create(&hotel, &answer(), conformance::MOST).await.unwrap();
    sqlx::query("update hotels set time_zone = 'Mars/Base'").execute(&lease.pool).await.unwrap();
    let read = stores.hotels.find(hotel.record.hotel_id).await;
    assert!(matches!(read, Err(StoreError::Corrupt { table: "hotels", .. })), "{read:?}");
}

/// How many rows and index entries a statement on this connection has read.
async fn entries_read(conn: &mut sqlx::MySqlConnection) -> u64 {
    let sql = "show session status like 'Handler_read%'";
    let counters: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(conn).await.unwrap();
    counters.iter().map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn a_list_of_localities_reads_a_page_and_never_the_table() {
    let lease = lease().await;
    let stores = stores(&lease);
    let many: Vec<_> = (0..3_000u64).map(|n| conformance::locality(&format!("San {n} Maria"), n)).collect();
    for chunk in many.chunks(500) {
        stores.localities.add_missing(chunk, conformance::at()).await.unwrap();
    }
    let mut conn = lease.pool.acquire().await.unwrap();
    let italy = ::domain::CountryCode::parse("IT").unwrap();
    for country_code in [None, Some(italy)] {
        for prefix in ["", "s", "sa", "san", "san 2"] {
            for after in [None, Some((2_600, many[2_600].locality.place.locality_id))] {
                let filter = LocalityFilter { prefix: prefix.to_owned(), country_code };
                let before = entries_read(&mut conn).await;
                let cursor = Cursor { after, limit: 20 };
                let read = sql::localities::list(&mut conn, &filter, cursor).await.unwrap();
                let read_entries = entries_read(&mut conn).await - before;
                assert!(
                    read.items.len() == 20 && read_entries < 1_500,
                    "{filter:?} {after:?}: {read_entries}"
                );
            }
        }
    }
}
