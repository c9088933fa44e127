//! Invariant 3, as the bookings' own history tells it: `booking_log` has one entry per version but the first, which is the
//! booking's own row, and each is a transition of the table.

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{Instant, booking::BookingStatus, event::BookingHappening};
use platform::causes::BoxError;
use sqlx::{AssertSqlSafe, FromRow, MySqlConnection};
use uuid::Uuid;

use super::{Check, Tally, events::is_allowed};
use crate::admin::Stores;

/// Each booking's version is the number of its entries and one.
pub(super) struct Versions;

/// Each entry is a transition of the table.
pub(super) struct Transitions;

#[async_trait]
impl Check for Versions {
    fn name(&self) -> &'static str {
        "versions"
    }

    fn promise(&self) -> &'static str {
        "each booking's log has one entry per version but the first, without gap, up to where it stands (3)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let kept = stores.now().await?.plus(-TimeDelta::days(i64::from(settings.log_days)));
        let mut tally = Tally::new(settings.shown);
        let mut conn = stores.booking_as_of_now().await?;
        for table in ["bookings", "purged_bookings"] {
            counted(&mut conn, table, kept, &mut tally).await?;
        }
        of_nobody(&mut conn, &mut tally).await?;
        Ok(tally)
    }
}

#[async_trait]
impl Check for Transitions {
    fn name(&self) -> &'static str {
        "transitions"
    }

    fn promise(&self) -> &'static str {
        "each entry of a booking's log is a transition of the table, from where the one before ended (3)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let mut tally = Tally::new(settings.shown);
        let mut conn = stores.booking_as_of_now().await?;
        transitions(&mut conn, settings.page, &mut tally).await?;
        Ok(tally)
    }
}

#[derive(FromRow)]
struct Counted {
    booking_id: Uuid,
    version: i64,
    status: String,
    entries: i64,
    lowest: i64,
    highest: i64,
    ends_as: Option<String>,
}

/// The database counts: only breaches come over. Old entries go after their retention, so of a booking made before `kept`
/// the first ones may be missing, but none in the middle.
async fn counted(
    conn: &mut MySqlConnection,
    table: &'static str,
    kept: Instant,
    tally: &mut Tally,
) -> Result<(), sqlx::Error> {
    let count = format!("select count(*) from {table}");
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut *conn).await?;
    tally.looked_at(count.unsigned_abs());
    let sql = format!(
        "select b.booking_id, b.version, cast(b.status as char) as status, coalesce(l.entries, 0) as entries, \
         coalesce(l.lowest, 0) as lowest, coalesce(l.highest, 0) as highest, cast(e.to_status as char) as ends_as \
         from {table} b left join (select booking_id, count(*) as entries, min(version) as lowest, \
         max(version) as highest from booking_log group by booking_id) l on l.booking_id = b.booking_id \
         left join booking_log e on e.booking_id = b.booking_id and e.version = b.version \
         where (l.booking_id is null and b.version > 1 and b.created_at > ?) or l.highest <> b.version \
         or l.highest - l.lowest + 1 <> l.entries or l.lowest < 2 or (l.lowest > 2 and b.created_at > ?) \
         or cast(e.to_status as char) <> cast(b.status as char)"
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(kept.naive_utc()).bind(kept.naive_utc());
    let wrong: Vec<Counted> = query.fetch_all(conn).await?;
    for row in wrong {
        let Counted { booking_id, version, status, entries, lowest, highest, ends_as } = row;
        let ends = ends_as.unwrap_or_else(|| "nothing".to_owned());
        tally.breach(|| {
            format!(
                "booking {booking_id}: {status} at version {version}, {entries} entries of versions {lowest} to {highest}, \
                 the last of them to {ends}"
            )
        });
    }
    Ok(())
}

async fn of_nobody(conn: &mut MySqlConnection, tally: &mut Tally) -> Result<(), sqlx::Error> {
    let sql = "select distinct l.booking_id from booking_log l \
               where not exists (select 1 from bookings b where b.booking_id = l.booking_id) \
               and not exists (select 1 from purged_bookings p where p.booking_id = l.booking_id)";
    let lost: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(conn).await?;
    for booking in lost {
        tally.breach(|| format!("booking {booking}: it has a log, and is nowhere"));
    }
    Ok(())
}

#[derive(Debug, FromRow)]
struct Entry {
    booking_id: Uuid,
    version: i64,
    happening: String,
    from_status: String,
    to_status: String,
}

async fn transitions(conn: &mut MySqlConnection, page: u32, tally: &mut Tally) -> Result<(), sqlx::Error> {
    let sql = "select booking_id, version, happening, cast(from_status as char) as from_status, \
               cast(to_status as char) as to_status from booking_log \
               where booking_id > ? or (booking_id = ? and version > ?) order by booking_id, version limit ?";
    let mut before: Option<Entry> = None;
    loop {
        let (id, version) =
            before.as_ref().map_or((Uuid::nil(), 0), |entry| (entry.booking_id, entry.version));
        let query = sqlx::query_as(sql).bind(id).bind(id).bind(version).bind(page);
        let entries: Vec<Entry> = query.fetch_all(&mut *conn).await?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in entries {
            tally.judge(judge(&entry, before.as_ref()));
            before = Some(entry);
        }
    }
}

/// Whether an entry is a transition of the table, from where the one before it ended.
fn judge(entry: &Entry, before: Option<&Entry>) -> Option<String> {
    let happening = BookingHappening::ALL.iter().find(|one| one.as_str() == entry.happening);
    let (from, to) = (BookingStatus::parse(&entry.from_status), BookingStatus::parse(&entry.to_status));
    let allowed = match (happening, from, to) {
        (Some(happening), Ok(from), Ok(to)) => is_allowed(*happening, Some(from), to),
        _ => false,
    };
    let before = before.filter(|before| before.booking_id == entry.booking_id);
    let began = before.map(|before| before.to_status.as_str());
    let began = began.or((entry.version == 2).then_some(BookingStatus::Reserved.as_str()));
    let follows = began.is_none_or(|began| began == entry.from_status);
    let Entry { booking_id, version, happening, from_status, to_status } = entry;
    let says =
        || format!("booking {booking_id}, version {version}: {happening} from {from_status} to {to_status}");
    (!allowed || !follows).then(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: i64, happening: &str, from: &str, to: &str) -> Entry {
        let word = str::to_owned;
        let (happening, from_status, to_status) = (word(happening), word(from), word(to));
        Entry { booking_id: Uuid::nil(), version, happening, from_status, to_status }
    }

    #[test]
    fn an_entry_is_a_transition_of_the_table_and_begins_where_the_one_before_ended() {
        let booked = entry(2, "booked", "RESERVED", "BOOKED");
        assert_eq!(judge(&booked, None), None);
        assert_eq!(judge(&entry(3, "cancelled", "BOOKED", "CANCELLED"), Some(&booked)), None);
        // Entries before it went after their retention.
        assert_eq!(judge(&entry(3, "completed", "BOOKED", "COMPLETED"), None), None);
        for (wrong, before) in [
            (entry(2, "completed", "BOOKED", "COMPLETED"), None),
            (entry(3, "cancelled", "RESERVED", "CANCELLED"), Some(&booked)),
            (entry(3, "booked", "BOOKED", "COMPLETED"), Some(&booked)),
            (entry(3, "upgraded", "BOOKED", "BOOKED"), Some(&booked)),
        ] {
            assert!(judge(&wrong, before).is_some(), "{wrong:?}");
        }
    }
}
