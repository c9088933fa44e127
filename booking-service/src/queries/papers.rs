//! Invoices and credit notes that wait for their number.

use domain::BookingId;
use sqlx::MySqlPool;
use uuid::Uuid;

/// Bookings with unnumbered papers, in the order in which these were issued.
pub async fn waiting(pool: &MySqlPool, limit: u32) -> Result<Vec<BookingId>, sqlx::Error> {
    let sql = "select booking_id from ( \
                 (select booking_id, issued_at from invoices where number is null order by issued_at limit ?) \
                 union all \
                 (select booking_id, issued_at from credit_notes where number is null order by issued_at limit ?) \
               ) papers group by booking_id order by min(issued_at), booking_id limit ?";
    let rows: Vec<Uuid> = sqlx::query_scalar(sql).bind(limit).bind(limit).bind(limit).fetch_all(pool).await?;
    Ok(rows.into_iter().map(BookingId::from_uuid).collect())
}
