//! B as a stored procedure: the same statements, one round trip.

use async_trait::async_trait;
use e2e::failed::Failed;
use sqlx::{AssertSqlSafe, MySqlPool};

use crate::{
    ground::{Ground, rows::Rows},
    order::Order,
    told::OrFailed as _,
    way::{Sale, Way},
};

pub(crate) struct Procedure {
    pool: MySqlPool,
    rows: Rows,
}

impl Procedure {
    pub(crate) async fn new(ground: &Ground) -> Result<Self, Failed> {
        let (pool, rows) = (ground.pool.clone(), ground.rows.clone());
        sqlx::raw_sql("drop procedure if exists sell").execute(&pool).await.or_failed()?;
        let body = format!(
            "create procedure sell (new_booking_id binary(16), new_hotel_id binary(16), new_user_id binary(16), \
               new_payment_id binary(16), new_scope binary(32), new_start date, new_end date, new_facts mediumblob, \
               new_lane tinyint unsigned, new_entries mediumblob, new_room_id binary(16), nights int) \
             begin \
               declare taken int; \
               start transaction; \
               {}; {}; \
               update available_rooms set available_quantity = available_quantity - 1, version = version + 1, \
                 updated_at = utc_timestamp(6) \
                 where room_id = new_room_id and date >= new_start and date < new_end and available_quantity >= 1; \
               set taken = row_count(); \
               if taken = nights then commit; else rollback; end if; \
               select taken = nights; \
             end",
            rows.booking_sql([
                "new_booking_id",
                "new_hotel_id",
                "new_user_id",
                "new_payment_id",
                "new_scope",
                "new_start",
                "new_end",
                "new_facts"
            ]),
            Rows::event_sql("new_lane", "new_entries"),
        );
        sqlx::raw_sql(AssertSqlSafe(body)).execute(&pool).await.or_failed()?;
        Ok(Self { pool, rows })
    }
}

#[async_trait]
impl Way for Procedure {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        let call = sqlx::query_scalar("call sell(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(order.booking_id.uuid())
            .bind(order.room.hotel_id.uuid())
            .bind(order.user_id)
            .bind(order.booking_id.payment_id().uuid())
            .bind(order.scope.as_slice())
            .bind(order.first)
            .bind(order.end())
            .bind(self.rows.facts())
            .bind(Rows::lane(order))
            .bind(Rows::entry(order))
            .bind(order.room.room_id.uuid())
            .bind(order.nights);
        let sold: bool = call.fetch_one(&self.pool).await.or_failed()?;
        Ok(if sold { Sale::Booked } else { Sale::SoldOut })
    }
}
