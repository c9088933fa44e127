//! Which shares of hotels a process ends the holds of: leased for seconds on the database's clock, let go of by the process's own.

use std::collections::BTreeSet;

use booking_core::hold_ends::HoldInput;
use delivery::{Living, is_ours};

use crate::{
    case::Trouble,
    leases::{LEASE_MS, ShareStep},
    process::Who,
    world::{Event, World},
};

/// Between two looks.
const LOOK_MS: u64 = 1_000;

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
