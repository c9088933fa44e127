//! What the planted mistakes do to plans, statements and snapshots on their way to the database and back. Only builds with the
//! feature `planted_faults` have this file.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use booking_core::{
    Digest, KeyHolder, KeyUse, Plan, Snapshot, Wanted,
    planted::{Mistake, plant_everywhere},
};
use domain::BookingId;
use events::outbox::Entry;
use platform::{
    mysql::Text,
    planted::{Fault, makes},
};

/// Has the core make the mistakes that are its own.
pub(crate) fn in_the_core() {
    let own = [
        (Fault::RefusalFromMemory, Mistake::RefusalFromMemory),
        (Fault::MemoryKept, Mistake::MemoryKept),
        (Fault::SecondCaptureIgnored, Mistake::SecondCaptureIgnored),
    ];
    plant_everywhere(own.into_iter().find(|(fault, _)| makes(*fault)).map(|(_, mistake)| mistake));
}

/// The plan as it is written.
pub(crate) fn plan(plan: &Plan) -> Cow<'_, Plan> {
    if makes(Fault::VoidNotOwed) {
        return Cow::Owned(Plan { voids: Vec::new(), ..plan.clone() });
    }
    if makes(Fault::IdempotencyInACache) {
        return Cow::Owned(without_its_keys(plan.clone()));
    }
    Cow::Borrowed(plan)
}

/// The table has no unique key if each booking has one of its own.
fn without_its_keys(mut plan: Plan) -> Plan {
    for new in &mut plan.bookings {
        let id = new.record.booking_id.uuid();
        let twice = [id.as_bytes().as_slice(), id.as_bytes()].concat();
        new.key.scope = Digest::new(<[u8; 32]>::try_from(twice).unwrap_or_default());
    }
    plan
}

/// What the outbox is told.
pub(crate) fn told(mut entries: Vec<Entry>) -> Vec<Entry> {
    let is_event = |entry: &Entry| matches!(entry, Entry::Booking(_));
    let several = entries.iter().filter(|entry| is_event(entry)).count() > 1;
    let last = entries.iter().rposition(is_event);
    if let Some(last) = last.filter(|_| several && makes(Fault::SwallowedEvent)) {
        entries.remove(last);
    }
    entries
}

/// What of a statement is other SQL: from the first words on, up to the second; and what stands there instead.
struct Other {
    fault: Fault,
    from: &'static str,
    to: &'static str,
    instead: &'static str,
}

const OTHER: [Other; 8] = [
    Other {
        fault: Fault::CheckThenAct,
        from: " - v.taken",
        to: " - least(",
        instead: " - least(v.taken, cast(n.available_quantity as signed) + v.back)",
    },
    Other {
        fault: Fault::CheckThenAct,
        from: " where cast(n.initial_quantity as signed) - cast(n.available_quantity as signed) >= v.back",
        to: "",
        instead: "",
    },
    Other {
        fault: Fault::DoubleRelease,
        from: " - v.taken",
        to: " - least(",
        instead: " + least(v.back, greatest(0, cast(n.initial_quantity as signed) \
                  - cast(n.available_quantity as signed) - v.back)) - v.taken",
    },
    Other {
        fault: Fault::StaleStockVersion,
        from: " where s.stock_version = v.stock_version",
        to: " for share",
        instead: "",
    },
    Other {
        fault: Fault::MissingGuard,
        from: " where status = ",
        to: " and booking_id in ",
        instead: " where true",
    },
    Other {
        fault: Fault::MissingGuard,
        from: " where b.status = v.from_status and b.version = v.from_version",
        to: "",
        instead: "",
    },
    Other {
        fault: Fault::MissingGuard,
        from: " where b.status = v.status and b.version = v.version",
        to: " for update",
        instead: "",
    },
    Other {
        fault: Fault::MissingGuard,
        from: " where p.status = v.from_status and p.refunded = v.from_refunded",
        to: "",
        instead: "",
    },
];

/// The history has one row for each version of a booking, and a payment one void: these would guard it, too.
const ALSO_GUARDS: [&str; 2] = ["insert into booking_log ", "insert into voids "];

/// The statement as it is sent.
pub(crate) fn statement(sql: &Text) -> Cow<'_, Text> {
    let mut sent = Cow::Borrowed(sql);
    for other in OTHER.iter().filter(|other| makes(other.fault)) {
        if let Some(text) = other.text_in(sent.as_str()).map(str::to_owned) {
            sent = Cow::Owned(sent.replaced(&text, other.instead));
        }
    }
    if makes(Fault::MissingGuard) && ALSO_GUARDS.iter().any(|insert| sql.as_str().starts_with(insert)) {
        sent.to_mut().push(" on duplicate key update booking_id = booking_id");
    }
    sent
}

impl Other {
    /// With no second words: up to the end.
    fn text_in<'a>(&self, sql: &'a str) -> Option<&'a str> {
        let rest = sql.get(sql.find(self.from)?..)?;
        if self.to.is_empty() {
            return Some(rest);
        }
        let first = self.from.len();
        let length = rest.get(first..)?.find(self.to)?;
        rest.get(..first.checked_add(length)?)
    }
}

/// The bookings of the keys that this process has used, and what was asked.
static KEYS: Mutex<BTreeMap<Digest, (Digest, BookingId)>> = Mutex::new(BTreeMap::new());

fn keys() -> MutexGuard<'static, BTreeMap<Digest, (Digest, BookingId)>> {
    KEYS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is read.
pub(crate) fn wanted(wanted: &Wanted) -> Cow<'_, Wanted> {
    if !makes(Fault::IdempotencyInACache) {
        return Cow::Borrowed(wanted);
    }
    let known = keys();
    let mut more = wanted.clone();
    more.bookings.extend(wanted.scopes.iter().filter_map(|scope| Some(known.get(scope)?.1)));
    Cow::Owned(more)
}

/// What was read, as the decision is told.
pub(crate) fn read(wanted: &Wanted, mut snapshot: Snapshot) -> Snapshot {
    if makes(Fault::IdempotencyInACache) {
        let known = keys();
        let used = wanted.scopes.iter().filter_map(|scope| Some((*scope, *known.get(scope)?)));
        let used = used.map(|(scope, (hash, id))| (scope, KeyUse { hash, holder: KeyHolder::Booking(id) }));
        snapshot.keys.extend(used);
    }
    if makes(Fault::KeyAfterReference) {
        let named: BTreeSet<BookingId> = snapshot.references.values().copied().collect();
        let found = |used: &KeyUse| matches!(&used.holder, KeyHolder::Booking(id) if named.contains(id));
        snapshot.keys.retain(|_, used| !found(used));
    }
    snapshot
}

/// Notes the keys of a plan that is committed.
pub(crate) fn committed(plan: &Plan) {
    if makes(Fault::IdempotencyInACache) {
        let used = plan.bookings.iter().map(|new| (new.key.scope, (new.key.hash, new.record.booking_id)));
        keys().extend(used);
    }
}

#[cfg(test)]
mod tests {
    use super::{ALSO_GUARDS, OTHER};

    #[test]
    fn what_a_mistake_takes_out_of_a_statement_stands_there() {
        let statements = [
            include_str!("store/sql/bookings.rs"),
            include_str!("store/sql/log.rs"),
            include_str!("store/sql/money.rs"),
            include_str!("store/sql/nights.rs"),
            include_str!("store/sql/stock.rs"),
        ]
        .concat();
        for other in OTHER {
            assert!(statements.contains(other.from) && statements.contains(other.to), "{}", other.from);
        }
        assert!(ALSO_GUARDS.iter().all(|insert| statements.contains(insert)));
    }
}
