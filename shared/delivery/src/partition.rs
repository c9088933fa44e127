use core::time::Duration;
use std::collections::VecDeque;

use crate::backoff::Backoff;

/// Bounds of one partition's queue, and how long to wait before a record is tried again.
#[derive(Debug, Clone, Copy)]
pub struct PartitionLimits {
    /// From this many waiting records on, the partition is no longer fetched.
    pub pause_at: usize,
    /// At this many waiting records or fewer it is fetched again.
    pub resume_at: usize,
    /// The wait between tries of a record that could not be handled yet.
    pub backoff: Backoff,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The effect is there: go on behind it.
    Done,
    /// Not now: the same record again after a wait, nothing may overtake it.
    Retry,
    /// Refused, and safely in the dead-letter topic: go on behind it.
    Rejected,
    /// Sound, but what is stored for it is damaged; safely in the dead-letter topic: go on behind it.
    SetAside,
}

/// What the fetcher has to do about a partition's backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Fetch no more.
    Pause,
    /// Fetch again.
    Resume,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Handling,
    Waiting { until: Duration },
    Revoked,
}

/// One partition: its records one at a time, in order, none skipped.
#[derive(Debug)]
pub struct Partition<R> {
    limits: PartitionLimits,
    queue: VecDeque<R>,
    state: State,
    failures: u32,
    paused: bool,
}

impl<R: Clone> Partition<R> {
    /// A partition that has just been assigned.
    pub fn new(limits: PartitionLimits) -> Self {
        Self { limits, queue: VecDeque::new(), state: State::Idle, failures: 0, paused: false }
    }

    /// A record arrived. Dropped when the partition has been revoked: its next owner reads it.
    pub fn arrived(&mut self, record: R) {
        if self.state != State::Revoked {
            self.queue.push_back(record);
        }
    }

    /// The record to handle now, if one may be: at most one is being handled at a time.
    pub fn start(&mut self, now: Duration) -> Option<R> {
        let free = match self.state {
            State::Idle => true,
            State::Waiting { until } => until <= now,
            State::Handling | State::Revoked => false,
        };
        let record = self.queue.front().filter(|_| free)?.clone();
        self.state = State::Handling;
        Some(record)
    }

    /// The record being handled came back. Gives it when it is finished: everything up to it may be committed.
    pub fn finished(&mut self, outcome: Outcome, now: Duration) -> Option<R> {
        match (outcome, self.state) {
            (Outcome::Done | Outcome::Rejected | Outcome::SetAside, State::Handling | State::Revoked) => {
                self.advance()
            }
            (Outcome::Retry, State::Handling) => self.wait(now),
            (Outcome::Retry, State::Revoked) | (_, State::Idle | State::Waiting { .. }) => None,
        }
    }

    /// The partition goes to another process: nothing more is started; only what is being handled may still finish.
    pub fn revoke(&mut self) {
        let keep = usize::from(self.state == State::Handling);
        self.queue.truncate(keep);
        self.state = State::Revoked;
    }

    /// Whether fetching has to pause or may resume, once per change.
    pub fn flow(&mut self) -> Option<Flow> {
        if !self.paused && self.queue.len() >= self.limits.pause_at {
            self.paused = true;
            return Some(Flow::Pause);
        }
        if self.paused && self.queue.len() <= self.limits.resume_at {
            self.paused = false;
            return Some(Flow::Resume);
        }
        None
    }

    /// When the record at the front may be tried again, if it waits for that.
    pub fn due(&self) -> Option<Duration> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Idle | State::Handling | State::Revoked => None,
        }
    }

    /// Failures in a row of the record at the front.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Records that are not finished, the one being handled included.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing waits and nothing is being handled.
    pub fn is_quiet(&self) -> bool {
        self.queue.is_empty()
    }

    fn advance(&mut self) -> Option<R> {
        if self.state == State::Handling {
            self.state = State::Idle;
        }
        self.failures = 0;
        self.queue.pop_front()
    }

    fn wait(&mut self, now: Duration) -> Option<R> {
        self.failures = self.failures.saturating_add(1);
        let until = now.saturating_add(self.limits.backoff.delay(self.failures));
        self.state = State::Waiting { until };
        None
    }
}
