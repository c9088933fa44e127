//! The archive's statements, prepared once. All are idempotent: the driver may send one again.

use scylla::{client::session::Session, statement::prepared::PreparedStatement};

use crate::archive::ArchiveError;

/// Prepared statements; cheap to clone.
#[derive(Clone)]
pub(super) struct Statements {
    pub(super) put_by_id: PreparedStatement,
    pub(super) put_by_user: PreparedStatement,
    pub(super) put_by_hotel: PreparedStatement,
    pub(super) put_year: PreparedStatement,
    pub(super) remove_by_user: PreparedStatement,
    pub(super) by_id: PreparedStatement,
    pub(super) by_user: PreparedStatement,
    pub(super) by_user_after: PreparedStatement,
    pub(super) one_by_user: PreparedStatement,
    pub(super) years: PreparedStatement,
    pub(super) by_hotel: PreparedStatement,
    pub(super) by_hotel_after: PreparedStatement,
    pub(super) one_by_hotel: PreparedStatement,
    pub(super) ping: PreparedStatement,
}

const PUT_BY_ID: &str = "insert into bookings_by_id (booking_id, version, user_id, hotel_id, start_date, status, record) \
                         values (?, ?, ?, ?, ?, ?, ?) using timestamp ?";
const PUT_BY_USER: &str = "insert into bookings_by_user \
                           (user_id, year, status, start_date, booking_id, version, hotel_id, record) \
                           values (?, ?, ?, ?, ?, ?, ?, ?) using timestamp ?";
const PUT_BY_HOTEL: &str = "insert into bookings_by_hotel \
                            (hotel_id, year_month, start_date, booking_id, version, user_id, status, record) \
                            values (?, ?, ?, ?, ?, ?, ?, ?) using timestamp ?";
const PUT_YEAR: &str = "insert into years_by_user (user_id, year) values (?, ?)";
const REMOVE_BY_USER: &str = "delete from bookings_by_user using timestamp ? \
                              where user_id = ? and year = ? and status = ? and start_date = ? and booking_id = ?";
const BY_ID: &str = "select booking_id, record from bookings_by_id where booking_id = ?";
const BY_USER: &str =
    "select booking_id, record from bookings_by_user where user_id = ? and year = ? and status = ?";
const BY_USER_AFTER: &str = "select booking_id, record from bookings_by_user where user_id = ? and year = ? and status = ? \
                             and (start_date, booking_id) < (?, ?)";
const ONE_BY_USER: &str = "select booking_id, record from bookings_by_user where user_id = ? and year = ? and status = ? \
                           and start_date = ? and booking_id = ?";
const YEARS: &str = "select year from years_by_user where user_id = ?";
const BY_HOTEL: &str = "select booking_id, record from bookings_by_hotel where hotel_id = ? and year_month = ? \
                        and start_date >= ? and start_date <= ?";
const BY_HOTEL_AFTER: &str = "select booking_id, record from bookings_by_hotel where hotel_id = ? and year_month = ? \
                              and (start_date, booking_id) > (?, ?) and (start_date) <= (?)";
const ONE_BY_HOTEL: &str = "select booking_id, record from bookings_by_hotel where hotel_id = ? and year_month = ? \
                            and start_date = ? and booking_id = ?";
const PING: &str = "select key from system.local where key = 'local'";

impl Statements {
    /// Prepares all of them.
    pub(super) async fn prepare(session: &Session, page_rows: i32) -> Result<Self, ArchiveError> {
        let one = |cql: &'static str| prepared(session, cql, page_rows);
        Ok(Self {
            put_by_id: one(PUT_BY_ID).await?,
            put_by_user: one(PUT_BY_USER).await?,
            put_by_hotel: one(PUT_BY_HOTEL).await?,
            put_year: one(PUT_YEAR).await?,
            remove_by_user: one(REMOVE_BY_USER).await?,
            by_id: one(BY_ID).await?,
            by_user: one(BY_USER).await?,
            by_user_after: one(BY_USER_AFTER).await?,
            one_by_user: one(ONE_BY_USER).await?,
            years: one(YEARS).await?,
            by_hotel: one(BY_HOTEL).await?,
            by_hotel_after: one(BY_HOTEL_AFTER).await?,
            one_by_hotel: one(ONE_BY_HOTEL).await?,
            ping: one(PING).await?,
        })
    }
}

async fn prepared(session: &Session, cql: &str, page_rows: i32) -> Result<PreparedStatement, ArchiveError> {
    let mut statement = session.prepare(cql).await.map_err(ArchiveError::unavailable)?;
    statement.set_is_idempotent(true);
    if page_rows > 0 {
        statement.set_page_size(page_rows);
    }
    Ok(statement)
}
