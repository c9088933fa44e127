//! What only operators do to a hotel: suspend it, let it go on, hand it to another owner, raise its version.

use ::domain::{Instant, Text, UserId};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AuditStamp, Hotel};
use crate::domain::audit::{Action, Change, Entry};

/// Why a hotel is suspended, for its manager to read.
pub type Reason = Text<1, 500>;

/// A hotel is kept off sale by an operator; its manager cannot lift this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Suspension {
    /// Why.
    #[schema(value_type = String, min_length = 1, max_length = 500, example = "The address does not exist.")]
    pub reason: Reason,
    /// The operator.
    pub by: UserId,
    /// Since when.
    pub at: Instant,
}

impl Hotel {
    /// The hotel, suspended by an operator; none if it is already, for the same reason.
    pub fn suspend(&self, reason: Reason, by: UserId, stamp: &AuditStamp) -> Option<(Self, Entry)> {
        if self.suspended.as_ref().is_some_and(|suspended| suspended.reason == reason) {
            return None;
        }
        let suspended = Some(Suspension { reason, by, at: stamp.at });
        Some(self.operated(Self { suspended, ..self.clone() }, Action::HotelSuspended, stamp))
    }

    /// The hotel, no longer suspended; none if it is not.
    pub fn reinstate(&self, stamp: &AuditStamp) -> Option<(Self, Entry)> {
        self.suspended.as_ref()?;
        Some(self.operated(Self { suspended: None, ..self.clone() }, Action::HotelReinstated, stamp))
    }

    /// The hotel in the hands of another account; none if it is that account's already.
    pub fn transfer(&self, owner_id: Uuid, stamp: &AuditStamp) -> Option<(Self, Entry)> {
        if self.owner_id == owner_id {
            return None;
        }
        Some(self.operated(Self { owner_id, ..self.clone() }, Action::HotelTransferred, stamp))
    }

    /// The hotel under a version raised by so much, ahead of readers who have seen later ones than its own.
    pub fn raise(&self, by: u32, stamp: &AuditStamp) -> (Self, Entry) {
        let raised = Self { version: self.version.saturating_add(by.into()), ..self.clone() };
        let changes = vec![Change::of_version(self.version, raised.version)];
        let entry = raised.entry(Action::HotelRepublished, changes, stamp);
        (raised, entry)
    }

    fn operated(&self, changed: Self, action: Action, stamp: &AuditStamp) -> (Self, Entry) {
        let version = self.version.saturating_add(1);
        let changed = Self { version, updated_at: stamp.at, ..changed };
        let change = |pointer: &str, before: Value, after: Value| {
            (before != after).then(|| Change { pointer: pointer.to_owned(), before, after })
        };
        let changes = [
            change("/owner_id", json!(self.owner_id), json!(changed.owner_id)),
            change("/suspended", json!(self.suspended), json!(changed.suspended)),
        ];
        let entry = changed.entry(action, changes.into_iter().flatten().collect(), stamp);
        (changed, entry)
    }
}
