//! `republish`: what Kafka may have lost is told again; here nothing was, so nothing changes.

use std::time::Duration;

use e2e::{
    failed::{Failed, expect},
    wait::{self, Seen},
    world::World,
};

use super::log;
use crate::journey::{Hotel, Stay, search};

const TOPIC: &str = "hotel.events";
/// The relay looks at its outbox each second.
const SOON: Duration = Duration::from_mins(1);

/// The hotel's event comes once more under the version it had, and search finds the hotel as before.
pub(super) async fn told(world: &World, hotel: &Hotel) -> Result<(), Failed> {
    let key = format!("hotel/{}", hotel.id);
    let before = log::last(world, TOPIC, &key).await?;
    let said = world.admin(&["republish", "--hotels", "--hotel", &hotel.id]).await?;
    said.says(&["events are in the outbox", "the service publishes them"])?;
    let after = wait::until("the hotel's event once more", SOON, || async {
        let last = log::last(world, TOPIC, &key).await?;
        let is_new = last.offset > before.offset;
        Ok(if is_new { Seen::Yes(last) } else { Seen::NotYet(format!("offset {}", last.offset)) })
    })
    .await?;
    let version = |record: &log::Record| {
        record.headers.iter().find(|(name, _)| name == "version").map(|(_, version)| version.clone())
    };
    expect(version(&after) == version(&before), || format!("{before:?} before, {after:?} after"))?;
    let nights = world.admin(&["republish", "--nights", "--hotel", &hotel.id]).await?;
    nights.says(&["events are in the outbox"])?;
    search::back(world, hotel, &hotel.suite, &Stay::in_days(world, 150, 2).await?).await
}
