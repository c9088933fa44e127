//! What the tables say of what was sold: the bookings on one side, the nights on the other.

use e2e::failed::{Failed, expect};
use sqlx::{FromRow, MySqlPool};

use crate::told::OrFailed as _;

/// Sums over the hotels of the scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub(crate) struct Totals {
    /// Bookings stored.
    pub(crate) bookings: u64,
    /// Their nights.
    pub(crate) booked: u64,
    /// Units of nights that are gone.
    pub(crate) taken: u64,
    /// Units of nights that are left.
    pub(crate) left: u64,
}

pub(super) async fn read(pool: &MySqlPool) -> Result<Totals, Failed> {
    let sql = "select cast(b.bookings as unsigned) as bookings, cast(b.booked as unsigned) as booked, \
               cast(n.taken as unsigned) as taken, cast(n.left_over as unsigned) as `left` from \
               (select count(*) as bookings, coalesce(sum(datediff(end_date, start_date)), 0) as booked from bookings \
                 where hotel_id in (select hotel_id from hotels_seen)) b, \
               (select coalesce(sum(initial_quantity - available_quantity), 0) as taken, \
                 coalesce(sum(available_quantity), 0) as left_over from available_rooms) n";
    sqlx::query_as(sql).fetch_one(pool).await.or_failed()
}

impl Totals {
    /// That what was acknowledged is stored, once, and that the nights know of all of it. `unknown` orders ended without
    /// an answer: they may be stored.
    pub(crate) fn agree(self, acknowledged: u64, unknown: u64) -> Result<(), Failed> {
        let stored = (acknowledged..=acknowledged.saturating_add(unknown)).contains(&self.bookings);
        expect(stored && self.booked == self.taken, || {
            format!("{acknowledged} acknowledged ({unknown} unknown), but {self:?}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLD: Totals = Totals { bookings: 10, booked: 20, taken: 20, left: 5 };

    #[test]
    fn what_was_acknowledged_is_stored_once_and_its_nights_are_taken() {
        SOLD.agree(10, 0).unwrap();
        SOLD.agree(8, 2).unwrap();
        for wrong in [SOLD.agree(11, 0), SOLD.agree(9, 0), Totals { taken: 19, ..SOLD }.agree(10, 0)] {
            wrong.unwrap_err();
        }
    }
}
