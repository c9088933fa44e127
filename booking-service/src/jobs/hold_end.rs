//! The ends of holds. What is done when is [`booking_core::hold_ends`]'s, a machine that is simulated as it is; here are its
//! clock, its calls and its hints. `hold_expires_at` in MySQL is the truth (domain.md, invariant 6).

mod calls;
mod hints;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant as Moment},
};

use booking_core::hold_ends::{HoldBounds, HoldDone, HoldEnds, HoldInput, HoldOutput};
use chrono::TimeDelta;
use domain::{BookingId, HotelId, Instant};
use platform::{
    app::Job,
    causes::{BoxError, causes},
    clock::Clock,
    shutdown::Shutdown,
};
use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use self::{
    calls::{Happened, Submission},
    hints::{Hinted, Queued},
};
use crate::{parts::Shared, settings::Settings};

/// The shortest wait: what is due within it is done together.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);
/// A crowd is over when only one of so many places is still taken: what waited for it would else meet its last two thousand
/// holds.
const CALM: usize = 2;
/// But not later than so long after all places were taken: where thousands end each second, and keep up, voids are sent.
const LONGEST_CROWD: Duration = Duration::from_secs(10);
/// The wait when the clock cannot be read.
const WAIT_FOR_CLOCK: Duration = Duration::from_millis(500);

pub(super) fn job(shared: Shared) -> Job {
    Job::new("hold ends", move |shutdown| HoldLoop::new(shared.clone()).run(shutdown))
}

/// The machine with its calls under way.
struct HoldLoop {
    shared: Shared,
    ends: HoldEnds,
    calls: JoinSet<Happened>,
    /// Places for works that wait for the shards, and how many there are.
    places: Arc<Semaphore>,
    most: usize,
    /// When they were all taken last.
    full_at: Option<Moment>,
    /// Holds of the queue that are over.
    over: Vec<(HotelId, BookingId)>,
    failing: bool,
}

fn bounds(settings: &Settings) -> HoldBounds {
    HoldBounds {
        slots: settings.provider.max_calls,
        page: settings.jobs.sweep_batch,
        look: TimeDelta::milliseconds(i64::try_from(settings.jobs.sweep_ms).unwrap_or(i64::MAX)),
        ..HoldBounds::default()
    }
}

impl HoldLoop {
    fn new(shared: Shared) -> Self {
        let settings = &shared.settings;
        // Half of what a shard lets wait: callbacks and cancellations find a place beside them.
        let most = (settings.core.waiting / 2).max(1);
        Self {
            ends: HoldEnds::new(shared.bookings.rules().hold.clone(), bounds(settings)),
            calls: JoinSet::new(),
            places: Arc::new(Semaphore::new(most)),
            most,
            full_at: None,
            over: Vec::new(),
            failing: false,
            shared,
        }
    }

    /// Runs until the shutdown; calls that are under way then come to nothing here. One that panics ends the run.
    async fn run(mut self, shutdown: Shutdown) -> Result<(), BoxError> {
        let mut hinted = Hinted::listen(&self.shared);
        while !shutdown.is_requested() {
            let wait = self.tick().await;
            tokio::select! {
                () = shutdown.requested() => {}
                Some(happened) = self.calls.join_next() => {
                    self.take_in(happened?);
                    while let Some(happened) = self.calls.try_join_next() {
                        self.take_in(happened?);
                    }
                }
                holds = hinted.next() => self.look_at(holds),
                () = self.shared.shares.gained() => self.step(HoldInput::More),
                () = sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// Tells the machine the time, and how long to wait then. The first failure in a row is logged.
    async fn tick(&mut self) -> Duration {
        self.forget_what_is_over();
        match self.shared.clock.now().await {
            Ok(now) => {
                self.failing = false;
                self.step(HoldInput::Tick(now));
                let wait = self.ends.wakes_at().map(|at| at.since(now).to_std().unwrap_or_default());
                wait.unwrap_or(WAIT_FOR_CLOCK).max(SHORTEST_WAIT)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(
                        causes = causes(&error),
                        "holds do not end while the clock cannot be read"
                    );
                }
                WAIT_FOR_CLOCK
            }
        }
    }

    /// Redis drops what has expired some time later, and of a crowd much later: by then most have been listed.
    fn look_at(&mut self, mut hinted: Vec<BookingId>) {
        hinted.retain(|booking| !self.ends.knows(*booking));
        if !hinted.is_empty() {
            self.calls.spawn(calls::hinted(self.shared.clone(), hinted));
        }
    }

    /// One that is worked on goes when it is over.
    fn look_at_queued(&mut self, mut queued: Vec<Queued>) {
        queued.retain(|entry| entry.booking.is_none_or(|booking| !self.ends.knows(booking)));
        if !queued.is_empty() {
            self.calls.spawn(calls::told_apart(self.shared.clone(), queued));
        }
    }

    fn take_in(&mut self, happened: Happened) {
        match happened {
            Happened::Told(input) => self.step(input),
            Happened::Queued(queued) => self.look_at_queued(queued),
            Happened::Done(hotel, booking, done) => {
                if done == HoldDone::Ended {
                    self.over.push((hotel, booking));
                }
                self.step(HoldInput::Done(booking, done));
            }
            Happened::Nothing => {}
        }
    }

    fn step(&mut self, input: HoldInput) {
        for output in self.ends.step(input) {
            self.carry_out(output);
        }
        self.see_whether_it_is_a_crowd();
    }

    fn see_whether_it_is_a_crowd(&mut self) {
        let taken = self.most.saturating_sub(self.places.available_permits());
        if taken >= self.most {
            self.full_at = Some(Moment::now());
        }
        let since_full = self.full_at.map(|at| at.elapsed());
        self.shared.holds_crowd.store(is_crowd(taken, self.most, since_full), Ordering::Relaxed);
    }

    fn carry_out(&mut self, output: HoldOutput) {
        let shared = self.shared.clone();
        match output {
            HoldOutput::Look(until) => self.look_into_queues(until),
            HoldOutput::List { until, after } => drop(self.calls.spawn(calls::list(shared, until, after))),
            HoldOutput::Ask(booking, until) => drop(self.calls.spawn(calls::ask(shared, booking, until))),
            HoldOutput::Submit(hotel, booking, command) => {
                let submission = Submission { hotel, booking, command, places: self.places.clone() };
                self.calls.spawn(calls::submit(shared, submission));
            }
        }
    }

    fn look_into_queues(&mut self, until: Instant) {
        if hints::are_queued(&self.shared) {
            self.calls.spawn(calls::queued(self.shared.clone(), until));
        }
    }

    fn forget_what_is_over(&mut self) {
        let over = std::mem::take(&mut self.over);
        if hints::are_queued(&self.shared) && !over.is_empty() {
            self.calls.spawn(calls::forget(self.shared.clone(), over));
        }
    }
}

/// Whether more holds end than find a place, or did lately and most of these are still ending.
fn is_crowd(taken: usize, most: usize, since_full: Option<Duration>) -> bool {
    taken >= most || (taken > most / CALM && since_full.is_some_and(|since| since < LONGEST_CROWD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_begins_when_no_place_is_free_and_is_over_when_half_are_or_after_ten_seconds() {
        let crowd = |taken, since: Option<u64>| is_crowd(taken, 2_048, since.map(Duration::from_secs));
        assert!(!crowd(2_047, None) && crowd(2_048, None));
        assert!(crowd(2_048, Some(99)) && crowd(1_025, Some(9)));
        assert!(!crowd(1_024, Some(0)) && !crowd(2_047, Some(10)));
        assert!(is_crowd(1, 1, None) && !is_crowd(0, 1, Some(Duration::ZERO)));
    }
}
