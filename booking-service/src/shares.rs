//! The shares of hotels whose bookings this process's jobs look after. Held for seconds, renewed each second: who has not heard
//! in time that a share is still its own lets go of it by itself.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use domain::HotelId;
use tokio::sync::Notify;

/// Some of the sixteen shares of hotels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShareSet(u16);

impl ShareSet {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(u16::MAX);

    /// Whether the share is one of these.
    pub fn has(self, share: u8) -> bool {
        self.0.checked_shr(u32::from(share)).is_some_and(|rest| rest & 1 == 1)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that the other has not.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..HotelId::SHARES).filter(move |share| self.has(*share))
    }

    /// As statements take them: the bit of each share, from the lowest.
    pub const fn bits(self) -> u16 {
        self.0
    }
}

impl FromIterator<u8> for ShareSet {
    fn from_iter<I: IntoIterator<Item = u8>>(shares: I) -> Self {
        let bit = |share: u8| 1_u16.checked_shl(u32::from(share)).unwrap_or(0);
        Self(shares.into_iter().fold(0, |bits, share| bits | bit(share)))
    }
}

/// The shares that this process holds, as far as it knows. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shares {
    lease: Arc<RwLock<Lease>>,
    gained: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Lease {
    shares: ShareSet,
    /// None: for ever.
    until: Option<Instant>,
}

impl Shares {
    /// Those held now.
    pub fn held(&self) -> ShareSet {
        let lease = *self.lease.read().unwrap_or_else(PoisonError::into_inner);
        if lease.until.is_none_or(|until| Instant::now() < until) { lease.shares } else { ShareSet::NONE }
    }

    /// Whether the hotel is looked after by this process.
    pub fn has(&self, hotel: HotelId) -> bool {
        self.held().has(hotel.share())
    }

    /// All of them and for ever, for an operator's work, which waits for nobody's lease.
    pub fn take_all(&self) {
        self.set(Lease { shares: ShareSet::ALL, until: None });
    }

    /// These, leased for so long from then on.
    pub(crate) fn lease(&self, shares: ShareSet, asked_at: Instant, lease: Duration) {
        let gained = shares.without(self.held());
        self.set(Lease { shares, until: asked_at.checked_add(lease) });
        if !gained.is_empty() {
            self.gained.notify_one();
        }
    }

    /// Waits until there are some that there were not: who held them before may have left something undone. For one who waits.
    pub(crate) async fn gained(&self) {
        self.gained.notified().await;
    }

    /// Lets go of all but these; what is kept is kept for as long as it was.
    pub(crate) fn keep_only(&self, shares: ShareSet) {
        let mut lease = self.lease.write().unwrap_or_else(PoisonError::into_inner);
        lease.shares = lease.shares.and(shares);
    }

    fn set(&self, lease: Lease) {
        *self.lease.write().unwrap_or_else(PoisonError::into_inner) = lease;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_told_of_shares_that_there_were_not() {
        let (shares, now, lease) = (Shares::default(), Instant::now(), Duration::from_mins(1));
        shares.lease(ShareSet::from_iter([1]), now, lease);
        shares.gained().await;
        shares.lease(ShareSet::from_iter([1]), now, lease);
        shares.lease(ShareSet::NONE, now, lease);
        assert!(shares.gained().now_or_never().is_none(), "nothing was gained");
        shares.lease(ShareSet::from_iter([1]), now, lease);
        shares.gained().await;
    }

    #[test]
    fn a_share_is_let_go_of_when_its_lease_was_not_renewed() {
        let (shares, now) = (Shares::default(), Instant::now());
        let both = ShareSet::from_iter([0, 15]);
        assert_eq!((both.iter().collect::<Vec<_>>(), both.len()), (vec![0, 15], 2));
        shares.lease(both, now, Duration::from_mins(1));
        assert_eq!(shares.held(), both);
        shares.keep_only(ShareSet::from_iter([15, 16]));
        assert_eq!(shares.held(), ShareSet::from_iter([15]));
        shares.lease(both, now, Duration::ZERO);
        assert!(shares.held().is_empty());
        shares.take_all();
        assert_eq!((shares.held(), shares.held().len()), (ShareSet::ALL, 16));
    }
}
