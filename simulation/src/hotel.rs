//! The hotel of every run: doubles and a few suites, two nights that everybody wants.

use booking_core::{
    Cancel, CancelledBy, Capture, CheckoutLinks, Command, Digest, IdempotencyKey, KeepAnswer, Order,
    PriceBasis, Request, Review, Reviewed, RoomStock, Rules, SeenHotel, Snapshot, Stay, StayLine, Task,
    TransitionIds, Work,
};
use chrono::{NaiveTime, TimeDelta};
use domain::{
    Actor, ActorKind, BookingId, ClientReference, CountryCode, Currency, Email, HotelId, Instant, Language,
    Money, PaymentId, PersonName, RoomId, StayDates, TimeZone, UserId,
    booking::{BookedHotel, Booker, Party},
};
use uuid::Uuid;

/// The hotel.
#[derive(Debug, Clone)]
pub(crate) struct Hotel {
    pub(crate) id: HotelId,
    /// Doubles and suites.
    pub(crate) rooms: [RoomId; 2],
    pub(crate) dates: StayDates,
    /// When every run begins: noon in Rome, three days before the stay.
    pub(crate) noon: Instant,
    pub(crate) rules: Rules,
    facts: BookedHotel,
    party: Party,
    booker: Booker,
}

/// Names whatever one try of a work makes. A second run of the same try makes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    fn id(self, nth: u128) -> Uuid {
        Uuid::from_u128(u128::from(self.0).wrapping_mul(16).wrapping_add(0x1000).wrapping_add(nth))
    }

    /// For a new booking.
    pub(crate) fn new_id(self) -> BookingId {
        self.id(1).into()
    }

    /// For a command.
    pub(crate) fn ids(self) -> TransitionIds {
        TransitionIds {
            event_id: self.id(2).into(),
            invoice_id: self.id(3).into(),
            refund_id: self.id(4).into(),
            credit_note_id: self.id(5).into(),
            void_id: self.id(6).into(),
            other_payment_id: self.id(7).into(),
        }
    }
}

impl Hotel {
    /// The hotel; none if one of its words does not parse, which would be a defect of this file.
    pub(crate) fn new() -> Option<Self> {
        let mut rules = Rules::new(CheckoutLinks::new("https://pay.example", b"a secret of tests").ok()?);
        rules.hold.length = TimeDelta::seconds(6);
        rules.hold.by_country.clear();
        rules.hold.checkout_margin = TimeDelta::seconds(1);
        rules.hold.ask_before = TimeDelta::milliseconds(1_500);
        rules.hold.ask_for = TimeDelta::milliseconds(800);
        Some(Self {
            id: Uuid::from_u128(1).into(),
            rooms: [Uuid::from_u128(11).into(), Uuid::from_u128(12).into()],
            dates: StayDates::parse("2026-12-24".parse().ok()?, "2026-12-26".parse().ok()?).ok()?,
            noon: "2026-12-21T11:00:00Z".parse().ok()?,
            rules,
            facts: facts()?,
            party: Party::parse(2, vec![]).ok()?,
            booker: Booker {
                given_name: PersonName::parse("Ada").ok()?,
                family_name: PersonName::parse("Lovelace").ok()?,
                email: Email::parse("ada@example.com").ok()?,
                phone: None,
            },
        })
    }

    /// The database before anybody has booked.
    pub(crate) fn rows(&self, units: [u32; 2]) -> Snapshot {
        let mut rows = Snapshot::empty(self.noon);
        let seen = SeenHotel {
            hotel_id: self.id,
            owner_id: Uuid::from_u128(2),
            facts: self.facts.clone(),
            cover_image_url: None,
            is_active: true,
            version: 1,
        };
        rows.hotels.insert(self.id, seen);
        for (room, quantity) in self.rooms.into_iter().zip(units) {
            rows.rooms.insert(room, self.stock(room, quantity));
            rows.nights.extend(self.dates.nights().map(|date| ((room, date), None)));
        }
        rows
    }

    fn stock(&self, room_id: RoomId, quantity: u32) -> RoomStock {
        RoomStock {
            room_id,
            hotel_id: self.id,
            display_name: "Deluxe".to_owned(),
            occupancy: 3,
            quantity,
            allowance: 0,
            price_min: self.euros(10_000),
            price_max: self.euros(10_001),
            is_active: true,
            hotel_active: true,
            stop_sell: false,
            room_version: 1,
            hotel_version: 1,
            stock_version: 1,
        }
    }

    /// An amount in the hotel's currency.
    pub(crate) fn euros(&self, cents: i64) -> Money {
        Money::new(cents, self.facts.currency).unwrap_or(Money::zero(self.facts.currency))
    }

    /// A guest's request for so many doubles and suites, always under the same key.
    pub(crate) fn wish(&self, guest: u64, units: [u8; 2], named: bool) -> Option<Request> {
        let lines = self.rooms.into_iter().zip(units).filter(|(_, units)| *units > 0);
        let line = |(room_id, quantity)| StayLine { room_id, quantity, party: self.party.clone() };
        let user_id = user(guest);
        let name = || ClientReference::parse(&format!("order-{guest}")).ok();
        Some(Request {
            key: key(guest, 1),
            user_id,
            actor: traveller(guest),
            stay: Stay::parse(self.id, self.nights_of(guest)?, lines.map(line).collect()).ok()?,
            basis: PriceBasis::Today,
            booker: self.booker.clone(),
            email_verified: false,
            language: Language::english(),
            special_requests: None,
            client_reference: if named { name() } else { None },
            return_url: None,
            holds_limit: u32::MAX,
        })
    }

    /// Both nights, or one of them: some stays meet, and some do not.
    fn nights_of(&self, guest: u64) -> Option<StayDates> {
        let (first, end) = (self.dates.start_date(), self.dates.end_date());
        let second = first.succ_opt()?;
        match guest % 4 {
            0 => StayDates::parse(first, second).ok(),
            1 => StayDates::parse(second, end).ok(),
            _ => Some(self.dates),
        }
    }

    /// A work that makes a booking.
    pub(crate) fn book(&self, wish: Request) -> Work {
        Work { hotel_id: self.id, task: Task::Book(Box::new(wish), Seed(0).new_id()) }
    }

    /// A work that carries a command out.
    pub(crate) fn order(&self, booking_id: BookingId, command: Command, keep: Option<KeepAnswer>) -> Work {
        let (payment, told, archived) = (None, None, None);
        let order = Order { booking_id, command, ids: Seed(0).ids(), payment, keep, told, archived };
        Work { hotel_id: self.id, task: Task::Command(Box::new(order)) }
    }
}

fn facts() -> Option<BookedHotel> {
    Some(BookedHotel {
        name: "Paradiso".to_owned(),
        time_zone: TimeZone::parse("Europe/Rome").ok()?,
        country_code: CountryCode::parse("IT").ok()?,
        currency: Currency::parse("EUR").ok()?,
        check_in_time: NaiveTime::from_hms_opt(15, 0, 0)?,
        check_out_time: NaiveTime::from_hms_opt(11, 0, 0)?,
        phone: None,
        email: Email::parse("desk@paradiso.example").ok()?,
    })
}

/// The same work with names of its own for what it makes.
pub(crate) fn named_by(mut work: Work, seed: Seed) -> Work {
    match &mut work.task {
        Task::Book(_, id) => *id = seed.new_id(),
        Task::Command(order) => order.ids = seed.ids(),
    }
    work
}

/// A captured payment.
pub(crate) fn capture(reference: &str, amount: Money) -> Capture {
    Capture { provider_reference: reference.to_owned(), amount }
}

/// A cancellation, and the key that its answer is kept under.
pub(crate) fn cancel(guest: u64, by: CancelledBy) -> (Command, KeepAnswer) {
    let actor = match by {
        CancelledBy::Traveller => traveller(guest),
        CancelledBy::Hotel => operator(),
    };
    let command = Command::Cancel(Cancel { actor, by, accepted_penalty: None, note: None });
    let operation_id = "cancel_booking".to_owned();
    (command, KeepAnswer { key: key(guest, 2), operation_id, user_id: user(guest) })
}

/// An operator's decision.
pub(crate) fn reviewed(payment_id: PaymentId, review: Review) -> Command {
    Command::Reviewed(Reviewed { actor: operator(), payment_id, review })
}

fn key(guest: u64, operation: u8) -> IdempotencyKey {
    let mut scope = [operation; 32];
    scope.iter_mut().zip(guest.to_be_bytes()).for_each(|(at, byte)| *at = byte);
    IdempotencyKey { scope: Digest::new(scope), hash: Digest::new([1; 32]) }
}

fn user(guest: u64) -> UserId {
    Uuid::from_u128(u128::from(guest).wrapping_add(0x0100_0000_0000)).into()
}

fn traveller(guest: u64) -> Actor {
    Actor::user(ActorKind::Traveller, user(guest), "a guest")
}

fn operator() -> Actor {
    Actor::user(ActorKind::Operator, user(0), "an operator")
}
