//! Whoever only reads takes no connection from bookings, and not all from callbacks.

use std::time::Duration;

use booking_core::{Created, Digest, IdempotencyKey, PriceBasis, Request, Stay, StayLine};
use booking_service::{bookings::BookingError, domain::callback, parts::Shared, payments};
use domain::{
    Actor, ActorKind, Email, HotelId, Language, PersonName, StayDates,
    booking::{Booker, Party},
};
use serde_json::Value;

use crate::stage::{Setup, Stage, day, paid, toml_like::Value as Set};

/// On which nobody waits long for a connection, and long enough for one to be opened on a busy machine.
async fn stage() -> Stage {
    let settings = vec![("mysql.acquire_timeout_ms", Set::Number(3_000))];
    Stage::set(Setup { settings, ..Setup::default() }).await
}

fn request(stage: &Stage) -> Request {
    let dates = StayDates::parse(day(10), day(12)).unwrap();
    let line = StayLine { room_id: stage.deluxe, quantity: 1, party: Party::parse(2, Vec::new()).unwrap() };
    let user = testkit::unique_uuid();
    let mut scope = [7; 32];
    scope[..16].copy_from_slice(user.as_bytes());
    Request {
        key: IdempotencyKey { scope: Digest::new(scope), hash: Digest::new([1; 32]) },
        user_id: user.into(),
        actor: Actor::user(ActorKind::Channel, user.into(), "channel|1"),
        stay: Stay::parse(stage.hotel, dates, vec![line]).unwrap(),
        basis: PriceBasis::Today,
        email_verified: false,
        booker: Booker {
            given_name: PersonName::parse("Ada").unwrap(),
            family_name: PersonName::parse("Lovelace").unwrap(),
            email: Email::parse("ada@example.com").unwrap(),
            phone: None,
        },
        language: Language::english(),
        special_requests: None,
        client_reference: None,
        return_url: None,
        holds_limit: u32::MAX,
    }
}

/// The provider says that the booking was paid.
async fn told(shared: &Shared, booking: &Value) -> Result<&'static str, BookingError> {
    let body = paid(booking, "pr-1").to_string().into_bytes();
    payments::heard(shared, &testkit::unique_word(), &callback::parse(&body), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_readers_have_every_connection_a_booking_is_made_and_a_callback_is_to_come_again() {
    let stage = stage().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let work = async |shared: &Shared| {
        let mut taken = Vec::new();
        for _ in 0..shared.settings.mysql.max_connections {
            taken.push(shared.reads.acquire().await.unwrap());
        }
        assert!(matches!(shared.bookings.book(request(&stage)).await, Ok(Created::New(_))));
        assert!(matches!(told(shared, &booking).await, Err(BookingError::Unavailable(_))));
        drop(taken);
        told(shared, &booking).await.unwrap();
    };
    tokio::time::timeout(Duration::from_mins(1), stage.adapters().with_shards(work)).await.unwrap();
    stage.becomes(&booking, "BOOKED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_hotels_leaves_a_connection_to_a_callback() {
    let stage = stage().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let work = async |shared: &Shared| {
        let mut readers = Vec::new();
        let hotel = || HotelId::from_uuid(testkit::unique_uuid());
        while let Ok(place) = shared.hotel_reads.place(hotel()).await {
            readers.push((place, shared.reads.acquire().await.unwrap()));
        }
        assert!(!readers.is_empty());
        told(shared, &booking).await.unwrap();
    };
    tokio::time::timeout(Duration::from_mins(1), stage.adapters().with_shards(work)).await.unwrap();
    stage.becomes(&booking, "BOOKED").await;
}
