//! The leases of shares of hotels, as the database has them and as a process knows them.

use std::collections::BTreeSet;

use crate::{database::Database, planted::Planted};

/// For so long.
pub(crate) const LEASE_MS: u64 = 3_000;

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
    pub(crate) shares: BTreeSet<u8>,
    pub(crate) until: u64,
    /// Counts its looks.
    pub(crate) look: u64,
}

impl Held {
    /// Whether it holds the share at that time.
    pub(crate) fn has(&self, share: u8, now_ms: u64) -> bool {
        now_ms < self.until && self.shares.contains(&share)
    }
}

impl Database {
    /// The process lives, for as long as a lease; answers who else does.
    pub(crate) fn joins(&mut self, owner: u64, now_ms: u64) -> Vec<u64> {
        let copy = self.copies.entry(owner).or_insert((now_ms, 0));
        copy.1 = now_ms + LEASE_MS;
        let living = self.copies.iter().filter(|(_, (_, until))| *until > now_ms);
        let mut living: Vec<(u64, u64)> = living.map(|(owner, (joined, _))| (*joined, *owner)).collect();
        living.sort_unstable();
        living.into_iter().map(|(_, owner)| owner).collect()
    }

    /// Takes and renews these as far as nobody else holds them, gives all others back; answers what is held.
    pub(crate) fn holds_shares(
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
