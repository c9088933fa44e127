//! Payments that an operator must look at (details.md, Payments).

pub mod book;
pub mod list;
pub mod refund;
pub mod unmatched;

use booking_core::{Command, Review, Step};
use domain::PaymentId;
use platform::api::{Answer, Problem};

use super::{Shared, view};
use crate::queries::review;

/// Carries out what an operator decides about a payment in review; 404 if it is not in review.
async fn decide(shared: &Shared, payment: PaymentId, decision: Review) -> Result<Answer, Problem> {
    let booking = review::booking_of(&shared.pool, payment).await.map_err(Problem::unavailable)?;
    let booking = booking.ok_or_else(Problem::not_found)?;
    let decided = shared.desk.command(booking, &Command::Reviewed(payment, decision)).await?;
    let row = match &decided.step {
        Step::Change(change) => change.payments.first(),
        Step::Quiet(_) | Step::AskProvider(_) => None,
    };
    Ok(Answer::json(200, &view::booking(shared, &decided.after, row)).etag(decided.after.version))
}
