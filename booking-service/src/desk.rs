//! The desk: the one place through which every booking command goes.
//!
//! Load, let the core decide, commit under guards; if a guard missed, decide again under row locks. Afterwards the relay
//! and the jobs are woken, and Redis is told of a new hold; none of that is needed for anything but promptness.

mod effects;
mod ids;

use std::sync::Arc;

use booking_core::{
    Booking, Command, Created, Decided, Plan, Refusal, Request, Rules, Snapshot, TransitionIds, Wanted,
    create, decide,
};
use domain::BookingId;
use platform::ids::Ids;

use crate::store::{COMMIT_WITHIN, CommitError, Deadline, Ledger, StoreError};

pub use effects::{Effects, HOLD_PREFIX, hold_key, parse_hold_key};

/// How often work with an unknown outcome is run again: the unique keys decide, so the second run settles it unless the
/// database is gone.
const RUNS: u32 = 3;

/// Why a command has no effect.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database does not answer, or not with certainty.
    #[error("the stores of bookings do not answer")]
    Unavailable(#[source] platform::causes::BoxError),
    /// A booking is stored, but cannot be read: asking again does not help.
    #[error("a stored booking cannot be read")]
    Unreadable(#[source] platform::causes::BoxError),
}

/// Decides on a snapshot: what to answer and what to write. Pure: the same snapshot gives the same decision, and it may
/// be asked more than once.
pub type Decide<'a, T> = &'a (dyn Fn(&Snapshot) -> Result<(T, Plan), Refusal> + Send + Sync);

/// The desk.
#[derive(Clone)]
pub struct Desk {
    ledger: Arc<dyn Ledger>,
    ids: Arc<dyn Ids>,
    rules: Arc<Rules>,
    effects: Effects,
}

impl Desk {
    /// A desk in front of a ledger.
    pub fn new(ledger: Arc<dyn Ledger>, ids: Arc<dyn Ids>, rules: Rules, effects: Effects) -> Self {
        Self { ledger, ids, rules: Arc::new(rules), effects }
    }

    /// The settings that rules depend on.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What the database says now, for reads that no command follows.
    pub async fn look(&self, wanted: &Wanted) -> Result<Snapshot, DeskError> {
        self.ledger.load(wanted).await.map_err(DeskError::from)
    }

    /// Makes a booking, or finds the one that the same request has made.
    pub async fn book(&self, request: &Request) -> Result<Created, DeskError> {
        let ids = ids::new_booking(&*self.ids);
        let created = self
            .settle(&request.wanted(), &|snapshot: &Snapshot| {
                let created = create(snapshot, request, &ids, &self.rules)?;
                let plan = match &created {
                    Created::New(_, plan) => Plan::clone(plan),
                    Created::Repeat(_) | Created::RepeatArchived(_) => Plan::default(),
                };
                Ok((created, plan))
            })
            .await?;
        Ok(created)
    }

    /// Carries out a command on a booking.
    pub async fn command(&self, booking: BookingId, command: &Command) -> Result<Decided, DeskError> {
        self.command_with(&Wanted::booking(booking), booking, command, &|_, plan| plan).await
    }

    /// Carries out a command whose plan is completed by `also` (an answer to keep, a callback to record).
    pub async fn command_with(
        &self,
        wanted: &Wanted,
        booking: BookingId,
        command: &Command,
        also: &(dyn Fn(&Decided, Plan) -> Plan + Send + Sync),
    ) -> Result<Decided, DeskError> {
        let ids = ids::transition(&*self.ids);
        self.settle(wanted, &|snapshot: &Snapshot| {
            let decided = decide(snapshot, snapshot.booking(booking)?, command, &ids, &self.rules)?;
            let plan = also(&decided, decided.plan.clone());
            Ok((decided, plan))
        })
        .await
    }

    /// Carries out a command on a booking that is archived: its record comes from the archive.
    pub async fn command_archived(
        &self,
        wanted: &Wanted,
        archived: &domain::booking::BookingRecord,
        command: &Command,
        also: &(dyn Fn(&Decided, Plan) -> Plan + Send + Sync),
    ) -> Result<Decided, DeskError> {
        let ids = ids::transition(&*self.ids);
        let revive = |snapshot: &Snapshot| -> Result<Booking, Refusal> {
            snapshot.revive(archived).ok_or(Refusal::UnknownBooking(archived.booking_id))
        };
        self.settle(wanted, &|snapshot: &Snapshot| {
            let decided = decide(snapshot, &revive(snapshot)?, command, &ids, &self.rules)?;
            let plan = also(&decided, decided.plan.clone());
            Ok((decided, plan))
        })
        .await
    }

    /// Decides and writes: a proposal on what was read, then, if it is stale, a decision under locks.
    pub async fn settle<T: Send>(&self, wanted: &Wanted, decide: Decide<'_, T>) -> Result<T, DeskError> {
        let mut run = 1;
        loop {
            match self.settle_once(wanted, decide).await {
                Err(Unsettled::Unknown(_)) if run < RUNS => run += 1,
                Err(Unsettled::Unknown(source)) => return Err(DeskError::Unavailable(source)),
                Err(Unsettled::Failed(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    async fn settle_once<T: Send>(&self, wanted: &Wanted, decide: Decide<'_, T>) -> Result<T, Unsettled> {
        let until = Deadline::after(COMMIT_WITHIN);
        let snapshot = self.ledger.load(wanted).await.map_err(DeskError::from)?;
        let (answer, plan) = decide(&snapshot).map_err(DeskError::from)?;
        if plan.is_empty() {
            return Ok(answer);
        }
        match self.ledger.commit(&plan, until).await {
            Ok(()) => {
                self.effects.after(&plan, snapshot.now);
                Ok(answer)
            }
            Err(CommitError::Stale) => self.settle_locked(wanted, decide).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn settle_locked<T: Send>(&self, wanted: &Wanted, decide: Decide<'_, T>) -> Result<T, Unsettled> {
        metrics::counter!("booking_plans_stale_total").increment(1);
        let plan = |snapshot: &Snapshot| decide(snapshot).map(|(_, plan)| plan).unwrap_or_default();
        let snapshot = self.ledger.commit_locked(wanted, &plan).await?;
        let (answer, plan) = decide(&snapshot).map_err(DeskError::from)?;
        self.effects.after(&plan, snapshot.now);
        Ok(answer)
    }

    /// Fresh ids for one command.
    pub fn transition_ids(&self) -> TransitionIds {
        ids::transition(&*self.ids)
    }

    /// Tells the relay that events were written beside the ledger.
    pub fn wake_relay(&self) {
        self.effects.wake_relay();
    }
}

/// Why one run did not settle it.
enum Unsettled {
    Failed(DeskError),
    Unknown(platform::causes::BoxError),
}

impl From<DeskError> for Unsettled {
    fn from(error: DeskError) -> Self {
        Self::Failed(error)
    }
}

impl From<CommitError> for Unsettled {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::OutcomeUnknown(source) => Self::Unknown(source.into()),
            CommitError::Store(source) => Self::Failed(source.into()),
            // Under locks nothing moves: a guard that misses all the same is tried again like an unknown outcome.
            CommitError::Stale => Self::Unknown(CommitError::Stale.into()),
        }
    }
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Unreadable(_) => Self::Unreadable(error.into()),
        }
    }
}
