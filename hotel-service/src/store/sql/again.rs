//! Rows that are told again: locked, read as they are then, and raised if need be.

use ::domain::{HotelId, RoomId};
use platform::mysql;
use sqlx::{MySql, MySqlConnection, QueryBuilder};
use uuid::Uuid;

use crate::store::Cursor;

/// Which rows: of hotels or of rooms, of one hotel or of all.
pub(in crate::store) struct Rows {
    table: &'static str,
    id: &'static str,
    only: Option<HotelId>,
    after: Uuid,
    limit: u32,
}

impl Rows {
    /// Hotels by id.
    pub(in crate::store) fn hotels(only: Option<HotelId>, cursor: Cursor<HotelId>) -> Self {
        let after = cursor.after.map_or(Uuid::nil(), HotelId::uuid);
        Self { table: "hotels", id: "hotel_id", only, after, limit: cursor.limit }
    }

    /// Rooms by id.
    pub(in crate::store) fn rooms(only: Option<HotelId>, cursor: Cursor<RoomId>) -> Self {
        let after = cursor.after.map_or(Uuid::nil(), RoomId::uuid);
        Self { table: "rooms", id: "room_id", only, after, limit: cursor.limit }
    }

    /// Locks them until the transaction ends.
    pub(in crate::store) async fn lock(&self, conn: &mut MySqlConnection) -> Result<Vec<Uuid>, sqlx::Error> {
        let mut sql =
            QueryBuilder::<MySql>::new(format!("select {0} from {1} where {0} > ", self.id, self.table));
        sql.push_bind(self.after);
        if let Some(only) = self.only {
            sql.push(" and hotel_id = ").push_bind(only.uuid());
        }
        sql.push(format!(" order by {} limit ", self.id)).push_bind(self.limit).push(" for update");
        sql.build_query_scalar().fetch_all(conn).await
    }

    /// Raises the versions of those with these ids. The list is not empty.
    pub(in crate::store) async fn raise(
        &self,
        conn: &mut MySqlConnection,
        ids: impl ExactSizeIterator<Item = Uuid> + Send,
        by: u32,
    ) -> Result<(), sqlx::Error> {
        let mut sql = QueryBuilder::<MySql>::new(format!("update {} set version = version + ", self.table));
        sql.push_bind(by).push(format!(" where {} in ", self.id));
        mysql::push_list(&mut sql, ids);
        sql.build().execute(conn).await?;
        Ok(())
    }
}
