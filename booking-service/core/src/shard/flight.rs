//! A batch under way.

use std::{collections::BTreeSet, sync::Arc};

use domain::{HotelId, Instant, RoomId};

use super::{
    mailbox::Item,
    words::{Miss, No},
};
use crate::{
    night::RoomNight,
    plan::Plan,
    work::{Claim, Outcome},
};

/// A batch under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) no: No,
    pub(super) items: Vec<Item>,
    /// What it was to write, once it was decided.
    pub(super) plan: Option<Arc<Plan>>,
    pub(super) stage: Stage,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Stage {
    /// What memory lacks is being read.
    Loading(Loading),
    /// Decided, and being written.
    Writing(Writing),
    /// Not written, and not yet seen to: a batch before it is still under way.
    Missed(Miss),
    /// Decided a second time, under locks.
    Locking,
    /// It is looked who holds a row.
    Looking,
}

/// What is being read.
#[derive(Debug)]
pub(super) struct Loading {
    /// The plans that are being written meanwhile.
    pub(super) beside: Vec<Arc<Plan>>,
    pub(super) changed: Changed,
}

/// What was changed by others while it was being read: the read may be older.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub(super) rooms: BTreeSet<RoomId>,
    pub(super) hotels: BTreeSet<HotelId>,
}

/// What is being written.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) now: Instant,
}

impl Flight {
    /// What its works read or write.
    pub(super) fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.items.iter().flat_map(|item| &item.claims)
    }

    /// The rooms that it moves.
    pub(super) fn moving(&self) -> impl Iterator<Item = &RoomId> {
        self.plan().into_iter().flat_map(|plan| plan.stock.keys())
    }

    /// Whether it moves the night.
    pub(super) fn touches(&self, night: &RoomNight) -> bool {
        self.plan().is_some_and(|plan| plan.nights.contains_key(night))
    }

    fn plan(&self) -> Option<&Plan> {
        match &self.stage {
            Stage::Writing(_) => self.plan.as_deref(),
            Stage::Loading(_) | Stage::Missed(_) | Stage::Locking | Stage::Looking => None,
        }
    }

    /// The hotels that it was begun for.
    pub(super) fn hotels(&self) -> impl Iterator<Item = HotelId> {
        self.items.iter().map(|item| item.work.hotel_id)
    }

    /// The rooms that it moves or was begun for, as far as they are known.
    pub(super) fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.moving().copied().chain(self.items.iter().flat_map(Item::rooms))
    }
}

impl Stage {
    /// Whether a plan beside which it is read moves the night.
    pub(super) fn touches(&self, night: &RoomNight) -> bool {
        let Self::Loading(loading) = self else { return false };
        loading.beside.iter().any(|plan| plan.nights.contains_key(night))
    }

    /// What was changed by others while it was being read.
    pub(super) fn into_changed(self) -> Changed {
        match self {
            Self::Loading(loading) => loading.changed,
            Self::Writing(_) | Self::Missed(_) | Self::Locking | Self::Looking => Changed::default(),
        }
    }
}

impl Changed {
    /// What may not be decided on what was read.
    pub(super) fn claims(&self, items: &[Item]) -> BTreeSet<Claim> {
        let of_hotels = items.iter().filter(|item| self.hotels.contains(&item.work.hotel_id));
        let of_hotels = of_hotels.flat_map(|item| item.claims.iter().cloned());
        self.rooms.iter().map(|room| Claim::Room(*room)).chain(of_hotels).collect()
    }
}
