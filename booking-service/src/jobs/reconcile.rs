//! Asks the provider about everything that may be out of step: payments past their hold that it was silent about, voids
//! and refunds owed. Also `vacancy admin reconcile`.

use std::time::Duration;

use booking_core::Command;
use domain::booking::BookingStatus;
use futures::{StreamExt, TryStreamExt, stream};
use platform::{
    app::Job,
    causes::BoxError,
    clock::Clock,
    pace::{Found, Pace},
};

use super::{owed, walk};
use crate::{
    parts::Shared,
    provider::PaymentState,
    queries::due::{self, DueBooking, DueRange},
};

pub(super) fn job(shared: Shared) -> Job {
    Job::new("reconcile", move |shutdown| {
        let shared = shared.clone();
        let pace = Pace::new("reconcile", shared.settings.jobs.reconcile_ms);
        pace.run(shutdown, move || {
            let shared = shared.clone();
            async move { run(&shared).await.map(|_| Found::All) }
        })
    })
}

/// What a reconciliation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Payments asked about, and voids and refunds sent, which asks as well.
    pub asked: u64,
    /// Of these, how many the provider gave no answer about.
    pub unanswered: u64,
}

/// Asks about every silent payment of this process's shares, then sends every void and refund owed. Ends early when the
/// provider is away: whoever is not asked now is asked the next time.
pub async fn run(shared: &Shared) -> Result<Reconciled, BoxError> {
    let mut done = Reconciled::default();
    let mut after = None;
    while let Some(page) = silent(shared, after).await? {
        after = page.last().copied();
        let answered = ask_page(shared, page).await?;
        done.count(&answered);
        if answered.contains(&false) {
            if !answered.contains(&true) {
                return Ok(done);
            }
            // It has had enough, or is about to go away.
            tokio::time::sleep(Duration::from_millis(shared.settings.jobs.reconcile_pause_ms)).await;
        }
    }
    let owed::Tally { sent, unanswered } = owed::send_all(shared).await?;
    done.asked = done.asked.saturating_add(u64::try_from(sent).unwrap_or(u64::MAX));
    done.unanswered = done.unanswered.saturating_add(u64::try_from(unanswered).unwrap_or(u64::MAX));
    Ok(done)
}

impl Reconciled {
    fn count(&mut self, answered: &[bool]) {
        for answered in answered {
            self.asked = self.asked.saturating_add(1);
            self.unanswered = self.unanswered.saturating_add(u64::from(!answered));
        }
    }
}

/// The next holds that are over and still RESERVED, if there are more.
async fn silent(shared: &Shared, after: Option<DueBooking>) -> Result<Option<Vec<DueBooking>>, BoxError> {
    let until = shared.clock.now().await?;
    let range = DueRange { status: BookingStatus::Reserved, until, shares: shared.shares.held() };
    let page = due::walk(&shared.pool, range, after, shared.settings.jobs.reconcile_calls).await?;
    Ok((!page.is_empty()).then_some(page))
}

/// Whether each was answered: all of the page are asked at once.
async fn ask_page(shared: &Shared, page: Vec<DueBooking>) -> Result<Vec<bool>, BoxError> {
    let side_by_side = page.len().max(1);
    stream::iter(page).map(|silent| ask(shared, silent)).buffer_unordered(side_by_side).try_collect().await
}

/// Whether the provider answered. What it says is carried out; a hold that is over then ends by the sweep.
async fn ask(shared: &Shared, silent: DueBooking) -> Result<bool, BoxError> {
    let payment = silent.booking_id.payment_id();
    let command = match shared.provider.payment(payment).await {
        Ok(PaymentState::Captured(captured)) => Command::PaymentSucceeded(captured.capture(payment)),
        Ok(PaymentState::Ended) => Command::CheckoutEnded,
        Ok(PaymentState::Voided) => Command::VoidConfirmed,
        Ok(PaymentState::Open | PaymentState::Unknown) => return Ok(true),
        Err(error) => {
            tracing::debug!(
                causes = platform::causes::causes(&error),
                "the provider gave no answer about a payment"
            );
            return Ok(false);
        }
    };
    let turn = shared.bookings.carry_out_in(silent.hotel_id, silent.booking_id, command).await;
    walk::taken("reconcile", silent.booking_id, turn)?;
    Ok(true)
}
