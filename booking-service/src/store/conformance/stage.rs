//! A hotel with two rooms in a database of its own, and the way of a command in small.

use std::{ops::Deref, sync::Arc, time::Duration};

use booking_core::{
    Cancel, CancelledBy, Capture, CheckoutLinks, Command, Created, Decided, Digest, IdempotencyKey, Outcome,
    Plan, PriceBasis, Refusal, Request, Rules, Snapshot, Stay, StayLine, Task, TransitionIds, Wanted, Work,
    batch, create, decide,
};
use chrono::{Days, NaiveDate};
use domain::{
    Actor, ActorKind, BookingId, Email, HotelId, Instant, Language, Money, PersonName, RoomId, StayDates,
    booking::{Booker, Party},
    event::HotelEvent,
    hotel::{HotelChanged, RoomChanged},
};
use platform::mysql::MySqlSettings;
use testkit::{
    mysql::{Lease, Session},
    unique_uuid,
};

use crate::store::{
    COMMIT_WITHIN, CommitError, Deadline, Ledger, Stock, Taken, Turn,
    mysql::{MySqlLedger, MySqlStock},
};

pub(super) struct Stage {
    pub(super) lease: Lease,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) stock: Arc<dyn Stock>,
    pub(super) rules: Rules,
    pub(super) house: House,
}

/// A hotel with doubles and suites.
#[derive(Clone, Copy)]
pub(super) struct House {
    pub(super) hotel: HotelId,
    pub(super) double: RoomId,
    pub(super) suite: RoomId,
    /// The day of arrival: a few weeks from the database's today.
    pub(super) first: NaiveDate,
}

impl Deref for Stage {
    type Target = House;

    fn deref(&self) -> &House {
        &self.house
    }
}

impl House {
    /// One that nobody knows yet.
    pub(super) fn new(now: Instant) -> Self {
        let first = now.utc().date_naive().checked_add_days(Days::new(21)).unwrap();
        let (hotel, double, suite) = (unique_uuid().into(), unique_uuid().into(), unique_uuid().into());
        Self { hotel, double, suite, first }
    }

    pub(super) fn hotel_event(&self, version: i64, is_active: bool) -> HotelEvent {
        HotelEvent::Hotel(Box::new(self.hotel_changed(version, is_active)))
    }

    pub(super) fn room_event(&self, room: RoomId, version: i64, quantity: u32) -> HotelEvent {
        HotelEvent::Room(Box::new(self.room_changed(room, version, quantity)))
    }

    pub(super) fn hotel_changed(&self, version: i64, is_active: bool) -> HotelChanged {
        let value = serde_json::json!({
            "hotel_id": self.hotel, "owner_id": self.hotel, "region": "eu", "name": "Paradiso", "description": "",
            "locality": {"locality_id": self.hotel, "name": "Rome", "country_code": "IT", "latitude": 41.9,
                "longitude": 12.5, "names": []},
            "address": {"line1": "Via Roma 1", "line2": null, "postal_code": null},
            "latitude": 41.9, "longitude": 12.5, "time_zone": "Europe/Rome", "currency": "EUR", "star_rating": 5,
            "facilities": [], "contact": {"email": "desk@paradiso.example", "phone": null},
            "check_in_time": "15:00", "check_out_time": "11:00", "images": [], "is_active": is_active,
            "version": version, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        });
        serde_json::from_value(value).unwrap()
    }

    pub(super) fn room_changed(&self, room: RoomId, version: i64, quantity: u32) -> RoomChanged {
        let value = serde_json::json!({
            "room_id": room, "hotel_id": self.hotel, "display_name": "Deluxe double", "description": "",
            "quantity": quantity, "occupancy": 3, "price_min": {"amount": 10_000, "currency": "EUR"},
            "price_max": {"amount": 10_001, "currency": "EUR"}, "facilities": [], "images": [], "is_active": true,
            "version": version, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        });
        serde_json::from_value(value).unwrap()
    }

    pub(super) fn night(&self, after: u64) -> NaiveDate {
        self.first.checked_add_days(Days::new(after)).unwrap()
    }

    /// A request for lines of the hotel over `nights` from `from` days after the first.
    pub(super) fn request(&self, lines: &[(RoomId, u8)], from: u64, nights: u64) -> Request {
        let dates = StayDates::parse(self.night(from), self.night(from + nights)).unwrap();
        let line = |(room_id, quantity): &(RoomId, u8)| StayLine {
            room_id: *room_id,
            quantity: *quantity,
            party: Party::parse(2, Vec::new()).unwrap(),
        };
        Request {
            key: IdempotencyKey { scope: digest(), hash: Digest::new([1; 32]) },
            user_id: unique_uuid().into(),
            actor: Actor::user(ActorKind::Channel, unique_uuid().into(), "channel|1"),
            stay: Stay::parse(self.hotel, dates, lines.iter().map(line).collect()).unwrap(),
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
            holds_limit: 1_000,
        }
    }
}

/// Those of production, with links of a checkout page that is not there.
pub(super) fn rules() -> Rules {
    Rules::new(CheckoutLinks::new("https://pay.example", b"a secret of tests").unwrap())
}

/// What a command answers.
pub(super) type Answer<T> = Result<T, Refusal>;

type Deciding<'a, T> = &'a (dyn Fn(&Snapshot) -> Answer<(T, Plan)> + Send + Sync);

/// What the outbox tells, a row for each entry: of a booking its id and version, of a night its date.
pub(super) const TOLD: &str = "(select o.outbox_id, e.* from outbox o, \
    json_table(convert(o.entries using utf8mb4), '$[*]' columns (place for ordinality, \
    booking_id varchar(36) path '$.booking.booking_id', version bigint path '$.booking.version', \
    date date path '$.night.date')) e) told";

impl Stage {
    pub(super) async fn take_in(&self, event: HotelEvent) -> Taken {
        self.stock.take_in(&[event]).await.remove(0).unwrap()
    }

    /// With so many doubles and suites on sale.
    pub(super) async fn with(doubles: u32, suites: u32) -> Self {
        let lease = testkit::mysql::booking().await;
        let pool = platform::mysql::connect(&MySqlSettings::at(lease.url.clone()).unwrap()).unwrap();
        let ledger: Arc<dyn Ledger> = Arc::new(MySqlLedger::new(pool.clone()));
        let stock: Arc<dyn Stock> = Arc::new(MySqlStock::new(pool));
        let now = ledger.load(&Wanted::default()).await.unwrap().now;
        let house = House::new(now);
        let (double, suite) = (house.double, house.suite);
        let stage = Self { lease, ledger, stock, rules: rules(), house };
        assert_eq!(stage.take_in(stage.hotel_event(1, true)).await, Taken::Written);
        for (room, quantity) in [(double, doubles), (suite, suites)] {
            let event = stage.room_event(room, 1, quantity);
            assert_eq!(stage.take_in(event).await, Taken::Written);
        }
        stage
    }

    pub(super) async fn book(&self, request: &Request) -> Answer<Created> {
        self.book_with(request, new_id()).await
    }

    pub(super) async fn book_with(&self, request: &Request, id: BookingId) -> Answer<Created> {
        let decide = |snapshot: &Snapshot| create(snapshot, request, id, &self.rules);
        self.settle(&request.wanted(), &decide).await
    }

    /// Decided under locks at once, as one batch after a stale plan.
    pub(super) async fn book_locked(&self, requests: &[Request]) -> Vec<Outcome> {
        let task = |request: &Request| Task::Book(Box::new(request.clone()), new_id());
        let work = |request: &Request| Work { hotel_id: self.hotel, task: task(request) };
        let works: Vec<Work> = requests.iter().map(work).collect();
        let mut wanted = Wanted::default();
        for work in &works {
            wanted.merge(work.wanted());
        }
        let by = booking_core::Deciding { rules: &self.rules, body: &|_, _| Vec::new() };
        let plan = |snapshot: &Snapshot| batch(&mut snapshot.clone(), &works, &by).1;
        let mut snapshot = self.ledger.commit_locked(&wanted, &plan).await.unwrap();
        batch(&mut snapshot, &works, &by).0
    }

    /// Waits until a session of this database that locks nights stands in line for a row.
    pub(super) async fn waiting_for_a_night(&self) {
        let pool = &self.lease.pool;
        testkit::eventually(Duration::from_secs(30), || async {
            let sessions = self.lease.sessions().await;
            let mut at_work = sessions.iter().map(Session::statement);
            let locks =
                at_work.any(|sql| sql.contains(" available_rooms n ") && sql.contains(" for update of n"));
            let sql = "show global status like 'Innodb_row_lock_current_waits'";
            let (_, waits): (String, String) = sqlx::query_as(sql).fetch_one(pool).await.unwrap();
            (locks && waits != "0").then_some(())
        })
        .await;
    }

    /// A new booking's id.
    pub(super) async fn booked(&self, request: &Request) -> BookingId {
        match self.book(request).await.unwrap() {
            Created::New(record) => record.booking_id,
            other @ (Created::Repeat(_) | Created::RepeatArchived(_)) => panic!("not new: {other:?}"),
        }
    }

    pub(super) async fn command(&self, booking: BookingId, command: &Command) -> Answer<Decided> {
        let wanted = Wanted::command(booking, command);
        let ids = ids();
        let decide =
            |snapshot: &Snapshot| decide(snapshot, snapshot.booking(booking)?, command, &ids, &self.rules);
        self.settle(&wanted, &decide).await
    }

    /// Load, decide, commit; stale: decide under locks.
    async fn settle<T>(&self, wanted: &Wanted, decide: Deciding<'_, T>) -> Answer<T> {
        let snapshot = self.ledger.load(wanted).await.unwrap();
        let (answer, plan) = decide(&snapshot)?;
        match self.ledger.commit(&plan, &soon()).await {
            Ok(()) => Ok(answer),
            Err(CommitError::Stale) => self.settle_locked(wanted, decide).await,
            Err(error) => panic!("the plan was not written: {error:?}"),
        }
    }

    async fn settle_locked<T>(&self, wanted: &Wanted, decide: Deciding<'_, T>) -> Answer<T> {
        let plan = |snapshot: &Snapshot| decide(snapshot).map(|(_, plan)| plan).unwrap_or_default();
        let snapshot = self.ledger.commit_locked(wanted, &plan).await.unwrap();
        decide(&snapshot).map(|(answer, _)| answer)
    }

    pub(super) async fn snapshot(&self, booking: BookingId) -> Snapshot {
        let wanted = Wanted { rooms_of: [booking].into(), ..Wanted::booking(booking) };
        self.ledger.load(&wanted).await.unwrap()
    }

    pub(super) async fn pay(&self, booking: BookingId, reference: &str) -> Decided {
        let due = self.snapshot(booking).await.booking(booking).unwrap().record.facts.price.due_now;
        let capture = Capture { provider_reference: reference.to_owned(), amount: due };
        self.command(booking, &Command::PaymentSucceeded(capture)).await.unwrap()
    }

    /// Invariant 1 of every night in the database, told by the bookings that take rooms; and `initial` is what the
    /// room has or what is sold.
    pub(super) async fn nights_add_up(&self) {
        let sql = "select count(*) from ( \
                     select n.room_id, n.date, n.initial_quantity, n.available_quantity, s.quantity, \
                       coalesce((select sum(l.quantity) from bookings b, \
                         json_table(cast(convert(b.facts using utf8mb4) as json), '$.lines[*]' columns ( \
                           room_id char(36) path '$.room_id', quantity int path '$.quantity')) l \
                         where b.status <> 'CANCELLED' and b.start_date <= n.date and n.date < b.end_date \
                           and uuid_to_bin(l.room_id) = n.room_id), 0) as sold \
                     from available_rooms n join room_stock s on s.room_id = n.room_id) t \
                   where initial_quantity <> available_quantity + sold \
                      or initial_quantity <> greatest(quantity, sold)";
        let breaches: i64 = sqlx::query_scalar(sql).fetch_one(&self.lease.pool).await.unwrap();
        assert_eq!(breaches, 0, "nights do not add up");
    }

    pub(super) async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&self.lease.pool).await.unwrap()
    }

    /// Checksums of all tables that a plan may touch.
    pub(super) async fn fingerprint(&self) -> Vec<(String, Option<i64>)> {
        let sql = "checksum table bookings, booking_log, payments, payment_events, refunds, voids, invoices, credit_notes, \
                   invoice_counters, idempotency_keys, available_rooms, room_stock, outbox";
        sqlx::query_as(sql).fetch_all(&self.lease.pool).await.unwrap()
    }
}

pub(super) fn cancel(by: CancelledBy) -> Command {
    let kind = match by {
        CancelledBy::Traveller => ActorKind::Traveller,
        CancelledBy::Hotel => ActorKind::Manager,
    };
    let actor = Actor::user(kind, unique_uuid().into(), "auth0|somebody");
    Command::Cancel(Cancel { actor, by, accepted_penalty: None, note: None })
}

/// So much was captured.
pub(super) fn paid(reference: &str, amount: Money) -> Command {
    Command::PaymentSucceeded(Capture { provider_reference: reference.to_owned(), amount })
}

/// Time enough for any commit.
pub(super) fn soon() -> Turn {
    Turn::alone(Deadline::after(COMMIT_WITHIN))
}

pub(super) fn digest() -> Digest {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(unique_uuid().as_bytes());
    Digest::new(bytes)
}

pub(super) fn new_id() -> BookingId {
    unique_uuid().into()
}

pub(super) fn ids() -> TransitionIds {
    TransitionIds {
        event_id: unique_uuid().into(),
        invoice_id: unique_uuid().into(),
        refund_id: unique_uuid().into(),
        credit_note_id: unique_uuid().into(),
        void_id: unique_uuid().into(),
        other_payment_id: unique_uuid().into(),
    }
}
