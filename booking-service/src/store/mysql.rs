//! The ports on `MySQL`: one transaction per plan, guards first to last in the one lock order, nights right before
//! COMMIT.

mod locked;
mod snapshot;
mod stock;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use booking_core::{Claim, Plan, Snapshot, Wanted};
use chrono::NaiveDate;
use domain::{BookingId, HotelId, RoomId, UserId};
use platform::{
    mysql::{DbError, PacketTx, Reading, Transient, retry_unit},
    planted::{Point, crash_at},
};
use sqlx::{MySqlConnection, MySqlPool};
use uuid::Uuid;

use super::{
    COMMIT_WITHIN, CommitError, Deadline, DecideLocked, FreshFacts, Ledger, Parties, StoreError, Turn,
    sql::{
        MadeFacts, RETRY, ReadMode, Script, WriteError, bookings, keys, log, money, nights, outgoing, papers,
        stock as stock_sql,
    },
    took,
};

pub use stock::MySqlStock;

/// How often a decision under locks is made anew: it may find nights to be made, or a key that was taken between its
/// look and its insert, and after that nothing can be stale.
const LOCKED_RUNS: u32 = 4;

/// The ledger on `MySQL`.
#[derive(Debug, Clone)]
pub struct MySqlLedger {
    pool: MySqlPool,
    commit_within: Duration,
    fresh: Option<FreshFacts>,
}

impl MySqlLedger {
    /// A ledger on the primary.
    pub const fn new(pool: MySqlPool) -> Self {
        Self { pool, commit_within: COMMIT_WITHIN, fresh: None }
    }

    /// One that keeps the facts of what it reads and writes for who tells of it.
    #[must_use]
    pub fn keeping(self, fresh: FreshFacts) -> Self {
        Self { fresh: Some(fresh), ..self }
    }

    /// One whose decisions under locks are committed within so much time, or made anew.
    #[cfg(test)]
    #[must_use]
    pub fn committing_within(self, commit_within: Duration) -> Self {
        Self { commit_within, ..self }
    }

    /// Makes the rows of untouched nights. Who holds one of their rooms is the caller's to know, as in [`Self::write_once`].
    async fn ensure(&self, nights: &BTreeSet<(RoomId, NaiveDate)>) -> Result<(), CommitError> {
        let make = || async { stock::ensure_once(&self.pool, nights).await.map_err(Lost) };
        retry_unit(RETRY, make).await.map_err(|Lost(error)| error.into())
    }

    async fn write_once(&self, plan: &Plan, turn: &Turn) -> Result<(), WriteError> {
        // Written before a connection is taken: a session that says nothing for long is ended by the server.
        let (packets, made) = Packets::of(plan, turn)?;
        let mut tx = PacketTx::on(&self.pool).await?;
        let written = write_in_turn(&mut tx, packets, turn).await;
        let in_time = if turn.until().is_over() { Err(WriteError::Stale) } else { Ok(()) };
        match written.and(in_time) {
            Ok(()) => {
                commit(tx).await?;
            }
            Err(error) => {
                roll_back(tx.rollback().await);
                return Err(error);
            }
        }
        #[cfg(feature = "planted_faults")]
        crate::mistakes::committed(plan);
        turn.is_committed();
        if let Some(fresh) = &self.fresh {
            for (booking, facts) in made {
                fresh.keep(booking, facts);
            }
        }
        Ok(())
    }

    async fn locked_once(&self, wanted: &Wanted, decide: DecideLocked<'_>) -> Result<Locked, WriteError> {
        let mut tx = PacketTx::begin(&self.pool).await?;
        let until = Deadline::after(self.commit_within);
        let snapshot = match snapshot::read(tx.conn(), wanted, ReadMode::Locked, self.fresh.as_ref()).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                roll_back(tx.rollback().await);
                return Err(WriteError::Db(error));
            }
        };
        let plan = decide(&snapshot);
        if !plan.untouched.is_empty() {
            tx.rollback().await?;
            return Ok(Locked::Untouched(plan.untouched));
        }
        let written = write_all(tx.conn(), &plan).await;
        finish(tx, written, until).await?;
        #[cfg(feature = "planted_faults")]
        crate::mistakes::committed(&plan);
        Ok(Locked::Written(Box::new(snapshot)))
    }
}

/// Why a plan was not written. Only a deadlock is tried again here, since it has a winner each time; who holds a row, and that
/// the database was away, are the caller's to know.
struct Lost(WriteError);

impl Transient for Lost {
    fn is_transient(&self) -> bool {
        matches!(&self.0, WriteError::Db(DbError::Deadlock(_)))
    }
}

/// What a transaction under locks came to.
enum Locked {
    Written(Box<Snapshot>),
    Untouched(BTreeSet<(RoomId, NaiveDate)>),
}

#[async_trait]
impl Ledger for MySqlLedger {
    async fn load(&self, wanted: &Wanted) -> Result<Snapshot, StoreError> {
        let mut reading = Reading::on(&self.pool).await?;
        let read = snapshot::read(reading.conn(), wanted, ReadMode::Plain, self.fresh.as_ref()).await;
        reading.end();
        Ok(read?)
    }

    async fn commit(&self, plan: &Plan, turn: &Turn) -> Result<(), CommitError> {
        if plan.is_empty() {
            turn.for_commit().await?;
            turn.is_committed();
            return Ok(());
        }
        self.ensure(&plan.untouched).await?;
        let write = || async { self.write_once(plan, turn).await.map_err(Lost) };
        retry_unit(RETRY, write).await.map_err(|Lost(error)| error.into())
    }

    async fn commit_locked(
        &self,
        wanted: &Wanted,
        decide: DecideLocked<'_>,
    ) -> Result<Snapshot, CommitError> {
        for _ in 0..LOCKED_RUNS {
            let write = || async { self.locked_once(wanted, decide).await.map_err(Lost) };
            match retry_unit(RETRY, write).await.map_err(|Lost(error)| error) {
                Ok(Locked::Written(snapshot)) => return Ok(*snapshot),
                Ok(Locked::Untouched(nights)) => self.ensure(&nights).await?,
                Err(WriteError::Stale) => metrics::counter!("booking_locked_plans_stale_total").increment(1),
                Err(error @ (WriteError::Db(_) | WriteError::Defect(_) | WriteError::TakenBack(_))) => {
                    return Err(error.into());
                }
            }
        }
        Err(CommitError::Stale)
    }

    async fn locked(&self, claims: &BTreeSet<Claim>) -> Result<BTreeSet<Claim>, StoreError> {
        locked::look(&self.pool, claims).await
    }

    async fn parties(&self, booking: BookingId) -> Result<Option<Parties>, StoreError> {
        let sql = "select hotel_id, user_id from bookings where booking_id = ? \
                   union all select hotel_id, user_id from purged_bookings where booking_id = ? limit 1";
        let (id, mut reading) = (booking.uuid(), Reading::on(&self.pool).await?);
        let found = sqlx::query_as(sql).bind(id).bind(id).fetch_optional(reading.conn()).await;
        reading.end();
        let found: Option<(Uuid, Uuid)> = found?;
        Ok(found.map(|(hotel, user)| Parties {
            hotel_id: HotelId::from_uuid(hotel),
            user_id: UserId::from_uuid(user),
        }))
    }

    fn home(&self, _: HotelId) -> u16 {
        0
    }
}

/// The plan's statements in the one lock order: idempotency keys, bookings, their log, payments, papers. What [`sell`] locks
/// comes after all of these.
fn script(plan: &Plan) -> Result<Script, WriteError> {
    #[cfg(feature = "planted_faults")]
    let plan = &*crate::mistakes::plan(plan);
    let mut script = Script::default();
    keys::insert(&mut script, &plan.answers);
    bookings::insert(&mut script, &plan.bookings)?;
    bookings::change(&mut script, &plan.moves);
    log::write(&mut script, &plan.events);
    money::write(&mut script, plan);
    papers::write(&mut script, plan)?;
    outgoing::write(&mut script, plan)?;
    Ok(script)
}

/// The versions of the rooms, and the nights. They go together: whoever has locked a room and waits for the batch before it, while
/// somebody else wants that room for himself, could keep that very batch waiting.
fn sell(script: &mut Script, plan: &Plan) {
    stock_sql::require(script, &plan.stock);
    nights::shift(script, &plan.nights);
}

/// A plan as it is sent. Alone, everything is one packet; behind another plan the nights are a second one, sent once that one's
/// nights are moved, since it was decided on them.
struct Packets {
    rows: Script,
    nights: Option<Script>,
}

impl Packets {
    /// With the facts of what it makes.
    fn of(plan: &Plan, turn: &Turn) -> Result<(Self, MadeFacts), WriteError> {
        let mut rows = script(plan)?;
        let made = rows.take_made();
        if turn.is_alone() {
            sell(&mut rows, plan);
            return Ok((Self { rows, nights: None }, made));
        }
        let mut moved = Script::default();
        sell(&mut moved, plan);
        Ok((Self { rows, nights: Some(moved) }, made))
    }
}

async fn write_in_turn(tx: &mut PacketTx, packets: Packets, turn: &Turn) -> Result<(), WriteError> {
    send(tx, packets.rows).await?;
    crash_at(Point::AfterWrite);
    if let Some(moved) = packets.nights {
        let began = Instant::now();
        turn.for_nights().await?;
        send(tx, moved).await?;
        took("nights", began);
    }
    crash_at(Point::AfterNights);
    turn.has_nights();
    Ok(turn.for_commit().await?)
}

async fn send(tx: &mut PacketTx, script: Script) -> Result<(), WriteError> {
    let (packet, guards) = script.into_parts();
    guards.met(&tx.run(packet).await?)
}

async fn write_all(conn: &mut MySqlConnection, plan: &Plan) -> Result<(), WriteError> {
    let mut all = script(plan)?;
    sell(&mut all, plan);
    let (packet, guards) = all.into_parts();
    guards.met(&packet.run(conn).await?)?;
    crash_at(Point::AfterWrite);
    crash_at(Point::AfterNights);
    Ok(())
}

/// Commits what was written in time, else rolls it back.
async fn finish(tx: PacketTx, written: Result<(), WriteError>, until: Deadline) -> Result<(), WriteError> {
    let in_time = if until.is_over() { Err(WriteError::Stale) } else { Ok(()) };
    match written.and(in_time) {
        Ok(()) => commit(tx).await,
        Err(error) => {
            roll_back(tx.rollback().await);
            Err(error)
        }
    }
}

async fn commit(tx: PacketTx) -> Result<(), WriteError> {
    crash_at(Point::BeforeCommit);
    let began = Instant::now();
    tx.commit().await?;
    took("commit", began);
    crash_at(Point::AfterCommit);
    Ok(())
}

/// The connection is broken or the rollback worked; either way nothing remains.
fn roll_back(done: Result<(), DbError>) {
    if let Err(rollback) = done {
        let error: &dyn std::error::Error = &rollback;
        tracing::debug!(error, "a transaction ended by its connection");
    }
}

impl From<WriteError> for CommitError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Stale => Self::Stale,
            WriteError::Defect(check) => Self::Defect(check),
            WriteError::TakenBack(why) => Self::TakenBack(why),
            WriteError::Db(error @ DbError::LockTimeout(_)) => Self::LockTimeout(error),
            WriteError::Db(error @ DbError::CommitUnknown(_)) => Self::OutcomeUnknown(error),
            WriteError::Db(
                error @ (DbError::Deadlock(_)
                | DbError::Unique { .. }
                | DbError::Check { .. }
                | DbError::ConnectionLost(_)
                | DbError::Other(_)),
            ) => Self::Store(error.into()),
        }
    }
}
