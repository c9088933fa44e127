//! The hotel database on `MySQL`: each write is one transaction, run again whole when it lost a deadlock.

mod again;

use std::collections::HashSet;

use ::domain::{HotelId, Instant, LocalityId, RoomId};
use async_trait::async_trait;
use events::outbox;
use platform::{
    mysql::{DbError, RetrySettings, Tx, retry_unit},
    pace::Wake,
};
use sqlx::MySqlPool;
use uuid::Uuid;

use super::{
    AuditLog, AuditMark, Created, Cursor, Facilities, Hotels, KeptAnswer, KeptAnswers, Localities,
    LocalityFilter, LocalityMark, Part, Replaced, Revision, Rooms, StoreError, sql,
};
use crate::domain::{
    audit::Entry,
    catalogue::Catalogue,
    hotel::Hotel,
    locality::{Locality, NewLocality, Place},
    room::Room,
};

pub(crate) use again::Retold;
pub use again::{Again, PassedBy, Told};

/// All ports on one pool.
#[derive(Debug, Clone)]
pub struct MySqlStore {
    pool: MySqlPool,
    waker: Option<Wake>,
    retry: RetrySettings,
}

impl MySqlStore {
    /// The store on a pool; `waker` wakes the relay of this process, where there is one.
    pub const fn new(pool: MySqlPool, waker: Option<Wake>, retry: RetrySettings) -> Self {
        Self { pool, waker, retry }
    }

    async fn conn(&self) -> Result<sqlx::pool::PoolConnection<sqlx::MySql>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    fn committed(&self) {
        if let Some(waker) = &self.waker {
            waker.wake();
        }
    }

    async fn create_hotel(
        &self,
        hotel: &Revision<Hotel>,
        answer: &KeptAnswer,
        most: u32,
    ) -> Result<Created, StoreError> {
        let mut tx = Tx::begin(&self.pool).await?;
        if !sql::kept::insert(tx.conn(), answer).await? {
            tx.rollback().await?;
            return Ok(Created::KeyTaken);
        }
        let owner = hotel.record.owner_id;
        sql::owners::lock(tx.conn(), owner).await?;
        let inserted = sql::hotels::insert(tx.conn(), &[&hotel.record]).await;
        if inserted.is_ok() && sql::hotels::are_above(tx.conn(), owner, most).await? {
            tx.rollback().await?;
            return Ok(Created::Full);
        }
        finish_creation(tx, inserted, hotel).await
    }

    async fn create_room(
        &self,
        room: &Revision<Room>,
        answer: Option<&KeptAnswer>,
        most: u32,
    ) -> Result<Created, StoreError> {
        let mut tx = Tx::begin(&self.pool).await?;
        if let Some(answer) = answer
            && !sql::kept::insert(tx.conn(), answer).await?
        {
            tx.rollback().await?;
            return Ok(Created::KeyTaken);
        }
        let hotel = room.record.hotel_id;
        sql::hotels::lock(tx.conn(), hotel).await?;
        let inserted = sql::rooms::insert(tx.conn(), &[&room.record]).await;
        if inserted.is_ok() && sql::rooms::are_above(tx.conn(), hotel, most).await? {
            tx.rollback().await?;
            return Ok(Created::Full);
        }
        finish_creation(tx, inserted, room).await
    }

    async fn replace_hotel(&self, hotel: &Revision<Hotel>) -> Result<Replaced, StoreError> {
        let mut tx = Tx::begin(&self.pool).await?;
        let written = sql::hotels::replace(tx.conn(), &hotel.record).await?;
        finish_replacement(tx, written, hotel).await
    }

    async fn replace_room(&self, room: &Revision<Room>) -> Result<Replaced, StoreError> {
        let mut tx = Tx::begin(&self.pool).await?;
        let written = sql::rooms::replace(tx.conn(), &room.record).await?;
        finish_replacement(tx, written, room).await
    }

    async fn add_hotels(
        &self,
        hotels: &[Revision<Hotel>],
        rooms: &[Revision<Room>],
    ) -> Result<(u64, u64), StoreError> {
        let mut tx = Tx::begin(&self.pool).await?;
        let there = sql::hotels::present(tx.conn(), hotels.iter().map(|hotel| hotel.record.hotel_id)).await?;
        let hotels: Vec<&Revision<Hotel>> =
            hotels.iter().filter(|hotel| !there.contains(&hotel.record.hotel_id.uuid())).collect();
        let there = sql::rooms::present(tx.conn(), rooms.iter().map(|room| room.record.room_id)).await?;
        let rooms: Vec<&Revision<Room>> =
            rooms.iter().filter(|room| !there.contains(&room.record.room_id.uuid())).collect();
        if !hotels.is_empty() {
            let records: Vec<&Hotel> = hotels.iter().map(|hotel| &hotel.record).collect();
            sql::hotels::insert(tx.conn(), &records).await?;
            tell(&mut tx, &hotels).await?;
        }
        if !rooms.is_empty() {
            let records: Vec<&Room> = rooms.iter().map(|room| &room.record).collect();
            sql::rooms::insert(tx.conn(), &records).await?;
            tell(&mut tx, &rooms).await?;
        }
        tx.commit().await?;
        Ok((count(hotels.len()), count(rooms.len())))
    }
}

/// The audit entries and events of records written in this transaction.
async fn tell<T>(tx: &mut Tx, revisions: &[&Revision<T>]) -> Result<(), StoreError> {
    let entries: Vec<&Entry> = revisions.iter().map(|revision| &revision.audit).collect();
    sql::audit::insert(tx.conn(), &entries).await?;
    let events: Vec<outbox::Entry> = revisions.iter().map(|revision| revision.event.clone().into()).collect();
    outbox::insert(tx.conn(), &events).await?;
    Ok(())
}

async fn finish_creation<T>(
    mut tx: Tx,
    inserted: Result<(), sqlx::Error>,
    revision: &Revision<T>,
) -> Result<Created, StoreError> {
    match inserted.map_err(DbError::from) {
        Ok(()) => {}
        Err(taken) if taken.violates("PRIMARY") => {
            tx.rollback().await?;
            return Ok(Created::Taken);
        }
        Err(error) => return Err(error.into()),
    }
    tell(&mut tx, &[revision]).await?;
    tx.commit().await?;
    Ok(Created::Done)
}

async fn finish_replacement<T>(
    mut tx: Tx,
    written: bool,
    revision: &Revision<T>,
) -> Result<Replaced, StoreError> {
    if !written {
        tx.rollback().await?;
        return Ok(Replaced::Stale);
    }
    tell(&mut tx, &[revision]).await?;
    tx.commit().await?;
    Ok(Replaced::Done)
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Whether COMMIT was sent and its answer lost.
const fn is_unknown<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Unavailable(DbError::CommitUnknown(_))))
}

#[async_trait]
impl Hotels for MySqlStore {
    async fn create(
        &self,
        hotel: &Revision<Hotel>,
        answer: &KeptAnswer,
        most: u32,
    ) -> Result<Created, StoreError> {
        let mut outcome = retry_unit(self.retry, || self.create_hotel(hotel, answer, most)).await;
        if is_unknown(&outcome) {
            // The same work again: if it had happened, the idempotency key says so.
            outcome = retry_unit(self.retry, || self.create_hotel(hotel, answer, most)).await;
        }
        self.committed();
        outcome
    }

    async fn replace(&self, hotel: &Revision<Hotel>) -> Result<Replaced, StoreError> {
        let outcome = retry_unit(self.retry, || self.replace_hotel(hotel)).await;
        self.committed();
        outcome
    }

    async fn find(&self, hotel_id: HotelId) -> Result<Option<Hotel>, StoreError> {
        sql::hotels::find(&mut *self.conn().await?, hotel_id).await
    }

    async fn list(
        &self,
        owner_id: Option<Uuid>,
        cursor: Cursor<HotelId>,
    ) -> Result<Part<Hotel, HotelId>, StoreError> {
        sql::hotels::list(&mut *self.conn().await?, owner_id, cursor).await
    }

    async fn add_missing(
        &self,
        hotels: &[Revision<Hotel>],
        rooms: &[Revision<Room>],
    ) -> Result<(u64, u64), StoreError> {
        let outcome = retry_unit(self.retry, || self.add_hotels(hotels, rooms)).await;
        self.committed();
        outcome
    }
}

#[async_trait]
impl Rooms for MySqlStore {
    async fn create(
        &self,
        room: &Revision<Room>,
        answer: Option<&KeptAnswer>,
        most: u32,
    ) -> Result<Created, StoreError> {
        let mut outcome = retry_unit(self.retry, || self.create_room(room, answer, most)).await;
        if is_unknown(&outcome) && answer.is_some() {
            outcome = retry_unit(self.retry, || self.create_room(room, answer, most)).await;
        }
        self.committed();
        outcome
    }

    async fn replace(&self, room: &Revision<Room>) -> Result<Replaced, StoreError> {
        let outcome = retry_unit(self.retry, || self.replace_room(room)).await;
        self.committed();
        outcome
    }

    async fn find(&self, room_id: RoomId) -> Result<Option<Room>, StoreError> {
        sql::rooms::find(&mut *self.conn().await?, room_id).await
    }

    async fn list(
        &self,
        hotel_id: HotelId,
        cursor: Cursor<RoomId>,
    ) -> Result<Part<Room, RoomId>, StoreError> {
        sql::rooms::list(&mut *self.conn().await?, hotel_id, cursor).await
    }
}

#[async_trait]
impl Localities for MySqlStore {
    async fn find(&self, locality_id: LocalityId) -> Result<Option<Locality>, StoreError> {
        sql::localities::find(&mut *self.conn().await?, locality_id).await
    }

    async fn list(
        &self,
        filter: &LocalityFilter,
        cursor: Cursor<LocalityMark>,
    ) -> Result<Part<Place, LocalityMark>, StoreError> {
        sql::localities::list(&mut *self.conn().await?, filter, cursor).await
    }

    async fn present(&self, ids: &[LocalityId]) -> Result<HashSet<LocalityId>, StoreError> {
        sql::localities::present(&mut *self.conn().await?, ids).await
    }

    async fn add_missing(&self, localities: &[NewLocality], at: Instant) -> Result<u64, StoreError> {
        if localities.is_empty() {
            return Ok(0);
        }
        let insert = || async { sql::localities::insert(&mut *self.conn().await?, localities, at).await };
        retry_unit(self.retry, insert).await
    }
}

#[async_trait]
impl Facilities for MySqlStore {
    async fn all(&self) -> Result<Catalogue, StoreError> {
        sql::facilities::all(&mut *self.conn().await?).await
    }
}

#[async_trait]
impl AuditLog for MySqlStore {
    async fn list(
        &self,
        hotel_id: HotelId,
        cursor: Cursor<AuditMark>,
    ) -> Result<Part<Entry, AuditMark>, StoreError> {
        sql::audit::list(&mut *self.conn().await?, hotel_id, cursor).await
    }

    async fn purge(&self, keep_days: u32, chunk: u32) -> Result<u64, StoreError> {
        Ok(sql::audit::purge(&mut *self.conn().await?, keep_days, chunk).await?)
    }
}

#[async_trait]
impl KeptAnswers for MySqlStore {
    async fn find(&self, scope: &[u8; 32]) -> Result<Option<KeptAnswer>, StoreError> {
        sql::kept::find(&mut *self.conn().await?, scope).await
    }

    async fn purge(&self, chunk: u32) -> Result<u64, StoreError> {
        Ok(sql::kept::purge(&mut *self.conn().await?, chunk).await?)
    }
}

#[cfg(test)]
mod tests;
