//! What every adapter of the ports promises. Each test takes the ports of an empty database with the facilities in it.

use std::sync::Arc;

use ::domain::{
    Actor, ActorKind, AuditId, CountryCode, EventId, GeoPoint, HotelId, Instant, LocalityId, RoomId,
    TimeZone, UserId, event::topic,
};
use serde_json::json;
use testkit::unique_uuid;

use super::*;
use crate::{
    api::bodies::{
        hotel::{HotelWrite, References},
        room::RoomWrite,
    },
    domain::{
        hotel::{AuditStamp, HotelFacts, NewHotel},
        locality::{NewLocality, folded_names},
        room::RoomFacts,
    },
    published::{self, Envelope},
};

/// More than any test makes.
pub(super) const MOST: u32 = 1_000;

/// All ports of one database.
pub(super) struct Stores {
    pub(super) hotels: Arc<dyn Hotels>,
    pub(super) rooms: Arc<dyn Rooms>,
    pub(super) localities: Arc<dyn Localities>,
    pub(super) facilities: Arc<dyn Facilities>,
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) kept: Arc<dyn KeptAnswers>,
}

pub(super) fn at() -> Instant {
    "2026-11-21T19:23:00.123456Z".parse().unwrap()
}

fn stamp() -> AuditStamp {
    let actor = Actor::user(ActorKind::Manager, UserId::from_uuid(unique_uuid()), "auth0|manager");
    AuditStamp { actor, at: at(), audit_id: AuditId::from_uuid(unique_uuid()) }
}

fn envelope() -> Envelope {
    Envelope {
        id: EventId::from_uuid(unique_uuid()),
        topic: topic::HOTEL.to_owned(),
        traceparent: None,
        most_bytes: 1 << 19,
    }
}

pub(super) fn locality(name: &str, population: u64) -> NewLocality {
    let place = Place {
        locality_id: LocalityId::from_uuid(unique_uuid()),
        name: name.to_owned(),
        country_code: CountryCode::parse("IT").unwrap(),
        point: GeoPoint::parse(41.9, 12.5).unwrap(),
    };
    let names = folded_names(name, ["Città eterna", "Рим"]);
    let time_zone = TimeZone::parse("Europe/Rome").unwrap();
    NewLocality { locality: Locality { place, names }, time_zone, population }
}

impl Stores {
    pub(super) async fn rome(&self) -> Locality {
        let new = locality("Roma", 2_000_000);
        self.localities.add_missing(std::slice::from_ref(&new), at()).await.unwrap();
        new.locality
    }

    async fn facts(&self, rome: &Locality, name: &str, facilities: &[&str]) -> HotelFacts {
        let body: HotelWrite = serde_json::from_value(json!({
            "name": name, "description": "Am Meer,\n🏨 'quoted'", "locality_id": rome.place.locality_id,
            "address": {"line1": "Via Roma 1", "line2": null, "postal_code": "00184"},
            "latitude": 41.890_210_000_000_1, "longitude": -0.1, "time_zone": "Europe/Rome", "currency": "EUR",
            "star_rating": null, "facilities": facilities, "contact": {"email": "a@b.example", "phone": null},
            "check_in_time": "15:00", "check_out_time": "23:59", "is_active": true
        }))
        .unwrap();
        let catalogue = self.facilities.all().await.unwrap();
        body.parse(References { catalogue: &catalogue, locality: Some(rome), kept: None }).unwrap()
    }

    async fn room_facts(&self, quantity: u32) -> RoomFacts {
        let body: RoomWrite = serde_json::from_value(json!({
            "display_name": "Double", "description": "", "quantity": quantity, "occupancy": 2,
            "price_min": {"amount": 1, "currency": "EUR"},
            "price_max": {"amount": 9_007_199_254_740_991i64, "currency": "EUR"},
            "facilities": ["sea_view", "balcony"], "is_active": true
        }))
        .unwrap();
        body.parse(&self.facilities.all().await.unwrap(), ::domain::Currency::parse("EUR").unwrap()).unwrap()
    }

    pub(super) async fn new_hotel(&self, rome: &Locality) -> Revision<Hotel> {
        let facts = self.facts(rome, "Paradiso", &["pool", "bar"]).await;
        let new = NewHotel {
            hotel_id: HotelId::from_uuid(unique_uuid()),
            owner_id: unique_uuid(),
            region: "eu".to_owned(),
        };
        let (record, audit) = Hotel::create(new, facts, rome, &stamp());
        let event = published::hotel_changed(&record, rome, envelope()).unwrap();
        Revision { record, audit, event }
    }

    async fn renamed(
        &self,
        hotel: &Hotel,
        rome: &Locality,
        name: &str,
        facilities: &[&str],
    ) -> Revision<Hotel> {
        let facts = self.facts(rome, name, facilities).await;
        let (record, audit) = hotel.change(facts, rome, &stamp()).unwrap().unwrap();
        let event = published::hotel_changed(&record, rome, envelope()).unwrap();
        Revision { record, audit, event }
    }

    async fn new_room(&self, hotel_id: HotelId) -> Revision<Room> {
        let facts = self.room_facts(12).await;
        let (record, audit) = Room::create(hotel_id, RoomId::from_uuid(unique_uuid()), facts, &stamp());
        let event = published::room_changed(&record, envelope()).unwrap();
        Revision { record, audit, event }
    }

    async fn created(&self, rome: &Locality) -> Hotel {
        let revision = self.new_hotel(rome).await;
        assert_eq!(self.hotels.create(&revision, &answer(), MOST).await.unwrap(), Created::Done);
        revision.record
    }
}

pub(super) fn answer() -> KeptAnswer {
    let mut scope = [7u8; 32];
    let (head, _) = scope.split_at_mut(16);
    head.copy_from_slice(unique_uuid().as_bytes());
    KeptAnswer {
        scope,
        request_hash: [9; 32],
        operation_id: "create_hotel".to_owned(),
        user_id: UserId::from_uuid(unique_uuid()),
        status: 201,
        location: "/v1/hotels/x".to_owned(),
        version: 1,
        body: b"{\"name\":\"\xc3\xa9\"}".to_vec(),
        keep_s: 86_400,
    }
}

fn all<T>() -> Cursor<T> {
    Cursor { after: None, limit: 100 }
}

pub(super) async fn a_hotel_is_read_as_it_was_written(stores: &Stores) {
    let rome = stores.rome().await;
    let hotel = stores.created(&rome).await;
    assert_eq!(stores.hotels.find(hotel.hotel_id).await.unwrap(), Some(hotel.clone()));
    assert_eq!(stores.hotels.list(Some(hotel.owner_id), all()).await.unwrap().items, [hotel]);
    assert_eq!(stores.hotels.find(HotelId::from_uuid(unique_uuid())).await.unwrap(), None);
}

pub(super) async fn a_change_is_written_over_its_version_only_once(stores: &Stores) {
    let rome = stores.rome().await;
    let hotel = stores.created(&rome).await;
    let first = stores.renamed(&hotel, &rome, "Inferno", &["bar", "spa"]).await;
    let second = stores.renamed(&hotel, &rome, "Purgatorio", &[]).await;
    assert_eq!(stores.hotels.replace(&first).await.unwrap(), Replaced::Done);
    assert_eq!(stores.hotels.replace(&second).await.unwrap(), Replaced::Stale);
    assert_eq!(stores.hotels.find(hotel.hotel_id).await.unwrap(), Some(first.record));
    // The refused one left no trace.
    assert_eq!(stores.audit.list(hotel.hotel_id, all()).await.unwrap().items.len(), 2);
}

pub(super) async fn of_many_changes_at_once_one_wins(stores: &Stores) {
    let rome = stores.rome().await;
    let hotel = stores.created(&rome).await;
    let mut revisions = Vec::new();
    for number in 0..8 {
        revisions.push(stores.renamed(&hotel, &rome, &format!("Hotel {number}"), &["pool"]).await);
    }
    let outcomes = futures_of(revisions.iter().map(|revision| stores.hotels.replace(revision))).await;
    let won = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(Replaced::Done))).count();
    assert_eq!(won, 1);
    assert_eq!(stores.hotels.find(hotel.hotel_id).await.unwrap().unwrap().version, 2);
}

async fn futures_of<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    futures::future::join_all(all).await
}

pub(super) async fn an_idempotency_key_has_one_effect(stores: &Stores) {
    let rome = stores.rome().await;
    let kept = answer();
    let mut revisions = Vec::new();
    for _ in 0..6 {
        revisions.push(stores.new_hotel(&rome).await);
    }
    let outcomes =
        futures_of(revisions.iter().map(|revision| stores.hotels.create(revision, &kept, MOST))).await;
    let mut made = 0;
    for (revision, outcome) in revisions.iter().zip(outcomes) {
        let there = stores.hotels.find(revision.record.hotel_id).await.unwrap().is_some();
        assert_eq!(there, outcome.unwrap() == Created::Done);
        made += u8::from(there);
    }
    assert_eq!(made, 1);
    let found = stores.kept.find(&kept.scope).await.unwrap().unwrap();
    assert_eq!(KeptAnswer { keep_s: kept.keep_s, ..found }, kept);
}

pub(super) async fn a_taken_id_is_told_and_leaves_nothing(stores: &Stores) {
    let rome = stores.rome().await;
    let hotel = stores.created(&rome).await;
    let room = stores.new_room(hotel.hotel_id).await;
    assert_eq!(stores.rooms.create(&room, None, MOST).await.unwrap(), Created::Done);
    let kept = answer();
    assert_eq!(stores.rooms.create(&room, Some(&kept), MOST).await.unwrap(), Created::Taken);
    assert_eq!(stores.kept.find(&kept.scope).await.unwrap(), None);
    assert_eq!(stores.audit.list(hotel.hotel_id, all()).await.unwrap().items.len(), 2);
}

pub(super) async fn a_room_is_read_and_changed_as_a_hotel_is(stores: &Stores) {
    let rome = stores.rome().await;
    let hotel = stores.created(&rome).await;
    let room = stores.new_room(hotel.hotel_id).await;
    assert_eq!(stores.rooms.create(&room, Some(&answer()), MOST).await.unwrap(), Created::Done);
    assert_eq!(stores.rooms.find(room.record.room_id).await.unwrap(), Some(room.record.clone()));
    let (record, audit) = room.record.change(stores.room_facts(0).await, &stamp()).unwrap();
    let event = published::room_changed(&record, envelope()).unwrap();
    let change = Revision { record, audit, event };
    assert_eq!(stores.rooms.replace(&change).await.unwrap(), Replaced::Done);
    assert_eq!(stores.rooms.replace(&change).await.unwrap(), Replaced::Stale);
    assert_eq!(stores.rooms.list(hotel.hotel_id, all()).await.unwrap().items, [change.record]);
}

/// Of eight creations at once with room for three: three are done and leave their traces, the others leave none.
pub(super) async fn of_many_creations_at_once_no_more_are_done_than_there_may_be(stores: &Stores) {
    let rome = stores.rome().await;
    let (mut hotels, owner_id) = (Vec::new(), unique_uuid());
    for _ in 0..8 {
        let mut revision = stores.new_hotel(&rome).await;
        revision.record.owner_id = owner_id;
        hotels.push((revision, answer()));
    }
    let outcomes =
        futures_of(hotels.iter().map(|(revision, kept)| stores.hotels.create(revision, kept, 3))).await;
    assert_eq!(count(&outcomes, &Created::Done), 3, "{outcomes:?}");
    assert_eq!(count(&outcomes, &Created::Full), 5, "{outcomes:?}");
    let made = stores.hotels.list(Some(owner_id), all()).await.unwrap().items;
    assert_eq!(made.len(), 3);

    let hotel_id = made[0].hotel_id;
    let mut rooms = Vec::new();
    for _ in 0..8 {
        rooms.push(stores.new_room(hotel_id).await);
    }
    let outcomes = futures_of(rooms.iter().map(|revision| stores.rooms.create(revision, None, 3))).await;
    assert_eq!(count(&outcomes, &Created::Done), 3, "{outcomes:?}");
    assert_eq!(count(&outcomes, &Created::Full), 5, "{outcomes:?}");
    assert_eq!(stores.rooms.list(hotel_id, all()).await.unwrap().items.len(), 3);
    assert_eq!(stores.audit.list(hotel_id, all()).await.unwrap().items.len(), 1 + 3);
}

fn count(outcomes: &[Result<Created, StoreError>], wanted: &Created) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Ok(created) if created == wanted)).count()
}

pub(super) async fn lists_go_on_where_they_stopped(stores: &Stores) {
    let rome = stores.rome().await;
    let hotel = stores.created(&rome).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let room = stores.new_room(hotel.hotel_id).await;
        assert_eq!(stores.rooms.create(&room, None, MOST).await.unwrap(), Created::Done);
        ids.push(room.record.room_id);
    }
    ids.sort();
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let part = stores.rooms.list(hotel.hotel_id, Cursor { after, limit: 2 }).await.unwrap();
        read.extend(part.items.iter().map(|room| room.room_id));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(read, ids);
    let newest = stores.audit.list(hotel.hotel_id, Cursor { after: None, limit: 4 }).await.unwrap();
    let rest = stores.audit.list(hotel.hotel_id, Cursor { after: newest.next, limit: 4 }).await.unwrap();
    assert_eq!(rest.next, None);
    let mut seen: Vec<_> = newest.items.iter().chain(&rest.items).map(|entry| entry.audit_id).collect();
    seen.dedup();
    assert_eq!(seen.len(), 6);
}

pub(super) async fn localities_are_found_by_folded_prefix_the_largest_first(stores: &Stores) {
    let new =
        [locality("Malé", 100), locality("MALEO", 300), locality("Mallorca", 300), locality("Rome", 900)];
    assert_eq!(stores.localities.add_missing(&new, at()).await.unwrap(), 4);
    assert_eq!(stores.localities.add_missing(&new, at()).await.unwrap(), 0);
    let filter =
        LocalityFilter { prefix: "mal".to_owned(), country_code: Some(CountryCode::parse("IT").unwrap()) };
    let found = stores.localities.list(&filter, all()).await.unwrap().items;
    assert_eq!(found.len(), 3);
    assert_eq!(found.last().unwrap().name, "Malé");
    let first = stores.localities.list(&filter, Cursor { after: None, limit: 1 }).await.unwrap();
    let rest = Cursor { after: first.next, limit: 9 };
    assert_eq!(stores.localities.list(&filter, rest).await.unwrap().items, found.get(1..).unwrap());
    let elsewhere = LocalityFilter { country_code: Some(CountryCode::parse("MV").unwrap()), ..filter };
    assert_eq!(stores.localities.list(&elsewhere, all()).await.unwrap().items, []);
    let male = new.first().unwrap();
    let read = stores.localities.find(male.locality.place.locality_id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&male.locality));
}

pub(super) async fn only_missing_hotels_and_rooms_are_added(stores: &Stores) {
    let rome = stores.rome().await;
    let hotels = [stores.new_hotel(&rome).await, stores.new_hotel(&rome).await];
    let rooms =
        [stores.new_room(hotels[0].record.hotel_id).await, stores.new_room(hotels[1].record.hotel_id).await];
    let (first_hotel, first_room) = (hotels.get(..1).unwrap(), rooms.get(..1).unwrap());
    assert_eq!(stores.hotels.add_missing(first_hotel, first_room).await.unwrap(), (1, 1));
    assert_eq!(stores.hotels.add_missing(&hotels, &rooms).await.unwrap(), (1, 1));
    assert_eq!(stores.hotels.add_missing(&hotels, &rooms).await.unwrap(), (0, 0));
    for hotel in &hotels {
        assert_eq!(stores.hotels.find(hotel.record.hotel_id).await.unwrap(), Some(hotel.record.clone()));
    }
}

pub(super) async fn only_what_was_kept_long_enough_is_deleted(stores: &Stores) {
    let rome = stores.rome().await;
    let (expired, fresh) = (KeptAnswer { keep_s: 0, ..answer() }, answer());
    for kept in [&expired, &fresh] {
        let hotel = stores.new_hotel(&rome).await;
        assert_eq!(stores.hotels.create(&hotel, kept, MOST).await.unwrap(), Created::Done);
    }
    assert_eq!(stores.kept.purge(10).await.unwrap(), 1);
    assert_eq!(stores.kept.find(&expired.scope).await.unwrap(), None);
    assert!(stores.kept.find(&fresh.scope).await.unwrap().is_some());
    assert_eq!(stores.audit.purge(36_500, 10).await.unwrap(), 0);
}
