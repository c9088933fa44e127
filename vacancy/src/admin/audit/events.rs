//! Invariant 3: only transitions of the table, each with exactly one event, in order per booking.

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    booking::BookingStatus,
    event::{BookingEvent, BookingHappening, CloudEvent, topic},
};
use platform::causes::BoxError;
use sqlx::{FromRow, MySqlConnection};
use uuid::Uuid;

use super::{Check, Tally};
use crate::admin::Stores;

/// Each event tells a transition of the table.
pub(super) struct Transitions;

/// Each booking has as many events as its version says.
pub(super) struct Versions;

#[async_trait]
impl Check for Transitions {
    fn name(&self) -> &'static str {
        "transitions"
    }

    fn promise(&self) -> &'static str {
        "each event in the outbox tells a transition of the table (3)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let mut tally = Tally::new(settings.shown);
        let sql = "select outbox_id, event_key, version, payload from outbox where outbox_id > ? and topic = ? \
                   order by outbox_id limit ?";
        let mut after = 0u64;
        loop {
            let page: Vec<EventRow> = sqlx::query_as(sql)
                .bind(after)
                .bind(topic::BOOKING)
                .bind(settings.page)
                .fetch_all(&stores.booking)
                .await?;
            let Some(last) = page.last() else { break };
            after = last.outbox_id;
            for row in &page {
                tally.judge(judge(row));
            }
        }
        Ok(tally)
    }
}

#[derive(FromRow)]
struct EventRow {
    outbox_id: u64,
    event_key: String,
    version: i64,
    payload: Option<Vec<u8>>,
}

fn judge(row: &EventRow) -> Option<String> {
    let wrong =
        |says: String| Some(format!("booking {}, event of version {}: {says}", row.event_key, row.version));
    let Some(payload) = &row.payload else { return wrong("it has no body".to_owned()) };
    let event: CloudEvent<BookingEvent> = match serde_json::from_slice(payload) {
        Ok(event) => event,
        Err(error) => return wrong(format!("it does not parse: {error}")),
    };
    let (booking, from) = (&event.data.booking, event.data.from);
    let Some(happening) = BookingHappening::of_kind(&event.kind) else {
        return wrong(format!("its type {} is not one of ours", event.kind));
    };
    if booking.booking_id.to_string() != row.event_key || booking.version != row.version {
        return wrong("it tells another booking or version".to_owned());
    }
    let from_text = from.map_or("nothing", BookingStatus::as_str);
    (!is_allowed(happening, from, booking.status))
        .then(|| format!("booking {}: {} from {from_text} to {}", row.event_key, event.kind, booking.status))
}

/// The table of domain.md, States, as its events tell it.
pub(super) fn is_allowed(
    happening: BookingHappening,
    from: Option<BookingStatus>,
    to: BookingStatus,
) -> bool {
    use BookingStatus::{Booked, Cancelled, Completed, Reserved};
    match happening {
        BookingHappening::Reserved => from.is_none() && to == Reserved,
        BookingHappening::Booked => from == Some(Reserved) && to == Booked,
        BookingHappening::Cancelled => matches!(from, Some(Reserved | Booked)) && to == Cancelled,
        BookingHappening::Completed => from == Some(Booked) && to == Completed,
        BookingHappening::Rebooked => from == Some(Cancelled) && to == Booked,
        // A payment in review may go back while the hold still stands.
        BookingHappening::Refunded | BookingHappening::LatePaymentRefunded => from == Some(to),
        BookingHappening::Invoiced => from == Some(to) && to != Reserved,
    }
}

#[async_trait]
impl Check for Versions {
    fn name(&self) -> &'static str {
        "versions"
    }

    fn promise(&self) -> &'static str {
        "each booking's version is the number of its events, without gap or repeat (3)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let recent = stores.now().await?.plus(-TimeDelta::hours(i64::from(settings.countable_hours)));
        let mut tally = Tally::new(settings.shown);
        let mut conn = stores.booking_as_of_now().await?;
        for table in ["bookings", "purged_bookings"] {
            of_table(&mut conn, table, recent, &mut tally).await?;
        }
        Ok(tally)
    }
}

#[derive(FromRow)]
struct Counted {
    booking_id: Uuid,
    version: i64,
    events: i64,
    lowest: i64,
    highest: i64,
}

/// The database counts: only breaches come over. Old events leave the outbox after its retention, so of a booking that is
/// not recent the first ones may be missing, but none in the middle.
async fn of_table(
    conn: &mut MySqlConnection,
    table: &'static str,
    recent: domain::Instant,
    tally: &mut Tally,
) -> Result<(), sqlx::Error> {
    let count = format!("select count(*) from {table}");
    let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&mut *conn).await?;
    tally.looked_at(count.unsigned_abs());
    let sql = format!(
        "select b.booking_id, b.version, coalesce(e.events, 0) as events, coalesce(e.lowest, 0) as lowest, \
         coalesce(e.highest, 0) as highest from {table} b left join \
         (select event_key, count(*) as events, count(distinct version) as versions, min(version) as lowest, \
         max(version) as highest from outbox where topic = ? group by event_key) e \
         on e.event_key = convert(bin_to_uuid(b.booking_id) using ascii) collate ascii_bin \
         where (e.event_key is null and b.created_at > ?) or e.events <> e.versions or e.highest <> b.version \
         or e.highest - e.lowest + 1 <> e.events or (e.lowest > 1 and b.created_at > ?)"
    );
    let wrong: Vec<Counted> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(topic::BOOKING)
        .bind(recent.naive_utc())
        .bind(recent.naive_utc())
        .fetch_all(conn)
        .await?;
    for Counted { booking_id, version, events, lowest, highest } in wrong {
        tally.breach(|| {
            format!(
                "booking {booking_id}: version {version}, {events} events of versions {lowest} to {highest}"
            )
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_transitions_of_the_table_are_allowed() {
        use BookingStatus::{Booked, Cancelled, Completed, Reserved};
        assert!(is_allowed(BookingHappening::Reserved, None, Reserved));
        assert!(is_allowed(BookingHappening::Rebooked, Some(Cancelled), Booked));
        assert!(is_allowed(BookingHappening::Refunded, Some(Completed), Completed));
        assert!(!is_allowed(BookingHappening::Cancelled, Some(Completed), Cancelled));
        assert!(!is_allowed(BookingHappening::Completed, Some(Reserved), Completed));
        assert!(!is_allowed(BookingHappening::Booked, Some(Cancelled), Booked));
    }
}
