//! The names of what can be planted, what each means, and in which services. The simulation has the same mistakes in its model.

const BOOKING: &[&str] = &["booking-service"];
const ARCHIVAL: &[&str] = &["archival-service"];
/// Those with an outbox.
const TELLING: &[&str] = &["booking-service", "hotel-service"];
/// Those with a consumer.
const READING: &[&str] = &[
    "archival-service",
    "booking-mgmt-service",
    "booking-service",
    "notification-service",
    "search-service",
];

/// An enum, and for each of it the name, the services and the meaning, said once.
macro_rules! names {
    ($about:literal $kind:ident { $($variant:ident $name:literal in $services:ident: $meaning:literal,)* }) => {
        #[doc = $about]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind {
            $(#[doc = $meaning] $variant,)*
        }

        impl $kind {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What it is called in the environment.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in one line.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// The services in which it can come to pass.
            pub const fn services(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $services,)* }
            }

            /// The one of that name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().find(|one| one.name() == name).copied()
            }
        }
    };
}

names! {
    "A place at which a process can be told to kill itself."
    Point {
        AfterLoad "after-load" in BOOKING: "a batch is read and not yet decided",
        AfterWrite "after-write" in BOOKING: "the rows of a batch are written, its nights perhaps not",
        AfterNights "after-nights" in BOOKING: "the nights of a batch are moved, nothing is committed",
        BeforeCommit "before-commit" in BOOKING: "every guard of a batch is met, COMMIT is not sent",
        AfterCommit "after-commit" in BOOKING: "the answer to COMMIT has come, the shard does not know it",
        BeforeEffects "before-effects" in BOOKING: "the shard knows that a batch is committed, nobody else does",
        BeforeAnswers "before-answers" in BOOKING: "relay, jobs and Redis are told of a batch, nobody is answered",
        RelayAfterRead "relay-after-read" in TELLING: "rows of the outbox are read and not published",
        RelayAfterPublish "relay-after-publish" in TELLING: "rows of the outbox are published and not marked",
        RelayAfterMark "relay-after-mark" in TELLING: "rows of the outbox are published and marked",
        ConsumerBeforeHandle "consumer-before-handle" in READING: "records have come and are not handled",
        ConsumerAfterHandle "consumer-after-handle" in READING: "records are handled, their offset is not committed",
        ArchiverAfterPut "archiver-after-put" in ARCHIVAL: "a copy is written to the archive and not read back",
        ArchiverAfterReadBack "archiver-after-read-back" in ARCHIVAL: "a copy is read back, MySQL is not told",
        ArchiverAfterDelete "archiver-after-delete" in ARCHIVAL: "a booking is deleted, that is not committed",
        RefundBeforeCall "refund-before-call" in BOOKING: "an attempt of a refund is claimed and not sent",
        RefundAfterCall "refund-after-call" in BOOKING: "the provider has answered a refund, nothing is written",
        HoldEndAfterAsk "hold-end-after-ask" in BOOKING: "the provider has said whether a hold is paid, nothing is written",
    }
}

names! {
    "A mistake that a process can be told to make."
    Fault {
        CheckThenAct "check-then-act" in BOOKING: "nights are written as decided, without their guard",
        MissingGuard "missing-guard" in BOOKING: "a booking's status, version and money are not guarded",
        AnswerBeforeCommit "answer-before-commit" in BOOKING: "clients are answered when the plan is sent",
        DoubleRelease "double-release" in BOOKING: "rooms given back are given back twice",
        SwallowedEvent "swallowed-event" in BOOKING: "the last event of a batch of several is not written",
        IdempotencyInACache "idempotency-in-a-cache" in BOOKING:
            "each process knows the keys it has used, the table has no unique one",
        RefusalFromMemory "refusal-from-memory" in BOOKING: "no is said because of a room that is only remembered",
        StaleStockVersion "stale-stock-version" in BOOKING: "the version of a room's stock is not guarded",
        PurgeByStatusOnly "purge-by-status-only" in ARCHIVAL: "an ended booking is purged whatever is still open",
        SecondCaptureIgnored "second-capture-ignored" in BOOKING: "a second payment is answered and left alone",
        RelayByLastId "relay-by-last-id" in TELLING: "the relay reads on behind the last id it has seen",
        AllAnsweredWhenOneMissed "all-answered-when-one-missed" in BOOKING:
            "a batch whose guard missed is answered as if written",
        KeyAfterReference "key-after-reference" in BOOKING: "a repeat is refused for its own reference before its key is found",
        MemoryKept "memory-kept" in BOOKING: "a room stays in memory as a batch left it that was never written, and counts as read",
        VoidNotOwed "void-not-owed" in BOOKING: "the void of a hold that ended unpaid is not written",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_one_word_is_said_once_and_is_known() {
        let points: BTreeSet<&str> = Point::ALL.iter().map(|point| point.name()).collect();
        let faults: BTreeSet<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!((points.len(), faults.len()), (Point::ALL.len(), Fault::ALL.len()));
        assert!(faults.len() >= 15 && points.is_disjoint(&faults));
        let is_word = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(points.union(&faults).all(|name| is_word(name)));
        assert!(Point::ALL.iter().all(|point| Point::named(point.name()) == Some(*point)));
        assert!(Fault::ALL.iter().all(|fault| Fault::named(fault.name()) == Some(*fault)));
        assert_eq!((Point::named("missing-guard"), Fault::named("after-load")), (None, None));
    }
}
