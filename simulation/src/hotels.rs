//! The two hotels of every run, in two lanes of the outbox: doubles and a few suites, two nights that everybody wants.

use booking_core::{
    Cancel, CancelledBy, Capture, CheckoutLinks, Command, Digest, IdempotencyKey, KeepAnswer, Order,
    PriceBasis, Request, Review, Reviewed, RoomStock, Rules, SeenHotel, Snapshot, Stay, StayLine, Task,
    TransitionIds, Work, price::price,
};
use chrono::{NaiveTime, TimeDelta};
use domain::{
    Actor, ActorKind, BookingId, ClientReference, CountryCode, Currency, Email, HotelId, Instant, Language,
    Money, PaymentId, PersonName, RoomId, StayDates, TimeZone, UserId,
    booking::{BookedHotel, Booker, Party},
};
use uuid::Uuid;

/// The hotels.
#[derive(Debug, Clone)]
pub(crate) struct Hotels {
    pub(crate) ids: [HotelId; 2],
    /// Doubles and suites of the first, and of the second.
    pub(crate) rooms: [RoomId; 4],
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

impl Hotels {
    /// The hotels; none if one of its words does not parse, which would be a defect of this file.
    pub(crate) fn new() -> Option<Self> {
        let mut rules = Rules::new(CheckoutLinks::new("https://pay.example", b"a secret of tests").ok()?);
        rules.hold.length = TimeDelta::seconds(6);
        rules.hold.by_country.clear();
        rules.hold.checkout_margin = TimeDelta::seconds(1);
        rules.hold.ask_before = TimeDelta::milliseconds(1_500);
        rules.hold.ask_for = TimeDelta::milliseconds(800);
        Some(Self {
            ids: [1, 2].map(|id| Uuid::from_u128(id).into()),
            rooms: [11, 12, 21, 22].map(|id| Uuid::from_u128(id).into()),
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
    pub(crate) fn rows(&self, units: [u32; 4]) -> Snapshot {
        let mut rows = Snapshot::empty(self.noon);
        rows.hotels.extend(self.ids.map(|id| (id, self.seen(id))));
        for ((hotel, room), quantity) in self.homes().zip(units) {
            rows.rooms.insert(room, self.stock(hotel, room, quantity));
            rows.nights.extend(self.dates.nights().map(|date| ((room, date), None)));
        }
        rows
    }

    /// Each room with its hotel.
    fn homes(&self) -> impl Iterator<Item = (HotelId, RoomId)> {
        self.ids.into_iter().flat_map(|hotel| [hotel; 2]).zip(self.rooms)
    }

    fn seen(&self, hotel_id: HotelId) -> SeenHotel {
        SeenHotel {
            hotel_id,
            owner_id: Uuid::from_u128(2),
            facts: self.facts.clone(),
            cover_image_url: None,
            is_active: true,
            version: 1,
        }
    }

    /// Where a guest wants to stay: two of three in the first.
    fn of_guest(&self, guest: u64) -> HotelId {
        let [first, second] = self.ids;
        if guest.is_multiple_of(3) { second } else { first }
    }

    /// The hotel of a room.
    pub(crate) fn of_room(&self, room: RoomId) -> Option<HotelId> {
        self.homes().find(|(_, one)| *one == room).map(|(hotel, _)| hotel)
    }

    /// The lanes that they tell in.
    pub(crate) fn lanes(&self) -> [u8; 2] {
        self.ids.map(lane_of)
    }

    fn stock(&self, hotel_id: HotelId, room_id: RoomId, quantity: u32) -> RoomStock {
        RoomStock {
            room_id,
            hotel_id,
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
    pub(crate) fn wish(&self, guest: u64, units: [u8; 2], named: bool, rows: &Snapshot) -> Option<Request> {
        let hotel = self.of_guest(guest);
        let rooms = self.homes().filter(|(of, _)| *of == hotel).map(|(_, room)| room);
        let lines = rooms.zip(units).filter(|(_, units)| *units > 0);
        let line = |(room_id, quantity)| StayLine { room_id, quantity, party: self.party.clone() };
        let user_id = user(guest);
        let name = || ClientReference::parse(&format!("order-{guest}")).ok();
        let stay = Stay::parse(hotel, self.nights_of(guest)?, lines.map(line).collect()).ok()?;
        Some(Request {
            key: key(guest, 1),
            user_id,
            actor: traveller(guest),
            basis: basis(guest, rows, &stay),
            stay,
            booker: self.booker.clone(),
            email_verified: false,
            language: Language::english(),
            special_requests: None,
            client_reference: if named { name() } else { None },
            return_url: None,
            holds_limit: holds_limit(guest),
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
    pub(crate) fn book(wish: Request) -> Work {
        Work { hotel_id: wish.stay.hotel_id(), task: Task::Book(Box::new(wish), Seed(0).new_id()) }
    }

    /// A work that carries a command out, on a booking of that hotel.
    pub(crate) fn order(
        hotel_id: HotelId,
        booking_id: BookingId,
        command: Command,
        keep: Option<KeepAnswer>,
    ) -> Work {
        let (payment, told, archived) = (None, None, None);
        let order = Order { booking_id, command, ids: Seed(0).ids(), payment, keep, told, archived };
        Work { hotel_id, task: Task::Command(Box::new(order)) }
    }
}

/// Every other guest names the price as it is when they ask first, and some would pay a tenth or a fifth more.
fn basis(guest: u64, rows: &Snapshot, stay: &Stay) -> PriceBasis {
    let hotel = rows.hotels.get(&stay.hotel_id()).filter(|_| !guest.is_multiple_of(2));
    let price = hotel.and_then(|hotel| price(rows, hotel, stay).ok());
    let max_increase_percent = u8::try_from(guest % 3 * 10).unwrap_or(0);
    price.map_or(PriceBasis::Today, |price| PriceBasis::Expected { total: price.total, max_increase_percent })
}

/// Two guests have one account; of three accounts two may have one open hold, as travellers, and one any number, as channels.
const fn account(guest: u64) -> u64 {
    guest.wrapping_add(2) / 2
}

const fn holds_limit(guest: u64) -> u32 {
    if account(guest).is_multiple_of(3) { u32::MAX } else { 1 }
}

/// The lane that a hotel tells in.
pub(crate) fn lane_of(hotel: HotelId) -> u8 {
    hotel.share() % delivery::LANES
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
    Uuid::from_u128(u128::from(account(guest)).wrapping_add(0x0100_0000_0000)).into()
}

fn traveller(guest: u64) -> Actor {
    Actor::user(ActorKind::Traveller, user(guest), "a guest")
}

fn operator() -> Actor {
    Actor::user(ActorKind::Operator, Uuid::from_u128(3).into(), "an operator")
}
