//! The ends of holds. What is done when is [`booking_core::hold_ends`]'s, a machine that is simulated as it is; here are its
//! clock, its calls and its hints. `hold_expires_at` in MySQL is the truth (domain.md, invariant 6).

mod calls;
mod hints;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
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
    hints::Hinted,
};
use crate::{parts::Shared, settings::Settings};

/// The shortest wait: what is due within it is done together.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);
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
    /// Places for works that wait for the shards.
    places: Arc<Semaphore>,
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
        Self {
            ends: HoldEnds::new(shared.bookings.rules().hold.clone(), bounds(settings)),
            calls: JoinSet::new(),
            // Half of what a shard lets wait: callbacks and cancellations find a place beside them.
            places: Arc::new(Semaphore::new((settings.core.waiting / 2).max(1))),
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
                holds = hinted.next() => drop(self.calls.spawn(calls::hinted(self.shared.clone(), holds))),
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

    fn take_in(&mut self, happened: Happened) {
        match happened {
            Happened::Told(input) => self.step(input),
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
        let crowd = self.places.available_permits() == 0;
        self.shared.holds_crowd.store(crowd, Ordering::Relaxed);
    }

    fn carry_out(&mut self, output: HoldOutput) {
        let shared = self.shared.clone();
        match output {
            HoldOutput::List { until, after } => {
                if after.is_none() {
                    self.look_into_queues(until);
                }
                self.calls.spawn(calls::list(shared, until, after));
            }
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
