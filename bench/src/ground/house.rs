//! The hotels of a scene: copies of one that the product has taken in by its own events, and of a booking that it has made.

use booking_core::{Wanted, create};
use booking_service::store::{
    COMMIT_WITHIN, Deadline, Ledger as _, Stock as _, Turn,
    mysql::{MySqlLedger, MySqlStock},
};
use chrono::NaiveDate;
use domain::{HotelId, RoomId, event::HotelEvent};
use e2e::failed::Failed;
use platform::ids::{Ids as _, SystemIds};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, MySqlPool};
use uuid::Uuid;

use super::rows::Rows;
use crate::{
    order::{Order, Room},
    request::{Requests, rules},
    scene::first_night,
    told::OrFailed as _,
};

/// Takes in a hotel with one room and makes a booking there, all by the product: the models of everything else. Answers the
/// first night on sale, too.
pub(super) async fn model(pool: &MySqlPool) -> Result<(Rows, NaiveDate), Failed> {
    let room = Room { hotel_id: SystemIds.uuid().into(), room_id: SystemIds.uuid().into() };
    let stock = MySqlStock::new(pool.clone());
    let events = [HotelEvent::Hotel(read(hotel(room.hotel_id))?), HotelEvent::Room(read(self::room(room))?)];
    stock.take_in(&events).await.into_iter().try_for_each(|taken| taken.map(drop)).or_failed()?;
    let ledger = MySqlLedger::new(pool.clone());
    let today = ledger.load(&Wanted::default()).await.or_failed()?.now.utc().date_naive();
    let order = Order::new(room, first_night(today), 1);
    let request = Requests::new()?.of(&order)?;
    let snapshot = ledger.load(&request.wanted()).await.or_failed()?;
    let (_, plan) = create(&snapshot, &request, order.booking_id, &rules()?).or_failed()?;
    ledger.commit(&plan, &Turn::alone(Deadline::after(COMMIT_WITHIN))).await.or_failed()?;
    for table in ["hotels_seen", "room_stock", "bookings"] {
        let sql = format!("create table model_{table} as select * from {table}");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.or_failed()?;
    }
    made(pool).await
}

/// What every way writes, as the models have it, and the first night on sale.
pub(super) async fn made(pool: &MySqlPool) -> Result<(Rows, NaiveDate), Failed> {
    let first = "select start_date from model_bookings";
    Ok((Rows::of_model(pool).await?, sqlx::query_scalar(first).fetch_one(pool).await.or_failed()?))
}

fn read<T: serde::de::DeserializeOwned>(event: Value) -> Result<T, Failed> {
    Ok(serde_json::from_value(event)?)
}

fn hotel(id: HotelId) -> Value {
    json!({
        "hotel_id": id, "owner_id": id, "region": "eu", "name": "Hotel Paradiso", "description": "",
        "locality": {"locality_id": id, "name": "Rome", "country_code": "IT", "latitude": 41.9, "longitude": 12.5,
            "names": []},
        "address": {"line1": "Via Roma 1", "line2": null, "postal_code": null},
        "latitude": 41.9, "longitude": 12.5, "time_zone": "Europe/Rome", "currency": "EUR", "star_rating": 5,
        "facilities": [], "contact": {"email": "desk@bench.example", "phone": null},
        "check_in_time": "15:00", "check_out_time": "11:00", "images": [], "is_active": true,
        "version": 1, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    })
}

fn room(room: Room) -> Value {
    let money = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    json!({
        "room_id": room.room_id, "hotel_id": room.hotel_id, "display_name": "Deluxe double", "description": "",
        "quantity": 100_000, "occupancy": 3, "price_min": money(10_000), "price_max": money(10_001), "facilities": [],
        "images": [], "is_active": true, "version": 1, "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    })
}

/// The rooms as they are in the database.
pub(super) async fn rooms(pool: &MySqlPool) -> Result<Vec<Room>, Failed> {
    let sql = "select hotel_id, room_id from room_stock order by hotel_id, room_id";
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(sql).fetch_all(pool).await.or_failed()?;
    let room = |(hotel, room)| Room { hotel_id: HotelId::from_uuid(hotel), room_id: RoomId::from_uuid(room) };
    Ok(rows.into_iter().map(room).collect())
}
