use chrono::NaiveDate;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    position: Position,
    version: i64,
    listed: bool,
}

impl Listed for Row {
    fn position(&self) -> Position {
        self.position
    }

    fn version(&self) -> i64 {
        self.version
    }
}

fn position(day: u64, id: u128) -> Position {
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let start_date = first.checked_add_days(chrono::Days::new(day)).unwrap();
    Position { start_date, booking_id: BookingId::from_uuid(Uuid::from_u128(id)) }
}

/// A store: the rows that its list holds, asked a page at a time.
fn page(store: &[Row], order: Order, after: Option<Position>, limit: usize) -> Part<Row> {
    let mut rows: Vec<Row> = store
        .iter()
        .filter(|row| row.listed && after.is_none_or(|after| order.before(after, row.position)))
        .cloned()
        .collect();
    rows.sort_by(|a, b| order.compare(a.position, b.position));
    rows.truncate(limit);
    Part::of(rows, limit)
}

/// Walks all pages as mgmt does.
fn walk(active: &[Row], archived: &[Row], order: Order, limit: usize) -> Vec<Row> {
    let versions: BTreeMap<BookingId, i64> =
        active.iter().map(|row| (row.position.booking_id, row.version)).collect();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let parts = (page(active, order, after, limit), page(archived, order, after, limit));
        let merged = merge(order, limit, parts.0, parts.1, &versions);
        assert!(merged.items.len() <= limit);
        all.extend(merged.items);
        match merged.next {
            Some(next) => {
                assert!(after.is_none_or(|after| order.before(after, next)), "the cursor stands still");
                after = Some(next);
            }
            None => return all,
        }
    }
}

/// What must come out: of each booking the higher version (MySQL's when equal), if that version is listed.
fn truth(active: &[Row], archived: &[Row], order: Order) -> Vec<Row> {
    let mut newest: BTreeMap<BookingId, Row> = BTreeMap::new();
    for row in archived {
        newest.insert(row.position.booking_id, row.clone());
    }
    for row in active {
        let id = row.position.booking_id;
        if newest.get(&id).is_none_or(|old| old.version <= row.version) {
            newest.insert(id, row.clone());
        }
    }
    let mut rows: Vec<Row> = newest.into_values().filter(|row| row.listed).collect();
    rows.sort_by(|a, b| order.compare(a.position, b.position));
    rows
}

/// Bookings, some in one store, some in both; MySQL's version never the lower (invariant 2).
fn stores() -> impl Strategy<Value = (Vec<Row>, Vec<Row>)> {
    let one = (0u64..6, 0u8..3, 1i64..4, 0i64..3, any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 0..40).prop_map(|rows| {
        let (mut active, mut archived) = (Vec::new(), Vec::new());
        for (id, (day, home, version, newer, listed, listed_there)) in (1u128..).zip(rows) {
            let position = position(day, id);
            if home != 0 {
                archived.push(Row { position, version, listed: listed_there });
            }
            if home != 1 {
                let same = home == 2 && newer == 0;
                let listed = if same { listed_there } else { listed };
                active.push(Row { position, version: version + newer, listed });
            }
        }
        (active, archived)
    })
}

proptest! {
    #[test]
    fn pages_hold_every_booking_once_in_order_in_its_newest_version(
        (active, archived) in stores(),
        limit in 1usize..7,
        ascending: bool,
    ) {
        let order = if ascending { Order::Ascending } else { Order::Descending };
        prop_assert_eq!(walk(&active, &archived, order, limit), truth(&active, &archived, order));
    }
}

#[test]
fn a_cancelled_booking_that_was_paid_late_is_shown_as_mysql_has_it() {
    let there = Row { position: position(1, 1), version: 3, listed: true };
    let rebooked = BTreeMap::from([(there.position.booking_id, 4)]);
    let merged = merge(Order::Descending, 20, Part::empty(), Part::of(vec![there], 20), &rebooked);
    assert_eq!(merged, Merged { items: vec![], next: None });
}
