//! Idempotency keys: what a key is valid for, and which request it was used with.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::api::{Code, FieldError, Problem, Request};

/// A request that names itself by an `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyedRequest {
    /// What the key is valid for: SHA-256 of the owner, the operation and the key.
    pub scope: [u8; 32],
    /// What it was used with: SHA-256 of the path with its values and of the body in RFC 8785 form, so that neither
    /// white space nor the order of members makes another request of it.
    pub hash: [u8; 32],
}

impl KeyedRequest {
    /// Reads key and body. `owner` is whose the result will be: two people of one account who use one key for one of
    /// its hotels have asked for the same hotel.
    pub fn read(request: &Request, owner: Uuid) -> Result<Self, Problem> {
        let key = request.idempotency_key()?;
        let body: Value = request.json()?;
        Ok(Self {
            scope: scope(owner, request.operation_id(), key),
            hash: hash(request.path_text(), &body).map_err(Problem::internal)?,
        })
    }
}

/// 422: the key belongs to another request.
#[must_use]
pub fn reused() -> Problem {
    let detail = "This key belongs to another request of yours; take a new one.";
    let entry = FieldError::header("Idempotency-Key", "reused", detail);
    Problem::new(Code::IdempotencyKeyReused).errors(vec![entry])
}

fn scope(owner: Uuid, operation_id: &str, key: &str) -> [u8; 32] {
    digest([owner.as_bytes(), operation_id.as_bytes(), key.as_bytes()])
}

fn hash(path: &str, body: &Value) -> Result<[u8; 32], serde_json::Error> {
    let canonical = serde_json_canonicalizer::to_vec(body)?;
    Ok(digest([path.as_bytes(), &canonical]))
}

/// Each part is hashed behind its length, so that no two lists of parts run together.
fn digest<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_json_in_another_spelling_is_the_same_request() {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let one = hash("/v1/bookings", &read(r#"{"b": 1.0, "a": "\u00e9"}"#)).unwrap();
        assert_eq!(one, hash("/v1/bookings", &json!({"a": "é", "b": 1})).unwrap());
        assert_ne!(one, hash("/v1/bookings", &json!({"a": "é", "b": 2})).unwrap());
        assert_ne!(one, hash("/v1/quotes", &json!({"a": "é", "b": 1})).unwrap());
    }

    #[test]
    fn a_scope_is_one_owners_one_operations_one_key() {
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let one = scope(ada, "create_booking", "k");
        assert_eq!(one, scope(ada, "create_booking", "k"));
        for other in
            [scope(bob, "create_booking", "k"), scope(ada, "cancel", "k"), scope(ada, "create_bookingk", "")]
        {
            assert_ne!(one, other);
        }
    }
}
