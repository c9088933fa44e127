//! What is looked up by a list is looked up in its index, also where the server thinks that another way is cheaper: it would wait
//! for rows that others have locked, or go through the holds of everybody.

use std::collections::BTreeSet;

use booking_core::Digest;
use domain::{BookingId, RoomId, UserId};
use platform::mysql::{Packet, Text};
use sqlx::Row as _;
use uuid::Uuid;

use super::{
    super::sql::{ReadMode, bookings, keys, money_rows, stock},
    stage::Stage,
};

/// More than the server looks up one by one while it plans (`eq_range_index_dive_limit`, 200).
const MANY: u128 = 300;

fn these<T: Ord>(make: impl Fn(Uuid) -> T) -> BTreeSet<T> {
    (1..=MANY).map(|n| make(Uuid::from_u128(n))).collect()
}

fn scope(id: Uuid) -> Digest {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(id.as_bytes());
    Digest::new(bytes)
}

/// Lookups, each with its index.
fn lookups() -> Vec<(Text, &'static str)> {
    let (read, scopes) = (ReadMode::Locked, these(scope));
    let ids = these(BookingId::from_uuid);
    let money = money_rows::of(&ids, read).map(|(sql, _)| sql).into_iter();
    let money = money.zip(std::iter::once("by_capture").chain(std::iter::repeat("by_booking")));
    let others = [
        (bookings::by_ids(&ids, read), "PRIMARY"),
        (bookings::by_scopes(&scopes, read), "by_scope"),
        (bookings::purged_by_ids(&ids, read), "PRIMARY"),
        (bookings::open_holds(&these(UserId::from_uuid)), "by_user"),
        (keys::answers(&scopes, read), "PRIMARY"),
        (stock::these(&these(RoomId::from_uuid), read), "PRIMARY"),
        (keys::of_purged(&scopes), "by_scope"),
    ];
    money.chain(others).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lookup_of_many_walks_a_table_that_seems_small() {
    let stage = Stage::with(1, 0).await;
    let mut conn = stage.lease.pool.acquire().await.unwrap();
    for (lookup, index) in lookups() {
        let mut explain = Text::new("explain format = traditional ");
        explain.append(&lookup);
        let mut packet = Packet::default();
        packet.add(&explain);
        let replies = packet.run(&mut conn).await.unwrap();
        let plan = |row: &_| {
            let [table, way, key] = ["table", "type", "key"].map(|column| text(row, column));
            (table, way, key)
        };
        let plans = replies[0].rows.iter().map(plan).filter(|(table, ..)| table != "dev_clock");
        for (table, way, key) in plans {
            assert!(
                way != "ALL" && way != "index" && key == index,
                "{table} is read by {way} of {key}, not by {index}"
            );
        }
    }
}

fn text(row: &sqlx::mysql::MySqlRow, column: &str) -> String {
    row.try_get::<Option<String>, _>(column).unwrap().unwrap_or_default()
}
