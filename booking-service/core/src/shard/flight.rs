//! A batch under way.

use std::sync::Arc;

use domain::{Instant, RoomId};

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
    /// What memory lacks is being read, beside these plans that are being written.
    Loading(Vec<Arc<Plan>>),
    /// Decided, and being written.
    Writing(Writing),
    /// Not written, and not yet seen to: a batch before it is still under way.
    Missed(Miss),
    /// Decided a second time, under locks.
    Locking,
    /// It is looked who holds a row.
    Looking,
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

    /// The rooms that it moves or was begun for, as far as they are known.
    pub(super) fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.moving().copied().chain(self.items.iter().flat_map(Item::rooms))
    }
}

impl Stage {
    /// Whether a plan beside which it is read moves the night.
    pub(super) fn touches(&self, night: &RoomNight) -> bool {
        let Self::Loading(beside) = self else { return false };
        beside.iter().any(|plan| plan.nights.contains_key(night))
    }
}
