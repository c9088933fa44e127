//! Whose a hotel is.

use domain::HotelId;
use sqlx::MySqlPool;
use uuid::Uuid;

/// The account that owns the hotel, if the hotel has been seen.
pub async fn owner(pool: &MySqlPool, hotel: HotelId) -> Result<Option<Uuid>, sqlx::Error> {
    let sql = "select owner_id from hotels_seen where hotel_id = ?";
    sqlx::query_scalar(sql).bind(hotel.uuid()).fetch_optional(pool).await
}
