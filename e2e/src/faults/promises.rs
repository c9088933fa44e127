//! What must hold after the faults.

use std::time::Duration;

use e2e::{
    failed::{Failed, expect},
    people::Person,
    wait::{Seen, until},
    world::World,
};
use futures::StreamExt as _;

use super::load::Told;
use crate::journey::Stay;

/// From the heal to the first good answer: a pool reconnects within seconds.
const HEALS: Duration = Duration::from_mins(1);
/// Reads under way at once.
const SIDE_BY_SIDE: usize = 4;

/// Every service is ready and search answers.
pub(crate) async fn answers(world: &World) -> Result<(), Failed> {
    let services: Vec<&String> = world.endpoints.services.values().collect();
    until("every service is ready again", HEALS, || async {
        for address in &services {
            let answer = world.get(&format!("{address}/readyz")).send().await?;
            if answer.status != 200 {
                return Ok(Seen::NotYet(answer.describe()));
            }
        }
        let found = world.get("/v1/search?q=hotel&page_size=1").send().await?;
        Ok(Seen::when(found.status == 200, || found.describe()))
    })
    .await
}

/// Every acknowledged booking is there, by id and by the caller's own reference.
pub(crate) async fn nothing_is_missing(world: &World, told: &Told) -> Result<(), Failed> {
    let reads = futures::stream::iter(told.booked.iter()).map(|(id, reference, token)| async move {
        world.get(&format!("/v1/bookings/{id}")).token(token).expect(200).await?;
        let own =
            world.get(&format!("/v1/bookings?client_reference={reference}")).token(token).expect(200).await?;
        let times = own.items().iter().filter(|one| e2e::http::text(one, "/booking_id") == id).count();
        expect(times == 1, || format!("{reference} is there {times} times: {}", own.describe()))
    });
    let results: Vec<Result<(), Failed>> = reads.buffer_unordered(SIDE_BY_SIDE).collect().await;
    let missing = results.into_iter().find_map(Result::err);
    missing.map_or(Ok(()), Err)?;
    e2e::say!("{} acknowledged bookings are all there", told.booked.len());
    Ok(())
}

/// Holds that nobody paid end once their time has passed.
pub(crate) async fn holds_end(world: &World) -> Result<(), Failed> {
    let _today = Stay::in_days(world, 0, 1).await?;
    let operator = Person::new(world, "operator")?;
    let url = format!("{}/dev/clock", world.service("booking-service")?);
    let body = serde_json::json!({"advance": "PT10M"});
    world.post(&url).by(&operator).json(&body).expect(200).await.map(drop)
}
