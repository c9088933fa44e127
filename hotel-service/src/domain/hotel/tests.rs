use ::domain::Email;

use super::*;

fn rome() -> Locality {
    let place = Place {
        locality_id: LocalityId::from_uuid(Uuid::from_u128(1)),
        name: "Rome".to_owned(),
        country_code: ::domain::CountryCode::parse("IT").unwrap(),
        point: GeoPoint::parse(41.9, 12.5).unwrap(),
    };
    Locality { place, names: vec!["rome".to_owned()] }
}

fn facts() -> HotelFacts {
    let address = AddressFacts { line1: Text::parse("Via Roma 1").unwrap(), line2: None, postal_code: None };
    HotelFacts {
        name: Text::parse("Hotel Paradiso").unwrap(),
        description: Text::parse("By the sea.").unwrap(),
        locality_id: rome().place.locality_id,
        address,
        point: rome().place.point,
        time_zone: TimeZone::parse("Europe/Rome").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        star_rating: Some(5),
        facilities: vec![FacilityCode::parse("pool").unwrap()],
        contact: Contact { email: Email::parse("desk@paradiso.example").unwrap(), phone: None },
        check_in_time: hour_minute::parse("15:00").unwrap(),
        check_out_time: hour_minute::parse("11:00").unwrap(),
        is_active: true,
    }
}

fn stamp() -> AuditStamp {
    AuditStamp {
        actor: Actor::system(),
        at: "2026-11-21T19:23:00Z".parse::<Instant>().unwrap(),
        audit_id: AuditId::from_uuid(Uuid::from_u128(2)),
    }
}

fn paradiso() -> Hotel {
    let new = NewHotel {
        hotel_id: HotelId::from_uuid(Uuid::from_u128(3)),
        owner_id: Uuid::from_u128(4),
        region: "eu".to_owned(),
    };
    Hotel::create(new, facts(), &rome(), &stamp()).0
}

#[test]
fn zone_and_currency_can_never_change() {
    let (time_zone, currency) = (TimeZone::parse("Europe/Paris").unwrap(), Currency::parse("USD").unwrap());
    let moved = HotelFacts { name: Text::parse("New").unwrap(), time_zone, currency, ..facts() };
    let Immutable(faults) = paradiso().change(moved, &rome(), &stamp()).unwrap_err();
    let found: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(found, ["#/time_zone", "#/currency"]);
}

#[test]
fn a_change_raises_the_version_by_one_and_says_what_changed() {
    let facts = HotelFacts { name: Text::parse("Hotel Inferno").unwrap(), star_rating: None, ..facts() };
    let (hotel, entry) = paradiso().change(facts, &rome(), &stamp()).unwrap().unwrap();
    assert_eq!((hotel.version, entry.version, entry.action), (2, 2, Action::HotelChanged));
    let mut pointers: Vec<&str> = entry.changes.iter().map(|change| change.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/name", "/star_rating"]);
}

#[test]
fn nothing_changes_when_nothing_differs() {
    assert_eq!(paradiso().change(facts(), &rome(), &stamp()), Ok(None));
}

#[test]
fn going_off_sale_and_back_are_told_apart() {
    let off = HotelFacts { is_active: false, ..facts() };
    let (hotel, entry) = paradiso().change(off, &rome(), &stamp()).unwrap().unwrap();
    assert_eq!(entry.action, Action::HotelDeactivated);
    let (_, entry) = hotel.change(facts(), &rome(), &stamp()).unwrap().unwrap();
    assert_eq!(entry.action, Action::HotelRevived);
}
