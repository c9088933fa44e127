//! Telling again what was told: a page of rows, locked and put into the outbox in one transaction, so that in the log
//! nothing older comes to stand behind something newer.

use std::collections::HashMap;

use ::domain::{HotelId, LocalityId, RoomId};
use events::outbox::{self, NewEvent};
use platform::mysql::{Transient, Tx, retry_unit};

use super::MySqlStore;
use crate::{
    domain::{hotel::Hotel, locality::Locality, room::Room},
    published::EventRefused,
    store::{
        StoreError, Stretch,
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

/// Why a page is not told.
#[derive(Debug, thiserror::Error)]
pub enum NotTold {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event is too large.
    #[error(transparent)]
    Event(#[from] EventRefused),
}

impl From<sqlx::Error> for NotTold {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Transient for NotTold {
    fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Event(_) => false,
        }
    }
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

    /// Tells the next page of hotels; their ids.
    pub(crate) async fn hotels_again(
        &self,
        again: Again,
        after: HotelId,
        event: &(dyn Fn(&Hotel, &Locality) -> Result<NewEvent, EventRefused> + Sync),
    ) -> Result<Vec<HotelId>, NotTold> {
        let told = retry_unit(self.retry, || async {
            let mut tx = Tx::begin(&self.pool).await.map_err(StoreError::from)?;
            let rows = Rows::hotels(again.only, Stretch { after: Some(after), limit: again.page });
            let ids = rows.lock(tx.conn(), again.raise_by).await?;
            let hotels = sql::hotels::by_ids(tx.conn(), &ids).await?;
            let localities = localities(&mut tx, &hotels).await?;
            let told = hotels.iter().map(|hotel| {
                let missing =
                    || StoreError::Corrupt { table: "localities", says: "one is missing".to_owned() };
                Ok(event(hotel, localities.get(&hotel.facts.locality_id).ok_or_else(missing)?)?)
            });
            let told: Vec<NewEvent> = told.collect::<Result<_, NotTold>>()?;
            outbox::insert(tx.conn(), &told).await?;
            tx.commit().await.map_err(StoreError::from)?;
            Ok::<_, NotTold>(ids)
        });
        Ok(told.await?.into_iter().map(HotelId::from_uuid).collect())
    }

    /// Tells the next page of rooms; their ids.
    pub(crate) async fn rooms_again(
        &self,
        again: Again,
        after: RoomId,
        event: &(dyn Fn(&Room) -> Result<NewEvent, EventRefused> + Sync),
    ) -> Result<Vec<RoomId>, NotTold> {
        let told = retry_unit(self.retry, || async {
            let mut tx = Tx::begin(&self.pool).await.map_err(StoreError::from)?;
            let rows = Rows::rooms(again.only, Stretch { after: Some(after), limit: again.page });
            let ids = rows.lock(tx.conn(), again.raise_by).await?;
            let rooms = sql::rooms::by_ids(tx.conn(), &ids).await?;
            let told: Vec<NewEvent> = rooms.iter().map(event).collect::<Result<_, _>>()?;
            outbox::insert(tx.conn(), &told).await?;
            tx.commit().await.map_err(StoreError::from)?;
            Ok::<_, NotTold>(ids)
        });
        Ok(told.await?.into_iter().map(RoomId::from_uuid).collect())
    }
}

async fn localities(tx: &mut Tx, hotels: &[Hotel]) -> Result<HashMap<LocalityId, Locality>, StoreError> {
    let mut found = HashMap::new();
    for hotel in hotels {
        let id = hotel.facts.locality_id;
        if !found.contains_key(&id) {
            found.extend(sql::localities::find(tx.conn(), id).await?.map(|locality| (id, locality)));
        }
    }
    Ok(found)
}
