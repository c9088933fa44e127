//! 10,000 rooms of the running product as sample data brought them, and orders for any of them alike.

use std::{sync::Arc, time::Duration};

use chrono::NaiveDate;
use domain::{HotelId, RoomId};
use e2e::{
    failed::Failed,
    wait::{Seen, until},
};
use sqlx::MySqlPool;
use uuid::Uuid;

use crate::{
    order::Room,
    orders::{Choice, Orders},
    scene::first_night,
    told::OrFailed as _,
};

/// Exactly so many, or nothing is measured.
const ROOMS: usize = 10_000;
/// Nights ahead that are booked.
const NIGHTS: u32 = 90;
/// Sample data that was brought a moment ago comes to booking-service as events.
const PATIENCE: Duration = Duration::from_mins(2);
/// What to do where there are fewer.
const NEXT: &str = "`cargo xtask bench` brings sample data that has enough; an instance that is up already gets it by \
                    `cargo xtask --instance bench up --release --hotels 3500`";

/// Orders for them, one or two nights each.
pub(crate) async fn orders(booking: &MySqlPool) -> Result<Arc<Orders>, Failed> {
    let rooms = rooms(booking).await?;
    let today: NaiveDate = sqlx::query_scalar("select utc_date()").fetch_one(booking).await.or_failed()?;
    Ok(Arc::new(Orders::new(&rooms, first_night(today), Choice::Uniform(NIGHTS))))
}

/// From the last id on: rooms that figures have made, of one unit or of 100,000, have lower ones than nearly all of the sample.
async fn rooms(booking: &MySqlPool) -> Result<Vec<Room>, Failed> {
    let sql = "select hotel_id, room_id from room_stock where is_active and hotel_active and not stop_sell \
               order by room_id desc limit ?";
    until(&format!("{ROOMS} rooms are on sale"), PATIENCE, || async {
        let most = u64::try_from(ROOMS).unwrap_or(u64::MAX);
        let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(sql).bind(most).fetch_all(booking).await.or_failed()?;
        if rows.len() < ROOMS {
            return Ok(Seen::NotYet(format!("{} rooms; {NEXT}", rows.len())));
        }
        Ok(Seen::Yes(rows.into_iter().map(room).collect()))
    })
    .await
}

fn room((hotel, room): (Uuid, Uuid)) -> Room {
    Room { hotel_id: HotelId::from_uuid(hotel), room_id: RoomId::from_uuid(room) }
}
