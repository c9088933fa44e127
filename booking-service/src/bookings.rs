//! Bookings as commands change them: the one way through which every booking command goes.
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
use domain::{BookingId, Instant, booking::BookingRecord};
use platform::{causes::BoxError, ids::Ids};
use records::{Archive, ArchiveError};

use crate::store::{COMMIT_WITHIN, CommitError, Deadline, Ledger, StoreError};

pub use effects::{Effects, HOLD_PREFIX, hold_key, parse_hold_key};

/// How often work with an unknown outcome is run again: the unique keys decide, so the second run settles it unless the
/// database is gone.
const RUNS: u32 = 3;

/// Why a command has no effect.
#[derive(Debug, thiserror::Error)]
pub enum BookingError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database does not answer, or not with certainty.
    #[error("the stores of bookings do not answer")]
    Unavailable(#[source] BoxError),
    /// A booking is stored, but cannot be read: asking again does not help.
    #[error("a stored booking cannot be read")]
    Unreadable(#[source] BoxError),
    /// What is stored contradicts what is decided, also under locks: another request may just have been faster, but a row
    /// that is damaged stays so.
    #[error("what is stored contradicts the decision, also under locks, or these took too long")]
    Stuck,
}

/// Decides on a snapshot: what to answer and what to write. Pure: the same snapshot gives the same decision, and it may
/// be asked more than once.
pub type Decide<'a, T> = &'a (dyn Fn(&Snapshot) -> Result<(T, Plan), Refusal> + Send + Sync);

/// Decides about one booking, which is active or was made of the archive's record.
pub type DecideOn<'a, T> = &'a (dyn Fn(&Snapshot, &Booking) -> Result<(T, Plan), Refusal> + Send + Sync);

/// A booking and the moment at which it was so.
#[derive(Debug, Clone)]
pub struct Found {
    /// The booking with its money.
    pub booking: Booking,
    /// The database's clock then.
    pub now: Instant,
}

/// Every booking there is, active and archived, and the one way to change them.
#[derive(Clone)]
pub struct Bookings {
    ledger: Arc<dyn Ledger>,
    archive: Arc<dyn Archive>,
    ids: Arc<dyn Ids>,
    rules: Arc<Rules>,
    effects: Effects,
}

impl Bookings {
    /// Those of a ledger, and of the archive for what was purged from it.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        archive: Arc<dyn Archive>,
        ids: Arc<dyn Ids>,
        rules: Rules,
        effects: Effects,
    ) -> Self {
        Self { ledger, archive, ids, rules: Arc::new(rules), effects }
    }

    /// The settings that rules depend on.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What the database says now, for reads that no command follows.
    pub async fn look(&self, wanted: &Wanted) -> Result<Snapshot, BookingError> {
        self.ledger.load(wanted).await.map_err(BookingError::from)
    }

    /// Makes a booking, or finds the one that the same request has made.
    pub async fn book(&self, request: &Request) -> Result<Created, BookingError> {
        let ids = ids::new_booking(&*self.ids);
        let decide = |snapshot: &Snapshot| {
            let created = create(snapshot, request, &ids, &self.rules)?;
            let plan = match &created {
                Created::New(_, plan) => Plan::clone(plan),
                Created::Repeat(_) | Created::RepeatArchived(_) => Plan::default(),
            };
            Ok((created, plan))
        };
        match self.settle(&request.wanted(), &decide).await {
            // The booking that has the key was purged between two of our reads: the next read finds the key there.
            Err(BookingError::Refused(Refusal::UnknownBooking(_))) => {
                self.settle(&request.wanted(), &decide).await
            }
            done => done,
        }
    }

    /// Carries out a command on a booking, active or archived.
    pub async fn carry_out(&self, booking: BookingId, command: &Command) -> Result<Decided, BookingError> {
        let ids = ids::transition(&*self.ids);
        let decide = |snapshot: &Snapshot, booking: &Booking| {
            let decided = decide(snapshot, booking, command, &ids, &self.rules)?;
            let plan = decided.plan.clone();
            Ok((decided, plan))
        };
        let series = matches!(command, Command::NumberPapers);
        self.settle_on(&Wanted { series, ..Wanted::booking(booking) }, booking, &decide).await
    }

    /// Decides on a booking, active or archived, and writes. `wanted` names the booking and whatever else the decision
    /// needs.
    ///
    /// A booking may be purged between any two of our reads. What is decided on is therefore found anew by every read,
    /// also by the one under locks: first among the active ones, then, once a read says that it was purged, in the
    /// archive. From there it does not come back, so the second round is the last.
    pub async fn settle_on<T: Send>(
        &self,
        wanted: &Wanted,
        booking: BookingId,
        decide: DecideOn<'_, T>,
    ) -> Result<T, BookingError> {
        let found = self.settle(wanted, &|snapshot| on(snapshot, booking, None, decide)).await?;
        if let On::Booking(answer) = found {
            return Ok(answer);
        }
        let record = self.archived(booking).await?;
        match self.settle(wanted, &|snapshot| on(snapshot, booking, Some(&record), decide)).await? {
            On::Booking(answer) => Ok(answer),
            On::Purged => Err(Refusal::UnknownBooking(booking).into()),
        }
    }

    /// A booking as it is now, active or archived, for reads that no command follows.
    pub async fn find(&self, booking: BookingId) -> Result<Found, BookingError> {
        let found = |snapshot: &Snapshot, booking: &Booking| {
            Ok((Found { booking: booking.clone(), now: snapshot.now }, Plan::default()))
        };
        self.settle_on(&Wanted::booking(booking), booking, &found).await
    }

    /// The record of a purged booking.
    pub async fn archived(&self, booking: BookingId) -> Result<BookingRecord, BookingError> {
        match self.archive.by_id(booking).await {
            Ok(Some(record)) => Ok(record),
            Ok(None) => Err(BookingError::Unreadable("a purged booking is not in the archive".into())),
            Err(error @ ArchiveError::Unavailable(_)) => Err(BookingError::Unavailable(error.into())),
            Err(error @ ArchiveError::Corrupt(_)) => Err(BookingError::Unreadable(error.into())),
        }
    }

    /// Decides and writes: a proposal on what was read, then, if it is stale, a decision under locks.
    pub async fn settle<T: Send>(&self, wanted: &Wanted, decide: Decide<'_, T>) -> Result<T, BookingError> {
        let mut run = 1;
        loop {
            match self.settle_once(wanted, decide).await {
                Err(Unsettled::Unknown(_) | Unsettled::Stale) if run < RUNS => run += 1,
                Err(Unsettled::Unknown(source)) => return Err(BookingError::Unavailable(source)),
                Err(Unsettled::Stale) => return Err(BookingError::Stuck),
                Err(Unsettled::Failed(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
        }
    }

    async fn settle_once<T: Send>(&self, wanted: &Wanted, decide: Decide<'_, T>) -> Result<T, Unsettled> {
        let until = Deadline::after(COMMIT_WITHIN);
        let snapshot = self.ledger.load(wanted).await.map_err(BookingError::from)?;
        let (answer, plan) = decide(&snapshot).map_err(BookingError::from)?;
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
        let (answer, plan) = decide(&snapshot).map_err(BookingError::from)?;
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

/// What a read says of a booking that a decision is about.
enum On<T> {
    Booking(T),
    /// It is in the archive, and its record is needed.
    Purged,
}

/// Decides on the booking as this snapshot has it, or on its record from the archive if the snapshot says it was purged.
fn on<T>(
    snapshot: &Snapshot,
    id: BookingId,
    archived: Option<&BookingRecord>,
    decide: DecideOn<'_, T>,
) -> Result<(On<T>, Plan), Refusal> {
    let (answer, plan) = match (snapshot.bookings.get(&id), archived) {
        (Some(active), _) => decide(snapshot, active)?,
        (None, Some(record)) => {
            decide(snapshot, &snapshot.revive(record).ok_or(Refusal::UnknownBooking(id))?)?
        }
        (None, None) if snapshot.purged.contains_key(&id) => return Ok((On::Purged, Plan::default())),
        (None, None) => return Err(Refusal::UnknownBooking(id)),
    };
    Ok((On::Booking(answer), plan))
}

/// Why one run did not settle it.
enum Unsettled {
    Failed(BookingError),
    Unknown(BoxError),
    /// Under locks nothing moves: a guard that misses all the same is tried again like an unknown outcome.
    Stale,
}

impl From<BookingError> for Unsettled {
    fn from(error: BookingError) -> Self {
        Self::Failed(error)
    }
}

impl From<CommitError> for Unsettled {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::OutcomeUnknown(source) => Self::Unknown(source.into()),
            CommitError::Store(source) => Self::Failed(source.into()),
            CommitError::Stale => Self::Stale,
        }
    }
}

impl From<StoreError> for BookingError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Unreadable(_) => Self::Unreadable(error.into()),
        }
    }
}
