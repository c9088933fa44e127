//! Which shares of hotels a process ends the holds of: leased for seconds on the database's clock, let go of by the process's own.

use std::collections::BTreeSet;

use booking_core::hold_ends::HoldInput;
use delivery::{Living, is_ours};

use crate::{
    case::Trouble,
    database::Database,
    planted::Planted,
    process::Who,
    world::{Event, World},
};

const LEASE_MS: u64 = 3_000;
const LOOK_MS: u64 = 1_000;

/// One step of a look, on its way.
#[derive(Debug)]
pub(crate) enum ShareStep {
    /// The process begins.
    Look,
    /// At the database: it lives.
    Join,
    /// At the process: who lives, in the order in which they came.
    Living(Vec<u64>),
    /// At the database: it takes these, as asked for at that time.
    Hold(u64, BTreeSet<u8>),
    /// At the process: it holds these, as it asked for at that time.
    Held(u64, BTreeSet<u8>),
}

/// The shares that a process holds, as far as it knows.
#[derive(Debug, Default)]
pub(crate) struct Held {
    shares: BTreeSet<u8>,
    until: u64,
    /// Counts its looks.
    look: u64,
}

impl Held {
    /// Whether it holds the share at that time.
    pub(crate) fn has(&self, share: u8, now_ms: u64) -> bool {
        now_ms < self.until && self.shares.contains(&share)
    }
}

impl Database {
    /// The process lives, for as long as a lease; answers who else does.
    fn joins(&mut self, owner: u64, now_ms: u64) -> Vec<u64> {
        let copy = self.copies.entry(owner).or_insert((now_ms, 0));
        copy.1 = now_ms + LEASE_MS;
        let living = self.copies.iter().filter(|(_, (_, until))| *until > now_ms);
        let mut living: Vec<(u64, u64)> = living.map(|(owner, (joined, _))| (*joined, *owner)).collect();
        living.sort_unstable();
        living.into_iter().map(|(_, owner)| owner).collect()
    }

    /// Takes and renews these as far as nobody else holds them, gives all others back; answers what is held.
    fn holds_shares(
        &mut self,
        owner: u64,
        (wanted, planted): (&BTreeSet<u8>, Option<Planted>),
        now_ms: u64,
    ) -> BTreeSet<u8> {
        self.shares.retain(|share, (holder, _)| *holder != owner || wanted.contains(share));
        for share in wanted {
            let (holder, until) = self.shares.get(share).copied().unwrap_or((owner, 0));
            if holder == owner || until < now_ms || planted == Some(Planted::SharesUnleased) {
                self.shares.insert(*share, (owner, now_ms + LEASE_MS));
            }
        }
        let own = self.shares.iter().filter(|(_, (holder, _))| *holder == owner);
        own.map(|(share, _)| *share).collect()
    }
}

impl World<'_> {
    /// A step of that look. A look follows the one before it when that is over, or has lasted as long as a lease: then it is given
    /// up, and its statements with it. (One that MySQL carries out all the same may give back what a later look has taken; two
    /// processes then end the same holds, which happens once by the guards on bookings: decision 0019.)
    pub(crate) fn shares(&mut self, who: Who, (look, step): (u64, ShareStep)) {
        let (owner, now_ms) = (who.owner(), self.now_ms);
        if self.process(who).is_none_or(|process| process.held.look != look) {
            return;
        }
        let next = match step {
            ShareStep::Look => return self.looks_at_shares(who, look + 1),
            ShareStep::Join | ShareStep::Hold(..) if self.happens_now(Trouble::Lost) => {
                return self.after(LOOK_MS, Event::Shares(who, look, ShareStep::Look));
            }
            ShareStep::Join => ShareStep::Living(self.database.joins(owner, now_ms)),
            ShareStep::Living(living) => {
                let ours = self.ours(owner, living);
                let Some(process) = self.process(who) else { return };
                // The ends of holds let go of a share before others may have it.
                process.held.shares.retain(|share| ours.contains(share));
                ShareStep::Hold(now_ms, ours)
            }
            ShareStep::Hold(asked_at, ours) => {
                let held = self.database.holds_shares(owner, (&ours, self.planted), now_ms);
                ShareStep::Held(asked_at, held.intersection(&ours).copied().collect())
            }
            ShareStep::Held(asked_at, held) => {
                self.after(LOOK_MS, Event::Shares(who, look, ShareStep::Look));
                return self.leases(who, asked_at, held);
            }
        };
        self.sends(Event::Shares(who, look, next));
    }

    fn looks_at_shares(&mut self, who: Who, look: u64) {
        let Some(process) = self.process(who) else { return };
        process.held.look = look;
        self.after(LEASE_MS, Event::Shares(who, look, ShareStep::Look));
        self.sends(Event::Shares(who, look, ShareStep::Join));
    }

    /// Of the shares that the hotels are in, those that are the process's by the rule.
    fn ours(&self, owner: u64, living: Vec<u64>) -> BTreeSet<u8> {
        let one = |owner| Living { owner, parted: BTreeSet::new() };
        let living: Vec<Living<u64>> = living.into_iter().map(one).collect();
        let shares = self.hotels.ids.iter().map(|hotel| hotel.share());
        shares.filter(|share| is_ours(*share, &owner, &living)).collect()
    }

    fn leases(&mut self, who: Who, asked_at: u64, shares: BTreeSet<u8>) {
        let now_ms = self.now_ms;
        let Some(process) = self.process(who) else { return };
        let gained = shares.iter().any(|share| !process.held.has(*share, now_ms));
        (process.held.shares, process.held.until) = (shares, asked_at + LEASE_MS);
        self.check_shares();
        if gained {
            self.holds(who, Some(HoldInput::More));
        }
    }

    /// No share is held by two, by their own clocks.
    fn check_shares(&mut self) {
        let holders = |share: u8| self.processes.iter().filter(|one| self.has_share(one.who, share)).count();
        let shared = self.hotels.ids.iter().map(|hotel| hotel.share()).find(|share| holders(*share) > 1);
        if let Some(share) = shared {
            self.broken("one process at a time ends the holds of a hotel", || {
                format!("two have share {share}")
            });
        }
    }

    /// Whether the process ends the holds of hotels of that share now.
    pub(crate) fn has_share(&self, who: Who, share: u8) -> bool {
        let process = self.processes.get(who.number).filter(|one| one.who == who && one.alive);
        process.is_some_and(|process| process.held.has(share, self.now_ms))
    }
}
