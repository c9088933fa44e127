//! Who did something to a booking or a hotel: a person in a role, the payment provider, or the system by itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ids::UserId, spelled::spelled};

spelled! {
    /// In which role somebody acted.
    ActorKind {
        /// Who travels, or books for somebody who does.
        Traveller = "traveller",
        /// A system that sells for others.
        Channel = "channel",
        /// Somebody who runs the hotel.
        Manager = "manager",
        /// Somebody who runs the platform.
        Operator = "operator",
        /// The payment provider, by what it told us.
        Provider = "provider",
        /// A job of ours: time has passed.
        System = "system",
    }
}

/// Who did something to a booking or a hotel, as its history, its audit and its events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// In which role.
    pub kind: ActorKind,
    /// Which user; null for the provider, the system and a command at an operator's terminal.
    #[schema(required)]
    pub user_id: Option<UserId>,
    /// The `sub` of the user's token as it stands, at most 255 characters: what the identity provider knows a person by.
    /// Of a command its name.
    #[schema(required, max_length = 255)]
    pub subject: Option<String>,
}

/// The longest subject kept, in characters; OpenID Connect allows no more.
const LONGEST_SUBJECT: usize = 255;

impl Actor {
    /// A person or a system with a token of its own.
    pub fn user(kind: ActorKind, user_id: UserId, subject: &str) -> Self {
        let subject = subject.chars().take(LONGEST_SUBJECT).collect();
        Self { kind, user_id: Some(user_id), subject: Some(subject) }
    }

    /// A command at an operator's terminal, where nobody has a token.
    pub fn command(name: &str) -> Self {
        Self { kind: ActorKind::Operator, user_id: None, subject: Some(name.to_owned()) }
    }

    /// The payment provider.
    pub const fn provider() -> Self {
        Self { kind: ActorKind::Provider, user_id: None, subject: None }
    }

    /// A job of ours.
    pub const fn system() -> Self {
        Self { kind: ActorKind::System, user_id: None, subject: None }
    }
}
