//! Redis tells when a hold's key has expired, which makes its end prompt. Only a hint: the sweep looks all the same.

use std::sync::Arc;

use platform::{app::Job, causes::BoxError, shutdown::Shutdown};
use tokio::sync::Semaphore;

use super::hold_end;
use crate::{
    bookings::{HOLD_PREFIX, parse_hold_key},
    parts::Shared,
};

pub(super) fn job(shared: Shared) -> Job {
    Job::new("hold hints", move |shutdown| run(shared.clone(), shutdown))
}

async fn run(shared: Shared, shutdown: Shutdown) -> Result<(), BoxError> {
    let mut expired = shared.redis.expired(HOLD_PREFIX);
    let slots = Arc::new(Semaphore::new(shared.settings.provider.max_calls));
    loop {
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            key = expired.next() => {
                if let Some(booking) = parse_hold_key(&key) {
                    work_on(&shared, &slots, booking);
                }
            }
        }
    }
}

/// Works on it beside the others; without a free slot the sweep will.
fn work_on(shared: &Shared, slots: &Arc<Semaphore>, booking: domain::BookingId) {
    let Ok(slot) = Arc::clone(slots).try_acquire_owned() else { return };
    let shared = shared.clone();
    tokio::spawn(async move {
        hold_end::work_on(&shared, booking).await;
        drop(slot);
    });
}
