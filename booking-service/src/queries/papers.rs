//! Invoices and credit notes that wait for their number.

use chrono::NaiveDateTime;
use domain::{BookingId, HotelId, Instant};
use sqlx::MySqlPool;
use uuid::Uuid;

/// A booking with papers that wait, at its place in the list.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub(crate) booking_id: BookingId,
    /// Its hotel.
    pub(crate) hotel_id: HotelId,
    issued_at: NaiveDateTime,
    paper_id: Uuid,
}

/// At most `limit` papers without a number, issued not later than `until`, after a place in the list, in the order in which they
/// were issued.
pub async fn waiting(
    pool: &MySqlPool,
    until: Instant,
    after: Option<Waiting>,
    limit: u32,
) -> Result<Vec<Waiting>, sqlx::Error> {
    let sql = "select booking_id, hotel_id, issued_at, paper_id from ( \
                 (select booking_id, hotel_id, issued_at, invoice_id as paper_id from invoices \
                  where number is null and issued_at <= ? \
                  and (? is null or issued_at > ? or (issued_at = ? and invoice_id > ?)) \
                  order by issued_at, invoice_id limit ?) \
                 union all \
                 (select booking_id, hotel_id, issued_at, credit_note_id from credit_notes \
                  where number is null and issued_at <= ? \
                  and (? is null or issued_at > ? or (issued_at = ? and credit_note_id > ?)) \
                  order by issued_at, credit_note_id limit ?) \
               ) papers order by issued_at, paper_id limit ?";
    let (at, id) = (after.map(|after| after.issued_at), after.map(|after| after.paper_id));
    let mut query = sqlx::query_as(sql);
    for _ in ["invoices", "credit_notes"] {
        query = query.bind(until.naive_utc()).bind(at).bind(at).bind(at).bind(id).bind(limit);
    }
    let rows: Vec<(Uuid, Uuid, NaiveDateTime, Uuid)> = query.bind(limit).fetch_all(pool).await?;
    let read = |(booking, hotel, issued_at, paper_id)| {
        let (booking_id, hotel_id) = (BookingId::from_uuid(booking), HotelId::from_uuid(hotel));
        Waiting { booking_id, hotel_id, issued_at, paper_id }
    };
    Ok(rows.into_iter().map(read).collect())
}
