//! The holds in the stores: their ends moved near, and when they came.

use std::time::Duration;

use booking_service::bookings::hints::{hold_key, hold_queue};
use chrono::{NaiveDateTime, TimeDelta};
use domain::{BookingId, HotelId, Instant};
use e2e::{
    failed::{Failed, expect},
    wait::{Seen, until},
    world::World,
};
use platform::mysql::{self, MySqlSettings};
use sqlx::MySqlPool;
use uuid::Uuid;

use super::hints::Hints;
use crate::{hotel, told::OrFailed as _};

/// Time to move them, and for trouble to begin.
const AHEAD: TimeDelta = TimeDelta::seconds(20);
/// A hold is worked on so long before its end (`holds.lead_ms`).
const LEAD_MS: i64 = 3_000;
/// Later than this is not late but lost.
const PATIENCE: Duration = Duration::from_mins(3);
/// Between two looks whether all are over. Each goes through the index's entries of all that were: how late a hold was is read from
/// its row, so nothing is lost by looking seldom.
const LOOK: Duration = Duration::from_secs(2);
/// Keys and entries of one packet.
const AT_ONCE: usize = 1_000;

/// Where the ends of a hotel's open holds are moved to.
pub(super) struct Near {
    pub(super) hotel: HotelId,
    pub(super) from: Instant,
    pub(super) within_ms: u32,
}

pub(super) struct Stores {
    booking: MySqlPool,
    redis: redis::Client,
}

impl Stores {
    pub(super) fn of(world: &World) -> Result<Self, Failed> {
        let settings = MySqlSettings::at(world.server("mysql_booking_url")?.to_owned()).or_failed()?;
        let booking = mysql::connect(&settings).or_failed()?;
        Ok(Self { booking, redis: redis::Client::open(world.server("redis_url")?).or_failed()? })
    }

    /// Spreads the ends evenly, tells Redis, and counts the holds.
    pub(super) async fn move_near(&self, near: &Near, hints: Hints) -> Result<u32, Failed> {
        let moved = "update bookings set hold_expires_at = \
                     timestampadd(microsecond, crc32(booking_id) % (? * 1000), ?), due_at = hold_expires_at \
                     where hotel_id = ? and status = 'RESERVED'";
        let query = sqlx::query(moved).bind(near.within_ms).bind(near.from.naive_utc());
        query.bind(near.hotel.uuid()).execute(&self.booking).await.or_failed()?;
        let open =
            "select booking_id, hold_expires_at from bookings where hotel_id = ? and status = 'RESERVED'";
        let holds: Vec<(Uuid, NaiveDateTime)> =
            sqlx::query_as(open).bind(near.hotel.uuid()).fetch_all(&self.booking).await.or_failed()?;
        let mut redis = self.redis.get_multiplexed_async_connection().await.or_failed()?;
        for some in holds.chunks(AT_ONCE) {
            let mut pipe = redis::pipe();
            for (booking, ends_at) in some {
                told(&mut pipe, near.hotel, BookingId::from_uuid(*booking), *ends_at, hints);
            }
            pipe.query_async::<()>(&mut redis).await.or_failed()?;
        }
        Ok(u32::try_from(holds.len()).unwrap_or(u32::MAX))
    }

    /// Redis forgets everything.
    pub(super) async fn flush(&self) -> Result<(), Failed> {
        let mut redis = self.redis.get_multiplexed_async_connection().await.or_failed()?;
        redis::cmd("FLUSHALL").query_async::<()>(&mut redis).await.or_failed()
    }

    /// Waits until none is open; by how many microseconds each was late.
    pub(super) async fn all_end(&self, near: &Near) -> Result<Vec<u64>, Failed> {
        // By what is still open: all that the hotel ever held would be read with each look, from the time of what is measured.
        let open = "select exists(select 1 from bookings force index (by_due) \
                    where status = 'RESERVED' and hotel_id = ?)";
        until("all holds have ended", PATIENCE, || async {
            tokio::time::sleep(LOOK).await;
            let query = sqlx::query_scalar::<_, bool>(open).bind(near.hotel.uuid());
            let is_open = query.fetch_one(&self.booking).await.or_failed()?;
            Ok(Seen::when(!is_open, || "some are open".to_owned()))
        })
        .await?;
        let late = "select timestampdiff(microsecond, hold_expires_at, cancelled_at) from bookings \
                    where hotel_id = ? and hold_expires_at >= ? and status_reason = 'hold_expired'";
        let query = sqlx::query_scalar(late).bind(near.hotel.uuid()).bind(near.from.naive_utc());
        let late: Vec<i64> = query.fetch_all(&self.booking).await.or_failed()?;
        expect(late.iter().all(|late| *late >= 0), || "a hold ended before its time".to_owned())?;
        Ok(late.into_iter().map(i64::unsigned_abs).collect())
    }
}

/// What the product would have told Redis of a hold with this end.
fn told(
    pipe: &mut redis::Pipeline,
    hotel: HotelId,
    booking: BookingId,
    ends_at: NaiveDateTime,
    hints: Hints,
) {
    let ends_ms = ends_at.and_utc().timestamp_millis();
    match hints {
        Hints::Keyspace => {
            let key = hold_key(hotel, booking);
            pipe.cmd("PEXPIREAT").arg(key).arg(ends_ms - LEAD_MS).ignore();
        }
        Hints::Queue => {
            let member = booking.to_string();
            pipe.cmd("ZADD").arg(hold_queue(hotel.share())).arg(ends_ms).arg(member).ignore();
        }
    }
}

/// When the first is to end, by the product's clock.
pub(super) async fn soon(world: &World) -> Result<Instant, Failed> {
    Ok(hotel::now(world).await?.plus(AHEAD))
}
