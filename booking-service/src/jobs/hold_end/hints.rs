//! What Redis tells of holds that end soon: by keys that expire, or by queues that are asked. Only hints: the sweep looks all
//! the same.

use std::{collections::BTreeMap, future::pending};

use domain::{BookingId, Instant};
use platform::redis::{Expired, Unavailable};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    bookings::hints::{HOLD_PREFIX, HoldHints, hold_queue, millis, parse_hold_key},
    parts::Shared,
};

/// Hints that may wait; what finds no place is found by the sweep.
const WAITING: usize = 10_000;

/// Whether holds stand in queues.
pub(super) fn are_queued(shared: &Shared) -> bool {
    shared.settings.holds.hints == HoldHints::Queue
}

/// Holds whose keys have expired, of this process's shares.
pub(super) struct Hinted {
    bookings: mpsc::Receiver<BookingId>,
    /// Ends with this.
    _listener: JoinSet<()>,
}

impl Hinted {
    /// Listens from now on, if keys are what tells of holds.
    pub(super) fn listen(shared: &Shared) -> Self {
        let (sender, bookings) = mpsc::channel(WAITING);
        let mut listener = JoinSet::new();
        if shared.settings.holds.hints == HoldHints::Keyspace {
            listener.spawn(listen(shared.clone(), shared.redis.expired(HOLD_PREFIX), sender));
        }
        Self { bookings, _listener: listener }
    }

    /// Those that have expired, as many as there are; waits for the first, for ever if nobody tells of any.
    pub(super) async fn next(&mut self) -> Vec<BookingId> {
        let mut some = Vec::new();
        match self.bookings.recv_many(&mut some, WAITING).await {
            0 => pending().await,
            _ => some,
        }
    }
}

async fn listen(shared: Shared, mut expired: Expired, sender: mpsc::Sender<BookingId>) {
    loop {
        let hold = parse_hold_key(&expired.next().await);
        if let Some((share, booking)) = hold
            && shared.shares.held().has(share)
        {
            // Full: the sweep finds it.
            let _ = sender.try_send(booking);
        }
    }
}

/// An entry of a queue.
pub(super) struct Queued {
    pub(super) share: u8,
    pub(super) member: String,
    /// Whom it names, if it can be read.
    pub(super) booking: Option<BookingId>,
}

/// What the queues of this process's shares have until a moment: a page of each, the earliest first.
pub(super) async fn queued(shared: &Shared, until: Instant) -> Result<Vec<Queued>, Unavailable> {
    let shares: Vec<u8> = shared.shares.held().iter().collect();
    let queues: Vec<String> = shares.iter().copied().map(hold_queue).collect();
    let page = shared.settings.jobs.sweep_batch;
    let members = shared.redis.scored_until(&queues, millis(until), page).await?;
    let entries = shares.into_iter().zip(members);
    let read = |share, member: String| Queued { share, booking: member.parse().ok(), member };
    Ok(entries.flat_map(|(share, of)| of.into_iter().map(move |member| read(share, member))).collect())
}

/// Takes entries out of their queues.
pub(super) async fn remove(
    shared: &Shared,
    entries: impl Iterator<Item = (u8, String)>,
) -> Result<(), Unavailable> {
    let mut queues: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (share, member) in entries {
        queues.entry(hold_queue(share)).or_default().push(member);
    }
    shared.redis.remove_scored(&queues).await
}
