//! What each booking was at every moment, and how many open holds each account had.

use std::collections::BTreeMap;

use booking_core::{Plan, Task, Work, plan::Move};
use domain::{
    BookingId, Instant, UserId,
    booking::{BookingRecord, BookingStatus},
};

use super::breach::{Breach, Verdict};
use crate::moment::Moment;

#[derive(Debug)]
struct Life {
    user: UserId,
    made: Moment,
    hold_ends: Instant,
    /// From which step on it was what.
    was: Vec<(u64, BookingStatus)>,
}

/// The bookings of a run.
#[derive(Debug, Default)]
pub(super) struct Lives {
    all: BTreeMap<BookingId, Life>,
    of_user: BTreeMap<UserId, Vec<BookingId>>,
}

impl Life {
    fn at(&self, step: u64) -> Option<BookingStatus> {
        self.was.iter().rev().find(|(since, _)| *since <= step).map(|(_, status)| *status)
    }

    fn is_held(&self, (step, now): Moment) -> bool {
        self.at(step) == Some(BookingStatus::Reserved) && self.hold_ends > now
    }
}

impl Lives {
    pub(super) fn committed(&mut self, moment: Moment, plan: &Plan) {
        for record in plan.bookings.iter().map(|new| &new.record) {
            let was = vec![(moment.0, record.status)];
            let life = Life { user: record.user_id, made: moment, hold_ends: record.hold_expires_at, was };
            self.all.insert(record.booking_id, life);
            self.of_user.entry(record.user_id).or_default().push(record.booking_id);
        }
        for after in plan.moves.iter().filter_map(|step| step.after.as_ref()) {
            if let Some(life) = self.all.get_mut(&after.booking_id) {
                life.was.push((moment.0, after.status));
            }
        }
    }

    /// An account has no more open holds than it may, but for what another shard makes at the same time: it has no more than
    /// that with what had been committed when the batch was read.
    pub(super) fn keep_the_limit(&self, read: Moment, plan: &Plan, works: &[(Work, Instant)]) -> Verdict {
        let mut more: BTreeMap<UserId, u32> = BTreeMap::new();
        for (work, _) in works {
            let Task::Book(request, id) = &work.task else { continue };
            let ended = plan.moves.iter().filter(|step| self.ends_hold_of(request.user_id, read, step));
            let ended = u32::try_from(ended.count()).unwrap_or(u32::MAX);
            let beside = more.entry(request.user_id).or_default();
            let open = self.open(request.user_id, read).saturating_add(*beside).saturating_sub(ended);
            if open >= request.holds_limit {
                return Breach::of("nobody has more open holds than allowed", || {
                    format!("{id} beside {open}, {} are allowed", request.holds_limit)
                });
            }
            *beside += 1;
        }
        Ok(())
    }

    fn ends_hold_of(&self, user: UserId, read: Moment, step: &Move) -> bool {
        let was_held = |life: &Life| life.user == user && life.is_held(read);
        let is_over = |after: &BookingRecord| after.status != BookingStatus::Reserved;
        self.all.get(&step.booking_id).is_some_and(was_held) && step.after.as_ref().is_some_and(is_over)
    }

    fn of(&self, user: UserId) -> impl Iterator<Item = &Life> {
        self.of_user.get(&user).into_iter().flatten().filter_map(|id| self.all.get(id))
    }

    fn open(&self, user: UserId, moment: Moment) -> u32 {
        u32::try_from(self.of(user).filter(|life| life.is_held(moment)).count()).unwrap_or(u32::MAX)
    }

    /// Whether the account had so many open holds at some moment: they only get more by a COMMIT.
    pub(super) fn had_open(&self, user: UserId, holds: u32, from: Moment, until: u64) -> bool {
        let made = self.of(user).map(|life| life.made).filter(|(step, _)| *step > from.0 && *step <= until);
        std::iter::once(from).chain(made).any(|moment| self.open(user, moment) >= holds)
    }

    /// Whether the booking was that at some moment between the steps.
    pub(super) fn was(&self, id: BookingId, is: &[BookingStatus], (from, until): (u64, u64)) -> bool {
        let Some(life) = self.all.get(&id) else { return false };
        let mut within = life.was.iter().filter(|(step, _)| *step > from && *step <= until);
        life.at(from).is_some_and(|status| is.contains(&status))
            || within.any(|(_, status)| is.contains(status))
    }
}
