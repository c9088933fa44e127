//! Telling again what was told: a page of rows, locked and put into the outbox in one transaction, so that in the log
//! nothing older comes to stand behind something newer.

use std::{collections::HashMap, sync::Arc};

use ::domain::{HotelId, LocalityId, RoomId};
use events::outbox::{self, NewEvent};
use platform::mysql::{Tx, retry_unit};
use uuid::Uuid;

use super::MySqlStore;
use crate::{
    domain::{audit::Entry, hotel::Hotel, locality::Locality, room::Room},
    store::{
        Cursor, StoreError,
        sql::{self, again::Rows},
    },
};

/// Which rows are told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// Only this hotel and its rooms.
    pub only: Option<HotelId>,
    /// Rows of one transaction at most.
    pub page: u32,
    /// Raises their versions by so much; 0 leaves them.
    pub raise_by: u32,
}

/// A row as it is told again.
#[derive(Debug)]
pub(crate) struct Retold {
    pub(crate) id: Uuid,
    /// Who raised its version, if somebody did.
    pub(crate) audit: Option<Entry>,
    /// What readers are told.
    pub(crate) event: NewEvent,
}

/// A page that was told again.
#[derive(Debug)]
pub struct Told<I> {
    /// How many rows.
    pub count: u64,
    /// Those that could not be told. They hold nothing up.
    pub passed_by: Vec<PassedBy>,
    /// Behind which row the next page begins; none if this was the last.
    pub next: Option<I>,
}

/// A row that cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedBy {
    /// Its table and its id.
    pub row: String,
    /// What is wrong with it.
    pub why: String,
}

impl MySqlStore {
    /// How many hotels and rooms `again` means.
    pub(crate) async fn count_again(&self, again: Again) -> Result<(u64, u64), StoreError> {
        let (of, id) = match again.only {
            Some(only) => (" where hotel_id = ?", Some(only.uuid())),
            None => ("", None),
        };
        let mut counts = [0u64; 2];
        for (count, table) in counts.iter_mut().zip(["hotels", "rooms"]) {
            let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}{of}"));
            let found: i64 = match id {
                Some(id) => sqlx::query_scalar(sql).bind(id).fetch_one(&self.pool).await?,
                None => sqlx::query_scalar(sql).fetch_one(&self.pool).await?,
            };
            *count = found.unsigned_abs();
        }
        let [hotels, rooms] = counts;
        Ok((hotels, rooms))
    }

    /// Tells the page of hotels behind this one.
    pub(crate) async fn hotels_again(
        &self,
        again: Again,
        after: HotelId,
        tell: &(dyn Fn(Hotel, &Locality) -> Result<Retold, PassedBy> + Sync),
    ) -> Result<Told<Uuid>, StoreError> {
        retry_unit(self.retry, || async {
            let mut tx = Tx::begin(&self.pool).await?;
            let rows = Rows::hotels(again.only, Cursor { after: Some(after), limit: again.page });
            let ids = rows.lock(tx.conn()).await?;
            let (mut page, mut known) = (Vec::new(), HashMap::new());
            for hotel in sql::hotels::by_ids(tx.conn(), &ids).await? {
                let located = located(&mut tx, hotel, &mut known).await;
                page.push(passing(located)?.and_then(|(hotel, locality)| tell(hotel, &locality)));
            }
            again.finish(tx, &rows, &ids, page).await
        })
        .await
    }

    /// Tells the page of rooms behind this one.
    pub(crate) async fn rooms_again(
        &self,
        again: Again,
        after: RoomId,
        tell: &(dyn Fn(Room) -> Result<Retold, PassedBy> + Sync),
    ) -> Result<Told<Uuid>, StoreError> {
        retry_unit(self.retry, || async {
            let mut tx = Tx::begin(&self.pool).await?;
            let rows = Rows::rooms(again.only, Cursor { after: Some(after), limit: again.page });
            let ids = rows.lock(tx.conn()).await?;
            let read = sql::rooms::by_ids(tx.conn(), &ids).await?;
            let page = read.into_iter().map(|room| Ok(passing(room)?.and_then(tell)));
            let page = page.collect::<Result<_, StoreError>>()?;
            again.finish(tx, &rows, &ids, page).await
        })
        .await
    }
}

impl Again {
    /// Raises what is told if need be, with its audit entries, and queues its events: all or nothing.
    async fn finish(
        self,
        mut tx: Tx,
        rows: &Rows,
        ids: &[Uuid],
        page: Vec<Result<Retold, PassedBy>>,
    ) -> Result<Told<Uuid>, StoreError> {
        let (told, passed_by) = split(page);
        let entries: Vec<&Entry> = told.iter().filter_map(|retold| retold.audit.as_ref()).collect();
        if !entries.is_empty() {
            rows.raise(tx.conn(), told.iter().map(|retold| retold.id), self.raise_by).await?;
            sql::audit::insert(tx.conn(), &entries).await?;
        }
        let count = super::count(told.len());
        let events: Vec<outbox::Entry> = told.into_iter().map(|retold| retold.event.into()).collect();
        outbox::insert(tx.conn(), &events).await?;
        tx.commit().await?;
        let is_full = u32::try_from(ids.len()).is_ok_and(|locked| locked >= self.page);
        Ok(Told { count, passed_by, next: ids.last().copied().filter(|_| is_full) })
    }
}

impl<I> Told<I> {
    /// The same of ids of another type.
    pub(crate) fn map<J>(self, of: impl FnOnce(I) -> J) -> Told<J> {
        Told { count: self.count, passed_by: self.passed_by, next: self.next.map(of) }
    }
}

/// A row that cannot be read is passed by; a database that does not answer is not.
fn passing<T>(read: Result<T, StoreError>) -> Result<Result<T, PassedBy>, StoreError> {
    match read {
        Ok(record) => Ok(Ok(record)),
        Err(StoreError::Corrupt { table, id, why }) => {
            Ok(Err(PassedBy { row: format!("{table} {id}"), why }))
        }
        Err(error @ StoreError::Unavailable(_)) => Err(error),
    }
}

fn split(page: Vec<Result<Retold, PassedBy>>) -> (Vec<Retold>, Vec<PassedBy>) {
    let (mut told, mut passed_by) = (Vec::new(), Vec::new());
    for row in page {
        match row {
            Ok(retold) => told.push(retold),
            Err(passed) => passed_by.push(passed),
        }
    }
    (told, passed_by)
}

/// A hotel and the locality it lies in, which many share.
async fn located(
    tx: &mut Tx,
    hotel: Result<Hotel, StoreError>,
    known: &mut HashMap<LocalityId, Arc<Locality>>,
) -> Result<(Hotel, Arc<Locality>), StoreError> {
    let hotel = hotel?;
    let id = hotel.facts.locality_id;
    if let Some(locality) = known.get(&id) {
        return Ok((hotel, Arc::clone(locality)));
    }
    let found = sql::localities::find(tx.conn(), id).await?;
    let locality = Arc::new(found.ok_or_else(|| StoreError::missing("localities", &id))?);
    known.insert(id, Arc::clone(&locality));
    Ok((hotel, locality))
}
