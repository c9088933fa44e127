use core::time::Duration;
use std::collections::VecDeque;

use crate::backoff::Backoff;

/// Bounds of one partition's queue, and how long to wait before a record is tried again.
#[derive(Debug, Clone, Copy)]
pub struct PartitionLimits {
    /// From this many waiting records on, the partition is full, and where it stands still no longer fetched.
    pub pause_at: usize,
    /// At this many waiting records or fewer it is fetched again.
    pub resume_at: usize,
    /// So many records are handled together at most.
    pub batch: usize,
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

/// One partition: its records a batch at a time, in order, none skipped.
#[derive(Debug)]
pub struct Partition<R> {
    limits: PartitionLimits,
    queue: VecDeque<R>,
    /// How many are being handled: they are out of the queue until they come back.
    handling: usize,
    /// The next batch has at most so many records. A batch of which nothing was done is tried again as half of it, so that one
    /// record that its handler dies of, or takes too long for, holds up no more than itself; each that was done doubles it.
    most: usize,
    state: State,
    failures: u32,
    paused: bool,
}

impl<R> Partition<R> {
    /// A partition that has just been assigned.
    pub fn new(limits: PartitionLimits) -> Self {
        let most = limits.batch.max(1);
        let (queue, state) = (VecDeque::new(), State::Idle);
        Self { limits, queue, handling: 0, most, state, failures: 0, paused: false }
    }

    /// A record arrived. Dropped when the partition has been revoked: its next owner reads it.
    pub fn arrived(&mut self, record: R) {
        if self.state != State::Revoked {
            self.queue.push_back(record);
        }
    }

    /// The records to handle now, if any may be: at most one batch is being handled at a time.
    pub fn start(&mut self, now: Duration) -> Option<Vec<R>> {
        let free = match self.state {
            State::Idle => true,
            State::Waiting { until } => until <= now,
            State::Handling | State::Revoked => false,
        };
        if !free || self.queue.is_empty() {
            return None;
        }
        let batch: Vec<R> = self.queue.drain(..self.most.min(self.queue.len())).collect();
        self.handling = batch.len();
        self.state = State::Handling;
        Some(batch)
    }

    /// The batch came back, with what became of its records, in order. Gives the last one that is finished: everything up to it
    /// may be committed. The first to be tried again, and all behind it, come again, before what has arrived meanwhile; likewise
    /// those that no outcome is told of.
    pub fn finished(&mut self, mut batch: Vec<R>, outcomes: &[Outcome], now: Duration) -> Option<R> {
        let done = outcomes.iter().take_while(|outcome| **outcome != Outcome::Retry).count();
        let again = batch.split_off(done.min(batch.len()));
        let last = batch.pop();
        self.handling = 0;
        match self.state {
            State::Handling if again.is_empty() => self.advance(),
            State::Handling => self.wait(again, last.is_some(), now),
            State::Revoked => {}
            State::Idle | State::Waiting { .. } => return None,
        }
        last
    }

    /// The partition goes to another process: nothing more is started; only what is being handled may still finish.
    pub fn revoke(&mut self) {
        self.queue.clear();
        self.state = State::Revoked;
    }

    /// Whether as many records wait as may, and it is fetched all the same.
    pub fn is_full(&self) -> bool {
        !self.paused && self.waiting() >= self.limits.pause_at
    }

    /// Whether fetching has to pause or may resume, once per change.
    pub fn flow(&mut self) -> Option<Flow> {
        if self.is_full() {
            self.paused = true;
            return Some(Flow::Pause);
        }
        if self.paused && self.waiting() <= self.limits.resume_at {
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

    /// Records that are not finished, those being handled included.
    pub fn waiting(&self) -> usize {
        self.queue.len().saturating_add(self.handling)
    }

    /// Whether nothing waits and nothing is being handled.
    pub fn is_quiet(&self) -> bool {
        self.waiting() == 0
    }

    fn advance(&mut self) {
        self.state = State::Idle;
        self.failures = 0;
        self.most = self.most.saturating_mul(2).min(self.limits.batch.max(1));
    }

    /// Puts records back until their time comes.
    fn wait(&mut self, again: Vec<R>, some_were_done: bool, now: Duration) {
        if some_were_done {
            self.failures = 0;
        } else {
            self.most = (again.len() / 2).max(1);
        }
        for record in again.into_iter().rev() {
            self.queue.push_front(record);
        }
        self.failures = self.failures.saturating_add(1);
        let until = now.saturating_add(self.limits.backoff.delay(self.failures));
        self.state = State::Waiting { until };
    }
}
