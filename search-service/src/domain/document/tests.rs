use proptest::prelude::*;

use super::*;
use crate::domain::{entry::Entry, samples};

fn night(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, day).unwrap()
}

#[derive(Debug, Clone)]
enum Part {
    Hotel(i64, u8),
    Room(i64, u32),
    Night(u32, i64, u32),
}

fn part() -> impl Strategy<Value = Part> {
    // The content follows from the version, as it does at the source.
    prop_oneof![
        (1_i64..5).prop_map(|version| Part::Hotel(version, u8::try_from(version).unwrap())),
        (1_i64..5).prop_map(|version| Part::Room(version, u32::try_from(version).unwrap() * 2)),
        (1_u32..4, 1_i64..5).prop_map(|(day, version)| Part::Night(
            day,
            version,
            u32::try_from(version).unwrap()
        )),
    ]
}

fn heard(parts: &[Part]) -> RoomDocument {
    let hotel = samples::hotel("H", "Rome", "IT");
    let room = samples::room(&hotel, "Double");
    let mut document = RoomDocument::new(room.room_id, room.hotel_id);
    for part in parts {
        match *part {
            Part::Hotel(version, stars) => {
                let hotel = HotelChanged { version, star_rating: Some(stars), ..hotel.clone() };
                document.hear_hotel(&HotelPart::from(&hotel));
            }
            Part::Room(version, quantity) => {
                document.hear_room(&RoomChanged { version, quantity, ..room.clone() });
            }
            Part::Night(day, version, available) => {
                document.hear_night(night(day), Night { available, version });
            }
        }
    }
    document
}

proptest! {
    #[test]
    fn late_and_duplicate_parts_lose_in_any_order(
        (parts, shuffled) in proptest::collection::vec(part(), 0..12)
            .prop_flat_map(|parts| (Just(parts.clone()), Just(parts).prop_shuffle())),
        again in 0_usize..12,
    ) {
        let mut repeated = shuffled.clone();
        repeated.extend(shuffled.into_iter().take(again));
        prop_assert_eq!(heard(&parts), heard(&repeated));
    }

    #[test]
    fn a_token_says_exactly_what_can_not_be_had(
        quantity in 0_u32..15, available in 0_u32..15, rooms in 1_u8..=9,
    ) {
        let hotel = samples::hotel("H", "Rome", "IT");
        let room = RoomChanged { quantity, ..samples::room(&hotel, "Double") };
        let mut document = samples::document(&hotel, &room);
        document.hear_night(night(24), Night { available, version: 1 });
        let entry = Entry::of(&document);
        let offered = entry.quantity >= u32::from(rooms)
            && !entry.taken.contains(&crate::domain::entry::taken_token(night(24), rooms));
        prop_assert_eq!(offered, u32::from(rooms) <= quantity.min(available));
    }
}

#[test]
fn a_document_is_hidden_until_room_and_hotel_are_known_and_on_sale() {
    assert!(!Entry::of(&heard(&[])).visible);
    assert!(!Entry::of(&heard(&[Part::Night(1, 1, 0)])).visible);
    assert!(!Entry::of(&heard(&[Part::Room(1, 3)])).visible);
    assert!(!Entry::of(&heard(&[Part::Hotel(1, 3)])).visible);
    assert!(Entry::of(&heard(&[Part::Hotel(1, 3), Part::Room(1, 3)])).visible);

    let closed = HotelChanged { is_active: false, ..samples::hotel("H", "Rome", "IT") };
    assert!(!Entry::of(&samples::room_in(&closed)).visible);
}

#[test]
fn a_changed_quantity_derives_the_tokens_anew() {
    let few = Entry::of(&heard(&[Part::Room(1, 2), Part::Night(24, 1, 1)]));
    assert_eq!(few.taken.into_iter().collect::<Vec<_>>(), ["2026-12-24:2"]);
    let more = Entry::of(&heard(&[Part::Room(1, 2), Part::Night(24, 1, 1), Part::Room(2, 4)]));
    assert_eq!(more.taken.into_iter().collect::<Vec<_>>(), ["2026-12-24:2", "2026-12-24:3", "2026-12-24:4"]);
}

#[test]
fn nights_before_the_hotels_today_are_forgotten() {
    let mut document = heard(&[Part::Hotel(1, 3), Part::Night(1, 1, 0), Part::Night(2, 1, 0)]);
    // 23:30 UTC on the 1st is the 2nd in Rome.
    assert!(document.forget_past("2026-12-01T23:30:00Z".parse().unwrap()));
    assert_eq!(document.nights.keys().copied().collect::<Vec<_>>(), [night(2)]);
    assert!(!document.forget_past("2026-12-01T23:30:00Z".parse().unwrap()));
}

#[test]
fn without_a_zone_only_what_is_past_on_all_the_earth_is_forgotten() {
    let mut document = heard(&[Part::Night(1, 1, 0)]);
    assert!(!document.forget_past("2026-12-02T11:59:00Z".parse().unwrap()));
    assert!(document.forget_past("2026-12-02T12:00:00Z".parse().unwrap()));
}

#[test]
fn a_tombstone_frees_the_night() {
    let mut document = heard(&[Part::Room(1, 2), Part::Night(3, 1, 0)]);
    assert!(document.forget_night(night(3)));
    assert!(Entry::of(&document).taken.is_empty());
}
