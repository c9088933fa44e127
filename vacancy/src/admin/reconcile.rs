//! `reconcile`: asks the payment provider about everything that may be out of step, with booking-service's own code.

use booking_service::{BookingApp, adapters, jobs::reconcile};
use indicatif::HumanCount;

use super::{
    Failure,
    failure::IS_IT_UP,
    settings::{self, Settings},
    tell::say,
};

/// Asks about every silent payment, sends every void and refund owed, and says how many.
pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    let booking = settings::of_service::<BookingApp>(settings.service_settings.booking.as_ref())?;
    // Only its shards are started: the running service publishes what they write.
    let adapters =
        adapters::servers(booking).map_err(Failure::doing("connecting as booking-service", IS_IT_UP))?;
    let done = adapters
        .with_shards(async |shared| reconcile::run(shared).await)
        .await
        .map_err(Failure::doing("reconciling", IS_IT_UP))?;
    say(format!("payments asked about  {:>8}", HumanCount(done.asked).to_string()));
    say(format!("without an answer     {:>8}", HumanCount(done.unanswered).to_string()));
    say("voids and refunds owed were sent once more; the service tries again what the provider did not take");
    Ok(())
}
