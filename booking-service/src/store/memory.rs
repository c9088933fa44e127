//! The ledger in memory: what a ledger has to do, without a server.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use booking_core::{
    Claim, Plan, Snapshot, Wanted,
    books::{Books, Guard},
};
use domain::{BookingId, HotelId};
use platform::mysql::DbError;

use super::{CommitError, DecideLocked, Ledger, Parties, StoreError, Turn};

/// The ledger in memory.
pub(super) struct MemoryLedger {
    books: Mutex<Books>,
    held: Mutex<BTreeSet<Claim>>,
}

impl MemoryLedger {
    /// With these rows.
    pub(super) fn new(rows: Snapshot) -> Self {
        Self { books: Mutex::new(Books { rows }), held: Mutex::default() }
    }

    /// Somebody else holds this from now on.
    pub(super) fn hold(&self, claim: Claim) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(claim);
    }

    /// Nobody else holds anything any more.
    pub(super) fn let_go(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_held(&self, plan: &Plan) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let nights = plan.nights.keys().map(|at| Claim::Night(*at));
        let rooms = plan.stock.keys().map(|room| Claim::Room(*room));
        let bookings = plan.moves.iter().map(|step| Claim::Booking(step.booking_id));
        let scopes = plan.bookings.iter().map(|new| Claim::Scope(new.key.scope));
        nights.chain(rooms).chain(bookings).chain(scopes).any(|claim| held.contains(&claim))
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn load(&self, wanted: &Wanted) -> Result<Snapshot, StoreError> {
        Ok(self.books().load(wanted))
    }

    async fn commit(&self, plan: &Plan, turn: &Turn) -> Result<(), CommitError> {
        if self.is_held(plan) {
            return Err(CommitError::LockTimeout(DbError::LockTimeout(sqlx::Error::WorkerCrashed)));
        }
        turn.for_nights().await?;
        let written = self.books().clone().commit(plan);
        written.map_err(missed)?;
        turn.has_nights();
        turn.for_commit().await?;
        if turn.until().is_over() {
            return Err(CommitError::Stale);
        }
        self.books().commit(plan).map_err(missed)?;
        turn.is_committed();
        Ok(())
    }

    async fn commit_locked(
        &self,
        wanted: &Wanted,
        decide: DecideLocked<'_>,
    ) -> Result<Snapshot, CommitError> {
        let mut books = self.books();
        let snapshot = books.load(wanted);
        books.commit(&decide(&snapshot)).map_err(missed)?;
        Ok(snapshot)
    }

    async fn locked(&self, claims: &BTreeSet<Claim>) -> Result<BTreeSet<Claim>, StoreError> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(held.intersection(claims).cloned().collect())
    }

    async fn parties(&self, booking: BookingId) -> Result<Option<Parties>, StoreError> {
        let read = self.books().load(&Wanted::booking(booking));
        let of = |hotel_id, user_id| Parties { hotel_id, user_id };
        let active = read.bookings.get(&booking).map(|one| of(one.record.hotel_id, one.record.user_id));
        Ok(active.or_else(|| read.purged.get(&booking).map(|purged| of(purged.hotel_id, purged.user_id))))
    }

    fn home(&self, _: HotelId) -> u16 {
        0
    }
}

/// What MySQL makes of the same: what a check of the database refuses is no race.
fn missed(guard: Guard) -> CommitError {
    match guard {
        Guard::Overdrawn => {
            let (constraint, source) = ("payments_refunds".to_owned(), sqlx::Error::WorkerCrashed);
            CommitError::Defect(DbError::Check { constraint, source })
        }
        Guard::Key
        | Guard::Reference
        | Guard::Booking
        | Guard::Money
        | Guard::Papers
        | Guard::Stock
        | Guard::Night => CommitError::Stale,
    }
}
