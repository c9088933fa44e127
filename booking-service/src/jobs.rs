//! What runs on its own.

mod booking_log;
mod completion;
mod gauges;
mod hold_end;
pub(crate) mod lanes;
mod numbering;
mod owed;
mod past_nights;
pub mod reconcile;
mod retention;
mod shares;
pub mod telling;
mod walk;

use platform::app::Job;

use crate::parts::Shared;

/// Every job of the service but the relay's and the consumer's.
pub fn all(shared: &Shared) -> Vec<Job> {
    [
        shares::job,
        hold_end::job,
        owed::job,
        completion::job,
        numbering::job,
        reconcile::job,
        past_nights::job,
        retention::job,
        booking_log::job,
        gauges::job,
    ]
    .into_iter()
    .map(|job| job(shared.clone()))
    .collect()
}
