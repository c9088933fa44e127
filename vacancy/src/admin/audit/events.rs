//! Invariant 3, as readers see it: what `booking.events` has told lately, read back.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    BookingId, Instant,
    booking::BookingStatus,
    event::{BookingHappening, read_booking_event, topic},
};
use events::{event_log::Record, kafka};
use platform::{
    causes::BoxError,
    clock::SystemClock,
    mysql::{padded, push_list},
};
use sqlx::{MySqlConnection, QueryBuilder};
use uuid::Uuid;

use super::{Check, Tally};
use crate::admin::Stores;

/// The topic tells of each booking every version, in order, up to where it stands.
pub(super) struct Events;

/// So much longer is the log read than the database: the two clocks differ, and what is told comes later than its change.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(10);

/// No statement names more bookings.
const IDS_PER_STATEMENT: usize = 500;

#[async_trait]
impl Check for Events {
    fn name(&self) -> &'static str {
        "events"
    }

    fn promise(&self) -> &'static str {
        "booking.events has lately told each version at least once, in order, up to where the booking stands (3)"
    }

    fn converges(&self) -> bool {
        true
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let lately = -TimeDelta::minutes(i64::from(settings.events_minutes));
        let topic = stores.settings.named(topic::BOOKING);
        let since = SystemClock.read().plus(lately - CLOCKS_DIFFER);
        let read = kafka::fold_since(&stores.kafka, &topic, since, Read::default(), Read::take).await?;
        let mut tally = Tally::new(settings.shown);
        tally.looked_at(read.records);
        for wrong in &read.wrong {
            tally.breach(|| wrong.clone());
        }
        let mut conn = stores.booking_as_of_now().await?;
        compare(&mut conn, &read.told, &mut tally).await?;
        untold(&mut conn, stores.now().await?.plus(lately), &read.told, &mut tally).await?;
        Ok(tally)
    }
}

/// What was told of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    /// The version of the first record that was read.
    first: i64,
    /// The highest version so far.
    highest: i64,
    /// What came before the first is being told again: up to this version.
    again: Option<(i64, i64)>,
}

impl Told {
    const fn from(version: i64) -> Self {
        Self { first: version, highest: version, again: None }
    }

    /// Where the log was lost and is told again, older versions come behind newer ones: in order, and none is left out.
    fn again(&mut self, version: i64) {
        let from = match self.again {
            _ if version >= self.first => return,
            Some((from, last)) if version == last.saturating_add(1) => from,
            Some((from, last)) if version == last => from,
            Some(_) | None => version,
        };
        if version.saturating_add(1) == self.first {
            (self.first, self.again) = (from, None);
        } else {
            self.again = Some((from, version));
        }
    }
}

/// What was read.
#[derive(Default)]
struct Read {
    records: u64,
    told: BTreeMap<BookingId, Told>,
    wrong: Vec<String>,
}

impl Read {
    fn take(&mut self, record: &Record) {
        self.records = self.records.saturating_add(1);
        if let Err(says) = self.judge(record) {
            self.wrong.push(format!("booking {}: {says}", record.key));
        }
    }

    fn judge(&mut self, record: &Record) -> Result<(), String> {
        let payload = record.payload.as_deref().ok_or("a record without a body")?;
        let read =
            read_booking_event(payload).map_err(|error| format!("an event does not parse: {error}"))?;
        // A newer writer's is judged by a newer auditor.
        let Some((happening, event)) = read else { return Ok(()) };
        let (booking, from) = (&event.data.booking, event.data.from);
        let version = booking.version;
        if booking.booking_id.to_string() != record.key || record.version() != Some(version) {
            return Err(format!("the event of version {version} tells another booking or version"));
        }
        let told = self.told.entry(booking.booking_id).or_insert(Told::from(version));
        let before = told.highest;
        told.highest = before.max(version);
        told.again(version);
        // A repeat is allowed: the relay promises at least once.
        if version > before.saturating_add(1) {
            return Err(format!("version {version} is told after version {before}"));
        }
        let from_text = from.map_or("nothing", BookingStatus::as_str);
        if is_allowed(happening, from, booking.status) {
            Ok(())
        } else {
            Err(format!("version {version}: {} from {from_text} to {}", event.kind, booking.status))
        }
    }
}

async fn compare(
    conn: &mut MySqlConnection,
    told: &BTreeMap<BookingId, Told>,
    tally: &mut Tally,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = told.keys().map(|id| id.uuid()).collect();
    let mut stand = BTreeMap::new();
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        for table in ["bookings", "purged_bookings"] {
            let mut sql = QueryBuilder::new("select booking_id, version from ");
            sql.push(table).push(" where booking_id in ");
            push_list(&mut sql, padded(chunk));
            let rows: Vec<(Uuid, i64)> = sql.build_query_as().fetch_all(&mut *conn).await?;
            stand.extend(rows.into_iter().map(|(id, version)| (BookingId::from_uuid(id), version)));
        }
    }
    for (id, Told { highest, .. }) in told {
        match stand.get(id) {
            Some(version) if version == highest => {}
            Some(version) => {
                tally.breach(|| format!("booking {id}: version {version}, told up to {highest}"));
            }
            None => tally.breach(|| format!("booking {id}: it is told up to {highest}, and is nowhere")),
        }
    }
    Ok(())
}

/// What was made or changed lately, and was not told from the first of these versions on, or not at all.
async fn untold(
    conn: &mut MySqlConnection,
    since: Instant,
    told: &BTreeMap<BookingId, Told>,
    tally: &mut Tally,
) -> Result<(), sqlx::Error> {
    let made = "select booking_id from bookings where created_at > ?";
    let made: Vec<Uuid> = sqlx::query_scalar(made).bind(since.naive_utc()).fetch_all(&mut *conn).await?;
    let changed = "select booking_id, min(version) from booking_log where at > ? group by booking_id";
    let changed: Vec<(Uuid, i64)> =
        sqlx::query_as(changed).bind(since.naive_utc()).fetch_all(&mut *conn).await?;
    let mut lowest: BTreeMap<Uuid, i64> = changed.into_iter().collect();
    for id in made {
        lowest.entry(id).and_modify(|version| *version = 1.min(*version)).or_insert(1);
    }
    for (id, lowest) in lowest {
        match told.get(&BookingId::from_uuid(id)) {
            None => tally.breach(|| format!("booking {id}: nothing is told of what happened lately")),
            Some(Told { first, .. }) if *first > lowest => {
                tally.breach(|| format!("booking {id}: version {lowest} is not told before version {first}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{
        EventId,
        event::{BookingEvent, CloudEvent, Occurrence},
    };
    use events::event_log::VERSION;

    use super::*;

    fn record(version: i64, happening: BookingHappening, from: Option<BookingStatus>) -> Record {
        let mut booking = testkit::booking::record();
        booking.booking_id = BookingId::from_uuid(Uuid::from_u128(7));
        booking.version = version;
        let is_made = happening == BookingHappening::Reserved;
        booking.status = if is_made { BookingStatus::Reserved } else { BookingStatus::Booked };
        let (key, time) = (booking.booking_id.to_string(), booking.created_at);
        let body = BookingEvent { booking, from, actor: None, refund: None, invoice: None };
        let occurrence = Occurrence { kind: happening.kind(), subject: key.clone(), time };
        let event = CloudEvent::new(EventId::from_uuid(Uuid::nil()), "/test", occurrence, body);
        Record {
            topic: "booking.events".to_owned(),
            partition: 0,
            offset: 0,
            key,
            payload: Some(serde_json::to_vec(&event).unwrap()),
            headers: BTreeMap::from([(VERSION.to_owned(), version.to_string())]),
        }
    }

    fn read(records: &[Record]) -> Read {
        let mut read = Read::default();
        for record in records {
            read.take(record);
        }
        read
    }

    #[test]
    fn versions_follow_one_another_and_may_be_told_again() {
        use BookingStatus::{Booked, Reserved};
        let made = record(1, BookingHappening::Reserved, None);
        let booked = record(2, BookingHappening::Booked, Some(Reserved));
        let invoiced = record(3, BookingHappening::Invoiced, Some(Booked));
        let again = [&made, &booked, &booked, &made, &booked, &invoiced].map(Clone::clone);
        let all = read(&again);
        assert_eq!((all.wrong.len(), all.records), (0, 6), "{:?}", all.wrong);
        let told: Vec<Told> = all.told.into_values().collect();
        assert_eq!(told, [Told { first: 1, highest: 3, again: None }]);
        // What was told before the first record is not known.
        assert!(read(&[booked.clone(), invoiced.clone()]).wrong.is_empty());
        assert_eq!(read(&[made, invoiced]).wrong.len(), 1, "one is missing");
    }

    #[test]
    fn what_was_lost_may_be_told_behind_what_came_later_if_nothing_of_it_is_left_out() {
        use BookingStatus::{Booked, Reserved};
        let made = record(1, BookingHappening::Reserved, None);
        let booked = record(2, BookingHappening::Booked, Some(Reserved));
        let [third, fourth] = [3, 4].map(|version| record(version, BookingHappening::Invoiced, Some(Booked)));
        let first = |records: [&Record; 5]| {
            let read = read(&records.map(Clone::clone));
            assert!(read.wrong.is_empty(), "{:?}", read.wrong);
            read.told.into_values().next().unwrap().first
        };
        assert_eq!(first([&third, &made, &booked, &third, &fourth]), 1);
        assert_eq!(first([&third, &made, &fourth, &made, &booked]), 1);
        assert_eq!(first([&fourth, &made, &booked, &booked, &fourth]), 4, "the third is not there");
        assert_eq!(first([&fourth, &made, &third, &third, &fourth]), 3, "the second is not there");
    }

    #[test]
    fn what_is_no_transition_or_tells_something_else_is_wrong() {
        use BookingStatus::{Booked, Cancelled};
        let garbage = Record { payload: Some(b"{".to_vec()), ..record(1, BookingHappening::Reserved, None) };
        let other = Record { key: "another".to_owned(), ..record(1, BookingHappening::Reserved, None) };
        let older = Record { headers: BTreeMap::new(), ..record(1, BookingHappening::Reserved, None) };
        for wrong in [
            record(2, BookingHappening::Booked, Some(Cancelled)),
            record(2, BookingHappening::Reserved, Some(Booked)),
            garbage,
            other,
            older,
        ] {
            assert_eq!(read(std::slice::from_ref(&wrong)).wrong.len(), 1, "{wrong:?}");
        }
    }

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
