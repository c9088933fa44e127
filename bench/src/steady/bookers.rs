//! Who books at a steady pace: channels that hold a room and leave it at that.

use async_trait::async_trait;
use e2e::{
    failed::{Failed, expect},
    world::World,
};
use sqlx::{MySql, MySqlPool, QueryBuilder};

use crate::{
    http::{Callers, Connections, sale},
    load::Count,
    order::Order,
    told::OrFailed as _,
    way::{Sale, Way},
};

/// A channel may call 200 times a second; its open holds are not counted.
const CHANNELS: usize = 100;

pub(super) struct Bookers {
    service: Connections,
    callers: Callers,
}

impl Bookers {
    pub(super) fn new(world: &World) -> Result<Self, Failed> {
        let service = Connections::to(world.service("booking-service")?);
        Ok(Self { service, callers: Callers::new(world, "channel", CHANNELS)? })
    }

    /// How many bookings of theirs are stored.
    pub(super) async fn stored(&self, booking: &MySqlPool) -> Result<u64, Failed> {
        let mut sql = QueryBuilder::<MySql>::new("select count(*) from bookings where user_id in (");
        let mut ids = sql.separated(", ");
        for id in self.callers.ids() {
            ids.push_bind(id);
        }
        sql.push(")");
        let stored: i64 = sql.build_query_scalar().fetch_one(booking).await.or_failed()?;
        Ok(stored.unsigned_abs())
    }
}

#[async_trait]
impl Way for Bookers {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        let request = self.callers.hold(&self.service, order)?;
        sale(self.service.call(&request).await?)
    }
}

/// That what was acknowledged is stored. Who was told to come again because an answer took too long may have a booking, too.
pub(super) fn agrees(count: &Count, stored: u64) -> Result<(), Failed> {
    let most = count.booked().saturating_add(count.failed).saturating_add(count.later);
    expect((count.booked()..=most).contains(&stored), || {
        format!("{} to {most} acknowledged, {stored} stored: {:?}", count.booked(), count.failure)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_acknowledged_is_stored_and_what_has_no_answer_may_be() {
        let count = Count { booked_us: vec![1; 10], failed: 2, later: 1, ..Count::default() };
        agrees(&count, 10).unwrap();
        agrees(&count, 13).unwrap();
        agrees(&count, 9).unwrap_err();
        agrees(&count, 14).unwrap_err();
    }
}
