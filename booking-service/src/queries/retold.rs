//! Tells events of bookings again that the event log has lost: from rows, history and money, under the names they had.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Logged, Snapshot, Unreadable, Untold, Wanted, retold};
use chrono::NaiveDateTime;
use domain::{
    Actor, ActorKind, BookingId, EventId, HotelId, Instant, Invalid, RefundId,
    booking::{BookingRecord, BookingStatus, StatusReason},
    event::BookingHappening,
};
use events::outbox::{self, Entry};
use futures::future::BoxFuture;
use platform::{
    causes::{BoxError, causes},
    mysql::{Tx, padded, push_list},
};
use records::{ActorRow, LoggedActor};
use sqlx::{FromRow, MySqlPool, QueryBuilder};
use uuid::Uuid;

use crate::store::{Ledger as _, mysql::MySqlLedger, told};

/// No statement names more bookings.
const IDS_PER_STATEMENT: usize = 500;
/// No row of the outbox holds more of them.
const ENTRIES_PER_ROW: usize = 1_000;

/// Looks a purged booking up in the archive.
pub type Archived<'a> =
    &'a (dyn Fn(BookingId) -> BoxFuture<'a, Result<Option<BookingRecord>, BoxError>> + Sync);

/// Which events are told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lately {
    /// Only those of this hotel.
    pub only: Option<HotelId>,
    /// Of what was decided since then.
    pub since: Instant,
    /// Bookings that are looked at in one step.
    pub page: u32,
}

/// Where bookings stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In `bookings`.
    Active,
    /// In `purged_bookings`, their records in the archive.
    Purged,
}

/// What a step did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Bookings that it went over.
    pub seen: u64,
    /// Events put into the outbox.
    pub told: u64,
    /// Bookings whose events cannot be told, each with what is wrong.
    pub passed_by: Vec<(BookingId, String)>,
    /// Go on behind it; none at the end.
    pub last: Option<BookingId>,
}

#[derive(FromRow)]
struct Head {
    booking_id: Uuid,
    is_late: bool,
    #[sqlx(flatten)]
    actor: ActorRow,
}

#[derive(FromRow)]
struct LogRow {
    booking_id: Uuid,
    version: i64,
    at: NaiveDateTime,
    happening: String,
    from_status: String,
    to_status: String,
    #[sqlx(flatten)]
    actor: ActorRow,
    reason: Option<String>,
    event_id: Option<Uuid>,
    refund_id: Option<Uuid>,
}

/// How many bookings are gone over.
pub async fn count(pool: &MySqlPool, lately: Lately) -> Result<u64, sqlx::Error> {
    let mut all = 0_u64;
    for place in [Place::Active, Place::Purged] {
        let mut sql = QueryBuilder::new("select count(*) from ");
        sql.push(place.table()).push(" where true");
        push_only(&mut sql, lately);
        let count: i64 = sql.build_query_scalar().fetch_one(pool).await?;
        all = all.saturating_add(count.unsigned_abs());
    }
    Ok(all)
}

/// Puts the events of the next bookings behind `after`, of the nil id for the first, into the outbox: of each booking in order.
/// What happens to one meanwhile is told by itself, and may be told before.
pub async fn step(
    pool: &MySqlPool,
    archived: Archived<'_>,
    lately: Lately,
    (place, after): (Place, BookingId),
) -> Result<Step, BoxError> {
    let heads = heads(pool, lately, place, after).await?;
    let is_full = u32::try_from(heads.len()).is_ok_and(|count| count >= lately.page);
    let last = heads.last().map(|head| BookingId::from_uuid(head.booking_id)).filter(|_| is_full);
    let seen = u64::try_from(heads.len()).unwrap_or(u64::MAX);
    let late = heads.into_iter().filter(|head| head.is_late);
    let late = late.map(|head| (BookingId::from_uuid(head.booking_id), head.actor)).collect();
    let (entries, passed_by) = entries(pool, archived, lately.since, late).await?;
    let mut tx = Tx::begin(pool).await?;
    for entries in entries.chunks(ENTRIES_PER_ROW) {
        outbox::insert(tx.conn(), entries).await?;
    }
    tx.commit().await?;
    Ok(Step { seen, told: u64::try_from(entries.len()).unwrap_or(u64::MAX), passed_by, last })
}

impl Place {
    const fn table(self) -> &'static str {
        match self {
            Self::Active => "bookings",
            Self::Purged => "purged_bookings",
        }
    }
}

fn push_only(sql: &mut QueryBuilder<sqlx::MySql>, lately: Lately) {
    if let Some(only) = lately.only {
        sql.push(" and hotel_id = ").push_bind(only.uuid());
    }
}

/// Nothing tells when a booking has changed but its row, so all are gone over, by their key.
async fn heads(
    pool: &MySqlPool,
    lately: Lately,
    place: Place,
    after: BookingId,
) -> Result<Vec<Head>, sqlx::Error> {
    let mut sql = QueryBuilder::new("select booking_id, updated_at >= ");
    sql.push_bind(lately.since.naive_utc()).push(" as is_late, actor_kind, actor_id, actor_subject from ");
    sql.push(place.table()).push(" force index (primary) where booking_id > ").push_bind(after.uuid());
    push_only(&mut sql, lately);
    sql.push(" order by booking_id limit ").push_bind(lately.page);
    sql.build_query_as().fetch_all(pool).await
}

type PassedBy = Vec<(BookingId, String)>;

async fn entries(
    pool: &MySqlPool,
    archived: Archived<'_>,
    since: Instant,
    late: BTreeMap<BookingId, ActorRow>,
) -> Result<(Vec<Entry>, PassedBy), BoxError> {
    let bookings: BTreeSet<BookingId> = late.keys().copied().collect();
    let snapshot = MySqlLedger::new(pool.clone()).load(&Wanted { bookings, ..Wanted::default() }).await?;
    let mut history = history(pool, late.keys().map(|id| id.uuid()).collect()).await?;
    let (mut entries, mut passed_by) = (Vec::new(), Vec::new());
    for (id, made_by) in late {
        let rows = history.remove(&id.uuid()).unwrap_or_default();
        match of_booking(&snapshot, archived, (id, made_by), rows, since).await? {
            Ok(events) => entries.extend(events),
            Err(why) => passed_by.push((id, why)),
        }
    }
    Ok((entries, passed_by))
}

/// Those of one booking; or why they cannot be told.
async fn of_booking(
    snapshot: &Snapshot,
    archived: Archived<'_>,
    (id, made_by): (BookingId, ActorRow),
    rows: Vec<LogRow>,
    since: Instant,
) -> Result<Result<Vec<Entry>, String>, BoxError> {
    if snapshot.unreadable.contains(&Unreadable::Booking(id)) {
        return Ok(Err(format!("{} cannot be read", Unreadable::Booking(id))));
    }
    let is_purged = !snapshot.bookings.contains_key(&id);
    let booking = if is_purged {
        archived(id).await?.and_then(|record| snapshot.revive(&record))
    } else {
        snapshot.bookings.get(&id).cloned()
    };
    let Some(booking) = booking else { return Ok(Err("its record is not in the archive".into())) };
    let read = rows.into_iter().map(Logged::try_from).collect::<Result<Vec<_>, Invalid>>();
    let (made_by, history) = match (actor(made_by), read) {
        (Ok(made_by), Ok(history)) => (made_by, history),
        (Err(error), _) | (_, Err(error)) => return Ok(Err(causes(&error))),
    };
    let events = match retold(&booking, made_by, &history) {
        Ok(events) => events,
        Err(why @ (Untold::Gap(_) | Untold::Nameless(_) | Untold::Moneyless(_) | Untold::Different)) => {
            return Ok(Err(causes(&why)));
        }
    };
    let lately = events.iter().filter(|event| event.at >= since);
    let entries = lately.map(|event| Ok(Entry::Booking(told(event, is_purged, None)?)));
    Ok(Ok(entries.collect::<Result<_, serde_json::Error>>()?))
}

/// The entries of these bookings, oldest first.
async fn history(pool: &MySqlPool, ids: Vec<Uuid>) -> Result<BTreeMap<Uuid, Vec<LogRow>>, sqlx::Error> {
    let mut history: BTreeMap<Uuid, Vec<LogRow>> = BTreeMap::new();
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = QueryBuilder::new(
            "select booking_id, version, at, happening, cast(from_status as char) as from_status, \
             cast(to_status as char) as to_status, actor_kind, actor_id, actor_subject, reason, event_id, refund_id \
             from booking_log force index (primary) where booking_id in ",
        );
        push_list(&mut sql, padded(chunk));
        sql.push(" order by booking_id, version");
        let rows: Vec<LogRow> = sql.build_query_as().persistent(false).fetch_all(pool).await?;
        for row in rows {
            history.entry(row.booking_id).or_default().push(row);
        }
    }
    Ok(history)
}

fn actor(row: ActorRow) -> Result<Actor, Invalid> {
    let LoggedActor { kind, user_id, subject } = row.into();
    Ok(Actor { kind: ActorKind::parse(&kind)?, user_id, subject })
}

impl TryFrom<LogRow> for Logged {
    type Error = Invalid;

    fn try_from(row: LogRow) -> Result<Self, Invalid> {
        let happening =
            BookingHappening::of_word(&row.happening).ok_or(Invalid::unknown("A word of the history."))?;
        let is_cancelled = happening == BookingHappening::Cancelled;
        let reason = row.reason.as_deref().filter(|_| is_cancelled).map(StatusReason::parse).transpose()?;
        Ok(Self {
            version: row.version,
            at: Instant::from_naive_utc(row.at),
            happening,
            from: BookingStatus::parse(&row.from_status)?,
            to: BookingStatus::parse(&row.to_status)?,
            actor: actor(row.actor)?,
            reason,
            event_id: row.event_id.map(EventId::from_uuid),
            refund_id: row.refund_id.map(RefundId::from_uuid),
        })
    }
}
