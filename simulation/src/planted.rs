//! Mistakes planted on purpose, to see whether the checker finds them: most of them in the store or in the loops around the
//! machines, which are this crate's own; those of the core are behind its feature `planted_faults`.

use std::borrow::Cow;

use booking_core::{Home, Plan, Snapshot, plan::PaymentGuard};

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Planted {
    AnswerBeforeCommit,
    AllAnsweredWhenOneMissed,
    TurnIgnored,
    CheckThenAct,
    MissingGuard,
    StaleStockVersion,
    KeysInACache,
    KeyBeforeReference,
    DoubleRelease,
    SwallowedEvent,
    VoidNotOwed,
    SecondCaptureIgnored,
    LatePaymentIgnored,
    RelayByLastId,
    NoFence,
    MarkedBeforePublished,
    DedupeInMemory,
    CommittedBeforeHandled,
    RetrySkipped,
    PurgeByStatusOnly,
    HoldsUncounted,
    PriceByHearsay,
    SharesUnleased,
    RefusalFromMemory,
    MemoryKept,
    Overtaking,
}

impl Planted {
    /// Every one, with its name and what is wrong.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 26] = [
        (Self::AnswerBeforeCommit, "answer-before-commit", "clients are answered when the plan is sent"),
        (
            Self::AllAnsweredWhenOneMissed,
            "all-answered-when-one-missed",
            "a batch whose guard missed is answered as if written",
        ),
        (Self::TurnIgnored, "turn-ignored", "a batch commits although the one before it missed"),
        (Self::CheckThenAct, "check-then-act", "nights are written as decided, without their guard"),
        (Self::MissingGuard, "missing-guard", "a booking's status, version and money are not guarded"),
        (Self::StaleStockVersion, "stale-stock-version", "the version of a room's stock is not guarded"),
        (
            Self::KeysInACache,
            "idempotency-in-a-cache",
            "each process knows the keys it has used, the table has no unique one",
        ),
        (Self::KeyBeforeReference, "key-before-reference", "a load looks keys up before references"),
        (Self::DoubleRelease, "double-release", "rooms given back are given back twice"),
        (Self::SwallowedEvent, "swallowed-event", "the last event of a batch of several is not written"),
        (Self::VoidNotOwed, "void-not-owed", "the void of a hold that ended unpaid is not written"),
        (Self::SecondCaptureIgnored, "second-capture-ignored", "a second payment is answered and left alone"),
        (
            Self::LatePaymentIgnored,
            "late-payment-ignored",
            "a payment of a cancelled booking is answered and left alone",
        ),
        (Self::RelayByLastId, "relay-by-last-id", "the relay reads on behind the last id it has seen"),
        (Self::NoFence, "no-fence", "the log takes what a fenced producer sends"),
        (Self::MarkedBeforePublished, "marked-before-published", "rows are marked when they are read"),
        (Self::DedupeInMemory, "dedupe-in-memory", "a consumer remembers in memory what it has handled"),
        (
            Self::CommittedBeforeHandled,
            "committed-before-handled",
            "a consumer commits its offset when a record has come",
        ),
        (Self::RetrySkipped, "retry-skipped", "a record that could not be handled is passed by"),
        (
            Self::PurgeByStatusOnly,
            "purge-by-status-only",
            "an ended booking is purged whatever is still open",
        ),
        (Self::HoldsUncounted, "holds-uncounted", "a load counts nobody's open holds"),
        (Self::PriceByHearsay, "price-by-hearsay", "no is said because of a price that the room never had"),
        (Self::SharesUnleased, "shares-unleased", "a share of hotels is taken whoever holds it"),
        (
            Self::RefusalFromMemory,
            "refusal-from-memory",
            "no is said because of a room that is only remembered",
        ),
        (
            Self::MemoryKept,
            "memory-kept",
            "a room stays in memory as a batch left it that was never written, and counts as read",
        ),
        (Self::Overtaking, "overtaking", "nobody waits behind a work of its batch that waits"),
    ];

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(planted, ..)| *planted)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(planted, ..)| *planted == self).map_or("", |(_, name, _)| name)
    }

    /// Whether it can be made in this build.
    pub(crate) const fn can_be_made(self) -> bool {
        let in_the_core = matches!(self, Self::RefusalFromMemory | Self::MemoryKept | Self::Overtaking);
        cfg!(feature = "planted_faults") || !in_the_core
    }
}

/// Tells the core which of its mistakes to make.
#[cfg(feature = "planted_faults")]
pub(crate) fn plant(planted: Option<Planted>) {
    use booking_core::planted::{Mistake, plant};
    plant(match planted {
        Some(Planted::RefusalFromMemory) => Some(Mistake::RefusalFromMemory),
        Some(Planted::MemoryKept) => Some(Mistake::MemoryKept),
        Some(Planted::Overtaking) => Some(Mistake::Overtaking),
        _ => None,
    });
}

/// The core makes none.
#[cfg(not(feature = "planted_faults"))]
pub(crate) const fn plant(_: Option<Planted>) {}

/// The plan as a store with that mistake takes it.
pub(crate) fn twisted<'a>(plan: &'a Plan, rows: &Snapshot, planted: Option<Planted>) -> Cow<'a, Plan> {
    match planted {
        Some(Planted::MissingGuard) => Cow::Owned(unguarded(plan.clone(), rows)),
        Some(Planted::StaleStockVersion) => Cow::Owned(Plan { stock: [].into(), ..plan.clone() }),
        Some(Planted::VoidNotOwed) => Cow::Owned(Plan { voids: Vec::new(), ..plan.clone() }),
        Some(Planted::CheckThenAct) => Cow::Owned(Plan { nights: [].into(), ..plan.clone() }),
        _ => Cow::Borrowed(plan),
    }
}

/// Every guard of a booking as it is met now.
fn unguarded(mut plan: Plan, rows: &Snapshot) -> Plan {
    for step in plan.moves.iter_mut().filter(|step| step.home == Home::Active) {
        if let Some(booking) = rows.bookings.get(&step.booking_id) {
            (step.from_status, step.from_version) = (booking.record.status, booking.record.version);
        }
    }
    for write in &mut plan.payments {
        let payments = rows.bookings.get(&write.booking_id).map(|booking| &booking.payments);
        let stored = payments.into_iter().flatten().find(|row| row.payment_id == write.after.payment_id);
        write.before = stored.map(|row| PaymentGuard { status: row.status, refunded: row.refunded });
    }
    plan
}
