//! What the machine wants done, and what comes of it.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use booking_core::{
    Command, Decided, ProviderSaid, Quiet, Step,
    hold_ends::{DueHold, HoldDone, HoldInput},
};
use chrono::TimeDelta;
use domain::{BookingId, HotelId, Instant, booking::BookingStatus};
use platform::{
    causes::{BoxError, causes},
    clock::Clock,
    planted::{Point, crash_at},
};
use tokio::{sync::Semaphore, time::timeout};

use super::hints::{self, Queued};
use crate::{
    bookings::BookingError,
    jobs::walk,
    parts::Shared,
    provider::PaymentState,
    queries::due::{self, DueBooking, DueRange},
};

/// A database that does not answer for so long is away, and is asked again.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// How long a hold that cannot be worked on is left alone.
const PASSED_BY: TimeDelta = TimeDelta::minutes(1);

/// What has come of a call.
pub(super) enum Happened {
    Told(HoldInput),
    Queued(Vec<Queued>),
    Done(HotelId, BookingId, HoldDone),
    Nothing,
}

/// A page of the holds of this process's shares.
pub(super) async fn list(shared: Shared, until: Instant, after: Option<DueHold>) -> Happened {
    let range = DueRange { status: BookingStatus::Reserved, until, shares: shared.shares.held() };
    let after = after.map(|DueHold { booking_id, hotel_id, ends_at }| DueBooking {
        booking_id,
        hotel_id,
        due_at: ends_at,
    });
    let page = in_time(due::walk(&shared.pool, range, after, shared.settings.jobs.sweep_batch)).await;
    Happened::Told(match page {
        Ok(page) => HoldInput::Due(page.into_iter().map(due_hold).collect()),
        Err(error) => {
            failed("list", &*error);
            HoldInput::NotListed
        }
    })
}

fn due_hold(due: DueBooking) -> DueHold {
    DueHold { booking_id: due.booking_id, hotel_id: due.hotel_id, ends_at: due.due_at }
}

/// What Redis tells of, as far as it is a hold.
pub(super) async fn hinted(shared: Shared, bookings: Vec<BookingId>) -> Happened {
    match in_time(due::holds(&shared.pool, &bookings)).await {
        Ok(holds) => Happened::Told(HoldInput::Hinted(holds.into_iter().map(due_hold).collect())),
        Err(error) => {
            failed("hint", &*error);
            Happened::Nothing
        }
    }
}

/// What the queues have until a moment.
pub(super) async fn queued(shared: Shared, until: Instant) -> Happened {
    match hints::queued(&shared, until).await {
        Ok(queued) => Happened::Queued(queued),
        Err(error) => untold(&error),
    }
}

/// What of a queue is a hold; what is none has no place there.
pub(super) async fn told_apart(shared: Shared, queued: Vec<Queued>) -> Happened {
    match holds_of(&shared, queued).await {
        Ok(holds) => Happened::Told(HoldInput::Hinted(holds)),
        Err(error) => untold(&*error),
    }
}

fn untold(error: &(dyn Error + 'static)) -> Happened {
    tracing::debug!(causes = causes(error), "Redis did not tell of holds");
    Happened::Nothing
}

async fn holds_of(shared: &Shared, queued: Vec<Queued>) -> Result<Vec<DueHold>, BoxError> {
    let bookings: Vec<BookingId> = queued.iter().filter_map(|entry| entry.booking).collect();
    let found = in_time(due::holds(&shared.pool, &bookings)).await?;
    let holds: BTreeMap<BookingId, DueHold> =
        found.into_iter().map(|due| (due.booking_id, due_hold(due))).collect();
    let is_hold = |booking: Option<BookingId>| booking.is_some_and(|booking| holds.contains_key(&booking));
    let over = queued.into_iter().filter(|entry| !is_hold(entry.booking));
    hints::remove(shared, over.map(|entry| (entry.share, entry.member))).await?;
    Ok(holds.into_values().collect())
}

/// Takes what is over out of the queues. Losing that costs a look.
pub(super) async fn forget(shared: Shared, over: Vec<(HotelId, BookingId)>) -> Happened {
    let entries = over.into_iter().map(|(hotel, booking)| (hotel.share(), booking.to_string()));
    if let Err(error) = hints::remove(&shared, entries).await {
        tracing::debug!(causes = causes(&error), "Redis was not told of holds that are over");
    }
    Happened::Nothing
}

/// What the provider says in time; an answer too late and none are the same.
pub(super) async fn ask(shared: Shared, booking: BookingId, until: Instant) -> Happened {
    let longest = time_to(&shared, until).await;
    let asked = timeout(longest, shared.provider.payment(booking.payment_id())).await;
    crash_at(Point::HoldEndAfterAsk);
    let said = match asked {
        Ok(Ok(PaymentState::Captured(captured))) => {
            ProviderSaid::Paid(captured.capture(booking.payment_id()))
        }
        Ok(Ok(PaymentState::Open | PaymentState::Ended | PaymentState::Voided | PaymentState::Unknown)) => {
            ProviderSaid::Unpaid
        }
        Ok(Err(error)) => {
            tracing::debug!(causes = causes(&error), "the provider gave no answer about a hold");
            ProviderSaid::NoAnswer
        }
        Err(_late) => ProviderSaid::NoAnswer,
    };
    Happened::Told(HoldInput::Said(booking, said))
}

async fn time_to(shared: &Shared, at: Instant) -> Duration {
    match shared.clock.now().await {
        Ok(now) => at.since(now).to_std().unwrap_or_default(),
        Err(_unread) => Duration::ZERO,
    }
}

/// A word about a hold for the shards.
pub(super) struct Submission {
    pub(super) hotel: HotelId,
    pub(super) booking: BookingId,
    pub(super) command: Command,
    /// Places for those that wait, so that callbacks find some beside them.
    pub(super) places: Arc<Semaphore>,
}

/// Has the word decided, if the hotel is still looked after here. Money waits for nobody.
pub(super) async fn submit(shared: Shared, submission: Submission) -> Happened {
    let Submission { hotel, booking, command, places } = submission;
    let paid = matches!(command, Command::ProviderSaid(ProviderSaid::Paid(_)));
    let _place = if paid { None } else { places.acquire().await.ok() };
    let done = if shared.shares.has(hotel) {
        let decided = shared.bookings.carry_out_in(hotel, booking, command).await;
        what_came(&shared, booking, decided).await
    } else {
        HoldDone::NotOurs
    };
    Happened::Done(hotel, booking, done)
}

async fn what_came(shared: &Shared, booking: BookingId, decided: Result<Decided, BookingError>) -> HoldDone {
    let error = match decided {
        Ok(decided) => return done(shared, &decided).await,
        Err(error) => error,
    };
    metrics::counter!("booking_hold_ends_failed_total").increment(1);
    if let Err(error) = walk::pass_by("hold end", booking, error) {
        let causes = causes(&error);
        tracing::debug!(%booking, causes, "the end of a hold was not decided and will be again");
        return HoldDone::Undecided;
    }
    let now = shared.clock.now().await;
    now.map_or(HoldDone::Undecided, |now| HoldDone::NotYet(now.plus(PASSED_BY)))
}

async fn done(shared: &Shared, decided: &Decided) -> HoldDone {
    let ends_at = decided.after.hold_expires_at;
    match &decided.step {
        Step::Change(change) if change.transition.is_some() => {
            metrics::counter!("booking_holds_ended_total").increment(1);
            if let Ok(now) = shared.clock.now().await {
                let late = now.since(ends_at).to_std().unwrap_or_default();
                metrics::histogram!("booking_hold_end_late_seconds").record(late.as_secs_f64());
            }
            HoldDone::Ended
        }
        // Another amount went into review, which leaves the hold as it is.
        Step::Change(_) if decided.after.status == BookingStatus::Reserved => HoldDone::NotYet(ends_at),
        Step::Quiet(Quiet::NotYet(Some(at))) => HoldDone::NotYet(*at),
        Step::Change(_) | Step::Quiet(_) | Step::AskProvider(_) => HoldDone::Ended,
    }
}

async fn in_time<T>(read: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, BoxError> {
    Ok(timeout(ANSWERED_WITHIN, read).await??)
}

fn failed(call: &'static str, error: &(dyn Error + 'static)) {
    metrics::counter!("job_looks_failed_total", "job" => "hold ends").increment(1);
    tracing::debug!(call, causes = causes(error), "a look for holds failed and will be repeated");
}
