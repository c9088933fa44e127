//! A ledger in trouble: it fails some calls, and then does what it should.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use booking_core::{Claim, Plan, Snapshot, Wanted};
use domain::{BookingId, HotelId};

use super::door::Door;
use crate::store::{CommitError, DecideLocked, Ledger, Parties, StoreError, Turn};

/// What a commit is answered with.
type Trouble = Box<dyn Fn() -> CommitError + Send + Sync>;

/// A ledger in trouble.
pub(super) struct Troubled {
    ledger: Arc<dyn Ledger>,
    loads: Mutex<u32>,
    commits: Mutex<VecDeque<Trouble>>,
    always: Option<Trouble>,
}

impl Troubled {
    /// In none yet.
    pub(super) fn of(door: &Door) -> Self {
        Self { ledger: door.ledger.clone(), loads: Mutex::new(0), commits: Mutex::default(), always: None }
    }

    /// It does not answer so many loads.
    pub(super) fn not_loading(self, loads: u32) -> Self {
        Self { loads: Mutex::new(loads), ..self }
    }

    /// One commit more fails so, in this order.
    pub(super) fn failing(self, trouble: impl Fn() -> CommitError + Send + Sync + 'static) -> Self {
        self.commits.lock().unwrap().push_back(Box::new(trouble));
        self
    }

    /// Nothing is ever committed, with locks or without.
    pub(super) fn always_failing(self, trouble: impl Fn() -> CommitError + Send + Sync + 'static) -> Self {
        Self { always: Some(Box::new(trouble)), ..self }
    }

    fn trouble(&self) -> Result<(), CommitError> {
        let next = self.commits.lock().unwrap().pop_front();
        next.as_ref().or(self.always.as_ref()).map_or(Ok(()), |trouble| Err(trouble()))
    }
}

#[async_trait]
impl Ledger for Troubled {
    async fn load(&self, wanted: &Wanted) -> Result<Snapshot, StoreError> {
        let away = {
            let mut loads = self.loads.lock().unwrap();
            let away = *loads > 0;
            *loads = loads.saturating_sub(1);
            away
        };
        if away { Err(sqlx::Error::PoolClosed.into()) } else { self.ledger.load(wanted).await }
    }

    async fn commit(&self, plan: &Plan, turn: &Turn) -> Result<(), CommitError> {
        self.trouble()?;
        self.ledger.commit(plan, turn).await
    }

    async fn commit_locked(
        &self,
        wanted: &Wanted,
        decide: DecideLocked<'_>,
    ) -> Result<Snapshot, CommitError> {
        match &self.always {
            Some(trouble) => Err(trouble()),
            None => self.ledger.commit_locked(wanted, decide).await,
        }
    }

    async fn locked(&self, claims: &BTreeSet<Claim>) -> Result<BTreeSet<Claim>, StoreError> {
        self.ledger.locked(claims).await
    }

    async fn parties(&self, booking: BookingId) -> Result<Option<Parties>, StoreError> {
        self.ledger.parties(booking).await
    }

    fn home(&self, hotel: HotelId) -> u16 {
        self.ledger.home(hotel)
    }
}
