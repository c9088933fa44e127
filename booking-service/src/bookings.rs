//! Bookings as commands change them: the one way through which every booking command goes.
//!
//! A command becomes a work for the shard of its hotel, which decides it with others and answers after their COMMIT. A booking
//! that was purged comes back as such; its record is read from the archive and the work submitted again.

mod effects;
pub mod hints;
mod ids;

use std::sync::Arc;

use booking_core::{
    Booking, Command, Created, Decided, KeepAnswer, KeptAnswer, Need, Order, Outcome, PaymentEvent, Plan,
    Refusal, Request, Rules, Snapshot, Task, TransitionIds, Unreadable, Wanted, Work,
    shard::{Answer, Class},
};
use domain::{BookingId, HotelId, Instant, PaymentId, booking::BookingRecord};
use platform::{causes::BoxError, ids::Ids};
use records::{Archive, ArchiveError};

use crate::{
    shards::Shards,
    store::{self, COMMIT_WITHIN, Deadline, Ledger, Parties, StoreError, Turn},
};

pub use effects::Effects;
pub(crate) use ids::transition as transition_ids;

/// Why a command has no effect.
#[derive(Debug, thiserror::Error)]
pub enum BookingError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such booking to look at.
    #[error("nobody knows booking {0}")]
    Unknown(BookingId),
    /// As many works wait as may.
    #[error("too many bookings wait")]
    Overloaded,
    /// As many repeats of this request wait for it as may.
    #[error("too many repeats of this request wait for it")]
    InProgress,
    /// The database does not answer, or not with certainty.
    #[error("the stores of bookings do not answer")]
    Unavailable(#[source] BoxError),
    /// A booking, or the hotel or room it is about, is stored, but cannot be read: asking again does not help.
    #[error("what is stored cannot be read")]
    Unreadable(#[source] BoxError),
    /// What is stored contradicts what is decided, also under locks: another request may just have been faster, but a row
    /// that is damaged stays so.
    #[error("what is stored contradicts the decision, also under locks, or these took too long")]
    Stuck,
    /// A work came to something that no work of its kind comes to: a defect.
    #[error("a work came to something that it cannot come to")]
    Failed,
}

/// A booking and the moment at which it was so.
#[derive(Debug, Clone)]
pub struct Found {
    /// The booking with its money.
    pub booking: Booking,
    /// The database's clock then.
    pub now: Instant,
}

impl Found {
    /// Whose it is.
    pub fn parties(&self) -> Parties {
        let record = &self.booking.record;
        Parties { hotel_id: record.hotel_id, user_id: record.user_id }
    }
}

/// A command on a booking, with what is written beside it.
#[derive(Debug)]
pub struct Ordered {
    /// The booking.
    pub booking_id: BookingId,
    /// Its hotel, where the caller knows it.
    pub hotel_id: Option<HotelId>,
    /// The command.
    pub command: Command,
    /// The payment it is about, which must be the booking's own.
    pub payment: Option<PaymentId>,
    /// Under which key its answer is kept.
    pub keep: Option<KeepAnswer>,
    /// The provider's words that brought it.
    pub told: Option<PaymentEvent>,
}

/// What a command has come to.
#[derive(Debug)]
pub enum Done {
    /// It was carried out.
    Decided(Box<Decided>),
    /// Its key has carried it out before.
    Kept(Box<KeptAnswer>),
}

/// Every booking there is, active and archived, and the one way to change them.
#[derive(Clone)]
pub struct Bookings {
    ledger: Arc<dyn Ledger>,
    quiet: Arc<dyn Ledger>,
    archive: Arc<dyn Archive>,
    ids: Arc<dyn Ids>,
    rules: Arc<Rules>,
    shards: Shards,
    effects: Effects,
}

impl Bookings {
    /// Those of the shards, and of the archive for what was purged. The first ledger is for reads beside the shards; what is
    /// written by the other stands in no log.
    pub fn new(
        (ledger, quiet): (Arc<dyn Ledger>, Arc<dyn Ledger>),
        archive: Arc<dyn Archive>,
        ids: Arc<dyn Ids>,
        (rules, effects): (Arc<Rules>, Effects),
        shards: Shards,
    ) -> Self {
        Self { ledger, quiet, archive, ids, rules, shards, effects }
    }

    /// The settings that rules depend on.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What the database says now, for reads that no command follows. What is asked for by its name must be readable; among
    /// all rooms of a hotel one that is not is left out.
    pub async fn look(&self, wanted: &Wanted) -> Result<Snapshot, BookingError> {
        let snapshot = store::read(&*self.ledger, wanted).await?;
        let named = snapshot.unreadable.iter().find(|row| wanted.names(**row)).copied();
        named.map_or(Ok(snapshot), |row| Err(unreadable(row)))
    }

    /// Makes a booking, or finds the one that the same request has made.
    pub async fn book(&self, request: Request) -> Result<Created, BookingError> {
        let hotel_id = request.stay.hotel_id();
        let task = Task::Book(Box::new(request), ids::new_booking(&*self.ids));
        match self.outcome(Class::Book, Work { hotel_id, task }).await? {
            Outcome::Created(created) => Ok(created),
            other @ (Outcome::Decided(_)
            | Outcome::Kept(_)
            | Outcome::Refused(_)
            | Outcome::Again(_)
            | Outcome::Unreadable(_)) => Err(odd(&other)),
        }
    }

    /// Carries out a command on a booking, active or archived.
    pub async fn carry_out(&self, booking: BookingId, command: &Command) -> Result<Decided, BookingError> {
        self.decided(Ordered::plain(booking, command.clone())).await
    }

    /// The same for a booking whose hotel is known: nothing is read before.
    pub async fn carry_out_in(
        &self,
        hotel: HotelId,
        booking: BookingId,
        command: Command,
    ) -> Result<Decided, BookingError> {
        self.decided(Ordered { hotel_id: Some(hotel), ..Ordered::plain(booking, command) }).await
    }

    async fn decided(&self, ordered: Ordered) -> Result<Decided, BookingError> {
        match self.order(ordered).await? {
            Done::Decided(decided) => Ok(*decided),
            Done::Kept(_) => Err(BookingError::Failed),
        }
    }

    /// Carries out a command, and writes what comes with it.
    pub async fn order(&self, ordered: Ordered) -> Result<Done, BookingError> {
        let hotel_id = match ordered.hotel_id {
            Some(hotel) => hotel,
            None => self.hotel_of(ordered.booking_id).await?,
        };
        let class = class(&ordered.command);
        let mut order = ordered.into_order(ids::transition(&*self.ids));
        // An archived booking does not come back, so the second round is the last.
        for _ in 0..2 {
            let work = Work { hotel_id, task: Task::Command(Box::new(order.clone())) };
            match self.outcome(class, work).await? {
                Outcome::Decided(decided) => return Ok(Done::Decided(decided)),
                Outcome::Kept(kept) => return Ok(Done::Kept(kept)),
                Outcome::Again(Need::Archive(id)) => {
                    order.archived = Some(Arc::new(self.archived(id).await?));
                }
                other @ (Outcome::Created(_)
                | Outcome::Refused(_)
                | Outcome::Again(Need::Turn | Need::Fresh | Need::Written)
                | Outcome::Unreadable(_)) => return Err(odd(&other)),
            }
        }
        Err(Refusal::UnknownBooking(order.booking_id).into())
    }

    async fn outcome(&self, class: Class, work: Work) -> Result<Outcome, BookingError> {
        match self.shards.submit(class, work).await {
            Answer::Outcome(Outcome::Refused(refusal)) => Err(refusal.into()),
            Answer::Outcome(Outcome::Unreadable(row)) => Err(unreadable(row)),
            Answer::Outcome(outcome) => Ok(outcome),
            Answer::Overloaded => Err(BookingError::Overloaded),
            Answer::InProgress => Err(BookingError::InProgress),
            Answer::Unavailable => Err(BookingError::Unavailable("the shard gave no answer in time".into())),
            Answer::Failed => Err(BookingError::Stuck),
        }
    }

    /// Keeps a callback that changes nothing.
    pub async fn record(&self, event: PaymentEvent) -> Result<(), BookingError> {
        let plan = Plan::default().and_payment_event(event);
        let turn = Turn::alone(Deadline::after(COMMIT_WITHIN));
        // Recorded twice it is recorded once, so an outcome that is not known is told as none.
        let written = self.quiet.commit(&plan, &turn).await;
        written.map_err(|error| BookingError::Unavailable(error.into()))
    }

    async fn hotel_of(&self, booking: BookingId) -> Result<HotelId, BookingError> {
        let parties = store::parties(&*self.ledger, booking).await?;
        Ok(parties.ok_or(Refusal::UnknownBooking(booking))?.hotel_id)
    }

    /// Whose a booking is, active or archived, for who asks whether its command may follow.
    pub async fn parties(&self, booking: BookingId) -> Result<Parties, BookingError> {
        store::parties(&*self.ledger, booking).await?.ok_or(BookingError::Unknown(booking))
    }

    /// A booking as it is now, active or archived, for reads that no command follows.
    pub async fn find(&self, id: BookingId) -> Result<Found, BookingError> {
        let mut snapshot = self.look(&Wanted::booking(id)).await?;
        let now = snapshot.now;
        let booking = match snapshot.bookings.remove(&id) {
            Some(active) => Some(active),
            None if snapshot.purged.contains_key(&id) => snapshot.revive(&self.archived(id).await?),
            None => None,
        };
        booking.map(|booking| Found { booking, now }).ok_or(BookingError::Unknown(id))
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

    /// Fresh ids for one command.
    pub fn transition_ids(&self) -> TransitionIds {
        ids::transition(&*self.ids)
    }

    /// Tells the relay that events were written beside the ledger.
    pub fn wake_relay(&self) {
        self.effects.wake_relay();
    }
}

impl Ordered {
    /// A command with nothing beside it.
    pub const fn plain(booking_id: BookingId, command: Command) -> Self {
        Self { booking_id, hotel_id: None, command, payment: None, keep: None, told: None }
    }

    fn into_order(self, ids: TransitionIds) -> Order {
        let Self { booking_id, hotel_id: _, command, payment, keep, told } = self;
        Order { booking_id, command, ids, payment, keep, told, archived: None }
    }
}

/// Money and rooms that come back go first; what nobody waits for, last.
const fn class(command: &Command) -> Class {
    match command {
        Command::NumberPapers | Command::StayEnded => Class::Upkeep,
        Command::PaymentSucceeded(_)
        | Command::CheckoutEnded
        | Command::HoldDue
        | Command::ProviderSaid(_)
        | Command::Cancel(_)
        | Command::VoidConfirmed
        | Command::RefundConfirmed(_)
        | Command::Reviewed(_) => Class::Money,
    }
}

fn unreadable(row: Unreadable) -> BookingError {
    BookingError::Unreadable(format!("{row} does not parse").into())
}

/// An outcome that a work of this kind never has.
fn odd(outcome: &Outcome) -> BookingError {
    tracing::error!(?outcome, "a work came to something that it cannot come to");
    BookingError::Failed
}

impl From<StoreError> for BookingError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Unreadable(_) => Self::Unreadable(error.into()),
        }
    }
}
