//! Who calls: bearer tokens (JWT) with `iss`, `aud`, `exp`, `sub`, `roles` and perhaps `account_id` (api.md, OWNERS).

mod claims;
mod jwks;
mod key;
mod token;

use domain::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use token::{Authenticator, Denied, bearer};
pub use token::{Claims, MintError, mint};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Searches and books for themselves.
    Traveller,
    /// Runs hotels.
    Manager,
    /// Runs the platform.
    Operator,
    /// Another system that books for its own customers.
    Channel,
}

impl Role {
    /// The word in tokens and in `x-roles`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traveller => "traveller",
            Self::Manager => "manager",
            Self::Operator => "operator",
            Self::Channel => "channel",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Traveller, Self::Manager, Self::Operator, Self::Channel]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// Who calls, as the token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The `sub` if it is a UUID, else the `UUIDv5` of `iss|sub`.
    pub user_id: UserId,
    /// The roles we know; others are ignored.
    pub roles: Vec<Role>,
    /// The account the caller acts for.
    pub account_id: Option<Uuid>,
    /// The `sub` as it stands, for the audit.
    pub subject: String,
    /// The caller's own mail address, if the issuer says that it has verified it (OpenID Connect Core, 5.1).
    pub email: Option<String>,
}

impl Caller {
    /// Nobody: the caller of a public operation, without any role.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            user_id: UserId::from_uuid(Uuid::nil()),
            roles: Vec::new(),
            account_id: None,
            subject: String::new(),
            email: None,
        }
    }

    /// Whether the caller has this role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether this mail address is the caller's own, by the issuer's word.
    pub fn owns_address(&self, address: &str) -> bool {
        self.email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(address))
    }

    /// Whose hotels the caller manages: the account's, else their own.
    pub fn owner_id(&self) -> Uuid {
        self.account_id.unwrap_or(self.user_id.uuid())
    }

    /// Whether the caller may act for a hotel of `owner`: its manager, or an operator.
    pub fn manages(&self, owner: Uuid) -> bool {
        self.has(Role::Operator) || (self.has(Role::Manager) && self.owner_id() == owner)
    }

    /// Whether one of `roles` is the caller's; an empty list asks for none in particular.
    pub(crate) fn may(&self, roles: &[Role]) -> bool {
        roles.is_empty() || roles.iter().any(|role| self.has(*role))
    }
}

/// `sub` as a user's id (api.md, OWNERS).
pub(crate) fn user_id(issuer: &str, subject: &str) -> UserId {
    let uuid = Uuid::try_parse(subject)
        .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{issuer}|{subject}").as_bytes()));
    UserId::from_uuid(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hotel_is_managed_by_its_owners_managers_and_by_operators() {
        let (owner, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let caller = |role, account_id| Caller { roles: vec![role], account_id, ..Caller::anonymous() };
        assert!(caller(Role::Manager, Some(owner)).manages(owner));
        assert!(!caller(Role::Manager, Some(other)).manages(owner));
        assert!(!caller(Role::Manager, None).manages(owner));
        assert!(!caller(Role::Traveller, Some(owner)).manages(owner));
        assert!(caller(Role::Operator, None).manages(owner));
    }

    #[test]
    fn a_user_is_their_uuid_or_one_made_of_issuer_and_subject() {
        let uuid = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70";
        assert_eq!(user_id("https://a", uuid).to_string(), uuid);
        assert_ne!(user_id("https://a", "joe"), user_id("https://b", "joe"));
        assert_eq!(user_id("https://a", "joe"), user_id("https://a", "joe"));
    }
}
