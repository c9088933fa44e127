//! A hotel with two rooms, a stay of two nights, and what happens to its booking: the stage of the tests.

use chrono::{NaiveDate, TimeDelta};
use domain::{
    Actor, ActorKind, BookingId, ClientReference, Currency, Email, HotelId, Instant, Language, Money,
    PaymentId, PersonName, RoomId, StayDates, TimeZone, UserId,
    booking::{BookedHotel, Booker, Party, PaymentStatus, StatusReason},
};
use uuid::Uuid;

use crate::{
    Booking, Capture, CheckoutLinks, Command, Created, Decided, Digest, IdempotencyKey, Plan, PriceBasis,
    Request, RoomStock, Rules, SeenHotel, Snapshot, Stay, StayLine, TransitionIds, books::Books, create,
    decide,
};

pub(crate) const HOTEL: HotelId = HotelId::from_uuid(Uuid::from_u128(1));
pub(crate) const DOUBLE: RoomId = RoomId::from_uuid(Uuid::from_u128(11));
pub(crate) const SUITE: RoomId = RoomId::from_uuid(Uuid::from_u128(12));
pub(crate) const ADA: UserId = UserId::from_uuid(Uuid::from_u128(21));

pub(crate) fn ada() -> Actor {
    Actor::user(ActorKind::Traveller, ADA, "auth0|ada")
}

pub(crate) fn operator() -> Actor {
    Actor::user(ActorKind::Operator, UserId::from_uuid(Uuid::from_u128(22)), "auth0|ops")
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Noon in Rome, three days before the stay.
pub(crate) fn noon() -> Instant {
    at("2026-12-21T11:00:00Z")
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn euros(cents: i64) -> Money {
    Money::new(cents, Currency::parse("EUR").unwrap()).unwrap()
}

pub(crate) fn dates() -> StayDates {
    StayDates::parse(date("2026-12-24"), date("2026-12-26")).unwrap()
}

pub(crate) fn hotel() -> SeenHotel {
    SeenHotel {
        hotel_id: HOTEL,
        owner_id: Uuid::from_u128(2),
        facts: BookedHotel {
            name: "Paradiso".to_owned(),
            time_zone: TimeZone::parse("Europe/Rome").unwrap(),
            country_code: domain::CountryCode::parse("IT").unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            check_in_time: chrono::NaiveTime::from_hms_opt(15, 0, 0).unwrap(),
            check_out_time: chrono::NaiveTime::from_hms_opt(11, 0, 0).unwrap(),
            phone: None,
            email: Email::parse("desk@paradiso.example").unwrap(),
        },
        cover_image_url: None,
        is_active: true,
        version: 1,
    }
}

pub(crate) fn room(room_id: RoomId, quantity: u32) -> RoomStock {
    RoomStock {
        room_id,
        hotel_id: HOTEL,
        display_name: "Deluxe double".to_owned(),
        occupancy: 3,
        quantity,
        allowance: 0,
        price_min: euros(10_000),
        price_max: euros(10_001),
        is_active: true,
        hotel_active: true,
        stop_sell: false,
        room_version: 1,
        hotel_version: 1,
        stock_version: 1,
    }
}

pub(crate) fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::empty(noon());
    snapshot.hotels.insert(HOTEL, hotel());
    for stock in [room(DOUBLE, 3), room(SUITE, 1)] {
        snapshot.nights.extend(dates().nights().map(|date| ((stock.room_id, date), None)));
        snapshot.rooms.insert(stock.room_id, stock);
    }
    snapshot
}

pub(crate) fn line(room_id: RoomId, quantity: u8) -> StayLine {
    StayLine { room_id, quantity, party: Party::parse(2, vec![4]).unwrap() }
}

pub(crate) fn stay() -> Stay {
    Stay::parse(HOTEL, dates(), vec![line(DOUBLE, 2), line(SUITE, 1)]).unwrap()
}

pub(crate) fn key(seed: u8) -> IdempotencyKey {
    IdempotencyKey { scope: Digest::new([seed; 32]), hash: Digest::new([1; 32]) }
}

pub(crate) fn request() -> Request {
    Request {
        key: key(1),
        user_id: ADA,
        actor: ada(),
        stay: stay(),
        basis: PriceBasis::Today,
        booker: Booker {
            given_name: PersonName::parse("Ada").unwrap(),
            family_name: PersonName::parse("Lovelace").unwrap(),
            email: Email::parse("ada@example.com").unwrap(),
            phone: None,
        },
        email_verified: false,
        language: Language::english(),
        special_requests: None,
        client_reference: Some(ClientReference::parse("order-1").unwrap()),
        return_url: None,
        holds_limit: 3,
    }
}

pub(crate) fn new_id(seed: u128) -> BookingId {
    Uuid::from_u128(seed * 1_000 + 1).into()
}

pub(crate) fn ids(seed: u128) -> TransitionIds {
    let id = |n: u128| Uuid::from_u128(seed * 1_000 + 500 + n);
    TransitionIds {
        event_id: id(1).into(),
        invoice_id: id(2).into(),
        refund_id: id(3).into(),
        credit_note_id: id(4).into(),
        void_id: id(5).into(),
        other_payment_id: id(6).into(),
    }
}

pub(crate) fn rules() -> Rules {
    Rules::new(CheckoutLinks::new("https://pay.example", b"a secret of tests").unwrap())
}

/// A world that executes plans as the store does, guards and all.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) rules: Rules,
    pub(crate) events: Vec<crate::PlannedEvent>,
    seed: u128,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { snapshot: snapshot(), rules: rules(), events: Vec::new(), seed: 100 }
    }

    /// With one RESERVED booking of two doubles and the suite.
    pub(crate) fn reserved() -> Self {
        let mut world = Self::new();
        world.book(&request()).unwrap();
        world
    }

    pub(crate) fn booked() -> Self {
        let mut world = Self::reserved();
        world.command(&paid("pr-1", due(&world))).unwrap();
        world
    }

    pub(crate) fn expired() -> Self {
        let mut world = Self::reserved();
        world.pass(TimeDelta::minutes(5));
        world.command(&Command::ProviderSaid(crate::ProviderSaid::NoAnswer)).unwrap();
        world
    }

    pub(crate) fn completed() -> Self {
        let mut world = Self::booked();
        world.pass(TimeDelta::days(6));
        world.command(&Command::StayEnded).unwrap();
        world
    }

    pub(crate) fn cancelled(by: crate::CancelledBy) -> Self {
        let mut world = Self::booked();
        world.command(&cancel(by)).unwrap();
        world
    }

    pub(crate) fn pass(&mut self, time: TimeDelta) {
        self.snapshot.now = self.snapshot.now.plus(time);
    }

    pub(crate) fn booking(&self) -> &Booking {
        self.snapshot.bookings.values().next().unwrap()
    }

    pub(crate) fn book(&mut self, request: &Request) -> Result<Created, crate::Refusal> {
        self.seed += 1;
        let (created, plan) = create(&self.snapshot, request, new_id(self.seed), &self.rules)?;
        self.execute(&plan);
        Ok(created)
    }

    pub(crate) fn command(&mut self, command: &Command) -> Result<Decided, crate::Refusal> {
        let id = self.booking().record.booking_id;
        self.command_on(id, command)
    }

    pub(crate) fn command_on(
        &mut self,
        id: domain::BookingId,
        command: &Command,
    ) -> Result<Decided, crate::Refusal> {
        self.seed += 1;
        let booking = self.snapshot.booking(id)?.clone();
        let (decided, plan) = decide(&self.snapshot, &booking, command, &ids(self.seed), &self.rules)?;
        self.execute(&plan);
        Ok(decided)
    }

    /// Executes a plan; a guard that misses is a mistake of the rules.
    pub(crate) fn execute(&mut self, plan: &Plan) {
        let mut books = Books { rows: self.snapshot.clone() };
        assert_eq!(books.commit(plan), Ok(()));
        self.snapshot = books.rows;
        self.events.extend(plan.events.iter().cloned());
    }
}

/// The entry that the history keeps of it; none of the first.
pub(crate) fn logged(event: &crate::PlannedEvent) -> Option<crate::Logged> {
    let body = &event.body;
    Some(crate::Logged {
        version: body.booking.version,
        at: event.at,
        happening: event.happening,
        from: body.from?,
        to: body.booking.status,
        actor: body.actor.clone()?,
        reason: event.reason.and_then(|word| StatusReason::parse(word).ok()),
        event_id: Some(event.event_id),
        refund_id: body.refund.map(|refund| refund.refund_id),
    })
}

pub(crate) fn due(world: &World) -> Money {
    world.booking().record.facts.price.due_now
}

pub(crate) fn capture(reference: &str, amount: Money) -> Capture {
    Capture { provider_reference: reference.to_owned(), amount }
}

pub(crate) fn paid(reference: &str, amount: Money) -> Command {
    Command::PaymentSucceeded(capture(reference, amount))
}

pub(crate) fn cancel(by: crate::CancelledBy) -> Command {
    let actor = match by {
        crate::CancelledBy::Traveller => ada(),
        crate::CancelledBy::Hotel => operator(),
    };
    Command::Cancel(crate::Cancel { actor, by, accepted_penalty: None, note: None })
}

pub(crate) fn reviewed(payment_id: PaymentId, review: crate::Review) -> Command {
    Command::Reviewed(crate::Reviewed { actor: operator(), payment_id, review })
}

/// Whether nothing about money is open: then it may be purged.
pub(crate) fn settled(booking: &Booking) -> bool {
    booking.voids_owed().next().is_none()
        && booking.refunds.iter().all(|refund| refund.status == crate::RefundStatus::Confirmed)
        && booking.payments.iter().all(|payment| payment.status != PaymentStatus::InReview)
}
