//! The rows that every way writes: those of a booking of the product's own, told apart by a few columns.
//!
//! The booking's columns and facts are read from one that the product has written, so they are its columns and its facts
//! whatever its schema is. The event is the lean one (which booking, which version, which nights): the facts are in the row.

use std::sync::Arc;

use e2e::failed::{Failed, expect};
use sqlx::{
    AssertSqlSafe, FromRow, MySql, MySqlPool, QueryBuilder,
    mysql::MySqlArguments,
    query::{Query, QueryScalar},
};

use crate::{order::Order, told::OrFailed as _};

/// What differs from booking to booking, in the order in which it is bound.
const OWN: [&str; 8] = [
    "booking_id",
    "hotel_id",
    "user_id",
    "payment_id",
    "idempotency_scope",
    "start_date",
    "end_date",
    "facts",
];
const EVENT: &str =
    "insert into baseline_outbox (lane, records, entries, created_at) values (?, 1, ?, utc_timestamp(6))";

/// Statements and constants. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Rows(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Columns that are the same in all bookings, each behind a comma, and their values as SQL.
    columns: String,
    values: String,
    insert: Arc<str>,
    facts: Vec<u8>,
}

#[derive(FromRow)]
struct Column {
    name: String,
    kind: String,
}

impl Rows {
    /// Those of the model.
    pub(crate) async fn of_model(pool: &MySqlPool) -> Result<Self, Failed> {
        let columns: Vec<Column> = sqlx::query_as(
            "select convert(column_name using utf8mb4) as name, convert(data_type using utf8mb4) as kind \
             from information_schema.columns \
             where table_schema = database() and table_name = 'bookings' and generation_expression = '' \
             order by ordinal_position",
        )
        .fetch_all(pool)
        .await
        .or_failed()?;
        expect(OWN.iter().all(|own| columns.iter().any(|column| column.name == *own)), || {
            format!("bookings has not all of {}", OWN.join(", "))
        })?;
        let (mut names, mut values) = (String::new(), String::new());
        for column in columns.iter().filter(|column| !OWN.contains(&column.name.as_str())) {
            names = format!("{names}, {}", column.name);
            values = format!("{values}, {}", column.literal(pool).await?);
        }
        let facts: Vec<u8> = of_model("select facts").fetch_one(pool).await.or_failed()?;
        let mut inner = Inner { columns: names, values, insert: Arc::from(""), facts };
        inner.insert = inner.insert(OWN.map(|_| "?")).into();
        Ok(Self(Arc::new(inner)))
    }

    /// Inserts a booking.
    pub(crate) fn booking(&self, order: &Order) -> Query<'_, MySql, MySqlArguments> {
        sqlx::query(AssertSqlSafe(self.0.insert.clone()))
            .bind(order.booking_id.uuid())
            .bind(order.room.hotel_id.uuid())
            .bind(order.user_id)
            .bind(order.booking_id.payment_id().uuid())
            .bind(order.scope.to_vec())
            .bind(order.first)
            .bind(order.end())
            .bind(self.facts())
    }

    /// Inserts all of them by one statement.
    pub(crate) fn bookings(&self, orders: &[Order]) -> QueryBuilder<MySql> {
        let mut sql = QueryBuilder::new(self.0.head());
        for (index, order) in orders.iter().enumerate() {
            sql.push(if index > 0 { ", (" } else { " values (" });
            let mut own = sql.separated(", ");
            own.push_bind(order.booking_id.uuid())
                .push_bind(order.room.hotel_id.uuid())
                .push_bind(order.user_id)
                .push_bind(order.booking_id.payment_id().uuid())
                .push_bind(order.scope.to_vec())
                .push_bind(order.first)
                .push_bind(order.end())
                .push_bind(self.0.facts.clone());
            sql.push(&self.0.values).push(")");
        }
        sql
    }

    /// Inserts the event of a booking.
    pub(crate) fn event(order: &Order) -> Query<'static, MySql, MySqlArguments> {
        sqlx::query(EVENT).bind(Self::lane(order)).bind(Self::entry(order))
    }

    /// Inserts the events of all of them by one statement.
    pub(crate) fn events(orders: &[Order]) -> QueryBuilder<MySql> {
        let mut sql = QueryBuilder::new("insert into baseline_outbox (lane, records, entries, created_at) ");
        sql.push_values(orders, |mut row, order| {
            row.push_bind(Self::lane(order)).push("1").push_bind(Self::entry(order)).push("utc_timestamp(6)");
        });
        sql
    }

    /// How a booking is inserted, with these words for what is its own.
    pub(crate) fn booking_sql(&self, own: [&str; 8]) -> String {
        self.0.insert(own)
    }

    /// How an event is inserted, with these words for its lane and its entry.
    pub(crate) fn event_sql(lane: &str, entry: &str) -> String {
        EVENT.replacen('?', lane, 1).replacen('?', entry, 1)
    }

    /// The facts as stored.
    pub(crate) fn facts(&self) -> &[u8] {
        &self.0.facts
    }

    /// The outbox lane of an order's hotel.
    pub(crate) fn lane(order: &Order) -> u8 {
        order.room.hotel_id.share() % 4
    }

    /// What the outbox says of a booking.
    pub(crate) fn entry(order: &Order) -> String {
        let (id, room, first, end) = (order.booking_id, order.room.room_id, order.first, order.end());
        format!(
            r#"[{{"booking":"{id}","type":"booking.reserved","version":1}},{{"room":"{room}","from":"{first}","to":"{end}"}}]"#
        )
    }
}

impl Inner {
    fn head(&self) -> String {
        format!("insert into bookings ({}{})", OWN.join(", "), self.columns)
    }

    fn insert(&self, own: [&str; 8]) -> String {
        format!("{} values ({}{})", self.head(), own.join(", "), self.values)
    }
}

impl Column {
    /// The model's value of this column as SQL.
    async fn literal(&self, pool: &MySqlPool) -> Result<String, Failed> {
        let name = &self.name;
        let select = if self.kind.ends_with("binary") || self.kind.ends_with("blob") {
            format!("select coalesce(concat('x''', hex({name}), ''''), 'null')")
        } else {
            format!("select quote(cast({name} as char))")
        };
        of_model(&select).fetch_one(pool).await.or_failed()
    }
}

fn of_model<T>(select: &str) -> QueryScalar<'static, MySql, T, MySqlArguments>
where
    (T,): for<'r> FromRow<'r, sqlx::mysql::MySqlRow>,
{
    sqlx::query_scalar(AssertSqlSafe(format!("{select} from model_bookings")))
}
