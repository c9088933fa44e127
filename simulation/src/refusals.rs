//! Whether a refusal is true: at some moment between the asking and the answer the reason that it gives must have been there.

use booking_core::{Booking, Order, PriceBasis, Refusal, Request, ShortNight, Task, price::is_above};
use domain::{
    Money,
    booking::{BookingStatus, PaymentStatus},
};

use crate::{
    answers::ended_unpaid,
    asked::Attempt,
    checker::{Breach, Verdict},
    moment::Moment,
    world::World,
};

const FALSE_REFUSAL: &str = "nobody is refused while a unit is free";
const WITHOUT_REASON: &str = "nobody is refused for a reason that was never there";

impl World<'_> {
    pub(crate) fn is_refused_rightly(&self, attempt: &Attempt, refusal: &Refusal, from: Moment) -> Verdict {
        let rightly = match &attempt.work.task {
            Task::Book(request, _) => self.is_not_booked_rightly(request, refusal, from),
            Task::Command(order) => self.is_not_done_rightly(order, refusal, (from.0, self.step)),
        };
        let of_rooms = matches!(refusal, Refusal::SoldOut(_) | Refusal::Restricted { .. });
        let promise = if of_rooms { FALSE_REFUSAL } else { WITHOUT_REASON };
        if rightly { Ok(()) } else { Breach::of(promise, || format!("{refusal:?}: {:?}", attempt.work)) }
    }

    fn is_not_booked_rightly(&self, request: &Request, refusal: &Refusal, from: Moment) -> bool {
        let steps = (from.0, self.step);
        match refusal {
            Refusal::SoldOut(short) => {
                let was_short = |night: &ShortNight| {
                    self.checker.was_short((night.room_id, night.date), night.wanted, steps)
                };
                short.iter().all(was_short)
            }
            Refusal::Restricted { lines } => lines.iter().all(|line| {
                let line = request.stay.lines().get(*line);
                line.is_some_and(|line| self.checker.was_off_sale(line.room_id, steps))
            }),
            Refusal::PriceChanged { expected, current } => {
                self.cost_more(request, (*expected, *current), steps)
            }
            Refusal::TooManyHolds { open, limit } => {
                let (limited, user) = (request.holds_limit, request.user_id);
                *limit == limited && open >= limit && self.checker.had_open(user, *open, from, self.step)
            }
            // Days only pass.
            Refusal::InvalidStay(_) => self.has_begun(request),
            // The hotels and their rooms are there, for parties of three; nobody has a quote or another currency, and nobody uses
            // a key or a name for two things.
            Refusal::UnknownHotel(_)
            | Refusal::UnknownRoom { .. }
            | Refusal::OccupancyExceeded(_)
            | Refusal::QuoteExpired(_)
            | Refusal::QuoteMismatch
            | Refusal::ForeignCurrency(_)
            | Refusal::Unpriceable(_)
            | Refusal::IdempotencyKeyReused
            | Refusal::ClientReferenceReused(_)
            // These answer commands.
            | Refusal::UnknownBooking(_)
            | Refusal::PenaltyChanged { .. }
            | Refusal::NotCancellable
            | Refusal::StillReserved
            | Refusal::ForeignPenalty(_)
            | Refusal::ForeignCapture { .. }
            | Refusal::NotInReview
            | Refusal::RefundRenewed(_)
            | Refusal::AlreadyPaid
            | Refusal::CannotRebook => false,
        }
    }

    /// Whether the stay cost that at some moment, which is more than the caller accepts.
    fn cost_more(&self, request: &Request, (expected, current): (Money, Money), steps: (u64, u64)) -> bool {
        let PriceBasis::Expected { total, max_increase_percent } = &request.basis else { return false };
        let nights = u32::try_from(request.stay.dates().nights().count()).unwrap_or(u32::MAX);
        *total == expected
            && is_above(current, expected, *max_increase_percent)
            && self.checker.did_cost(&request.stay.units(), (nights, current), steps)
    }

    fn has_begun(&self, request: &Request) -> bool {
        let hotel = self.database.books.rows.hotels.get(&request.stay.hotel_id());
        let today = hotel.map(|hotel| hotel.facts.time_zone.date_of(self.now()));
        today.is_some_and(|today| request.stay.dates().sellable_on(today).is_err())
    }

    fn is_not_done_rightly(&self, order: &Order, refusal: &Refusal, steps: (u64, u64)) -> bool {
        let was = |is: &[BookingStatus]| self.checker.was(order.booking_id, is, steps);
        match refusal {
            Refusal::NotCancellable => was(&[BookingStatus::Completed]),
            Refusal::StillReserved => was(&[BookingStatus::Reserved]),
            Refusal::AlreadyPaid => was(&[BookingStatus::Booked, BookingStatus::Completed]),
            Refusal::CannotRebook => was(&[BookingStatus::Cancelled]) && self.cannot_come_back(order, steps),
            // A payment comes into review once, and out of it once.
            Refusal::NotInReview => self.has_no_review(order),
            // There is such a booking, all money is in one currency, nobody names a penalty, and no refund is refused.
            Refusal::UnknownBooking(_)
            | Refusal::PenaltyChanged { .. }
            | Refusal::ForeignPenalty(_)
            | Refusal::ForeignCapture { .. }
            | Refusal::RefundRenewed(_)
            | Refusal::Unpriceable(_)
            | Refusal::IdempotencyKeyReused
            // These answer requests for a booking.
            | Refusal::ClientReferenceReused(_)
            | Refusal::UnknownHotel(_)
            | Refusal::UnknownRoom { .. }
            | Refusal::InvalidStay(_)
            | Refusal::OccupancyExceeded(_)
            | Refusal::Restricted { .. }
            | Refusal::QuoteExpired(_)
            | Refusal::QuoteMismatch
            | Refusal::ForeignCurrency(_)
            | Refusal::PriceChanged { .. }
            | Refusal::TooManyHolds { .. }
            | Refusal::SoldOut(_) => false,
        }
    }

    /// Whether it was somebody's wish that it ended, its stay has begun, it is purged, or its rooms were not to be had.
    fn cannot_come_back(&self, order: &Order, steps: (u64, u64)) -> bool {
        let Some(Booking { record, .. }) = self.database.books.rows.bookings.get(&order.booking_id) else {
            return true;
        };
        !ended_unpaid(record)
            || record.dates.begun_on(record.hotel_today(self.now()))
            || self.was_taken(record, steps)
    }

    fn has_no_review(&self, order: &Order) -> bool {
        let booking = self.checker_booking(order.booking_id);
        let payments = booking.into_iter().flat_map(|booking| booking.payments);
        !payments.into_iter().any(|payment| payment.status == PaymentStatus::InReview)
    }
}
