use ::domain::{Actor, AuditId, Currency};
use serde_json::json;
use uuid::Uuid;

use super::*;

fn facts() -> RoomFacts {
    let price = |amount| Money::new(amount, Currency::parse("EUR").unwrap()).unwrap();
    RoomFacts {
        display_name: Text::parse("Deluxe double").unwrap(),
        description: Text::parse("With a view.").unwrap(),
        quantity: 12,
        occupancy: 3,
        price_min: price(10_000),
        price_max: price(20_000),
        facilities: vec![FacilityCode::parse("sea_view").unwrap()],
        is_active: true,
    }
}

fn stamp() -> AuditStamp {
    AuditStamp {
        actor: Actor::system(),
        at: "2026-11-21T19:23:00Z".parse().unwrap(),
        audit_id: AuditId::from_uuid(Uuid::from_u128(2)),
    }
}

fn double() -> Room {
    let (hotel, room) = (HotelId::from_uuid(Uuid::from_u128(3)), RoomId::from_uuid(Uuid::from_u128(4)));
    Room::create(hotel, room, facts(), &stamp()).0
}

#[test]
fn a_change_raises_the_version_and_nothing_is_written_when_nothing_differs() {
    let fewer = RoomFacts { quantity: 2, ..facts() };
    let (room, entry) = double().change(fewer, &stamp()).unwrap();
    assert_eq!((room.version, entry.action, entry.room_id), (2, Action::RoomChanged, Some(room.room_id)));
    let [change] = &entry.changes[..] else { panic!("one change") };
    assert_eq!(
        (change.pointer.as_str(), &change.before, &change.after),
        ("/quantity", &json!(12), &json!(2))
    );
    assert_eq!(room.change(room.facts.clone(), &stamp()), None);
}
