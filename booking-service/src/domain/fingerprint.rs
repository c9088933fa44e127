//! What makes two requests the same request (domain.md, Idempotency): the scope of a key, and the hash of path and
//! body in RFC 8785 form, so that a client may write the same JSON in another order or with other blanks.

use domain::UserId;
use sha2::{Digest, Sha256};

/// SHA-256 over what stands in [`Fingerprint::of_request`] or [`scope`].
pub type Hash = [u8; 32];

/// The body is not JSON, so it has no canonical form.
#[derive(Debug, thiserror::Error)]
#[error("the body has no canonical form")]
pub struct NotCanonical(#[source] serde_json::Error);

/// The hash of the path with its values and the canonical body.
pub fn of_request(path: &str, body: &[u8]) -> Result<Hash, NotCanonical> {
    let value: serde_json::Value = serde_json::from_slice(body).map_err(NotCanonical)?;
    let canonical = serde_json_canonicalizer::to_vec(&value).map_err(NotCanonical)?;
    Ok(hash_of(&[path.as_bytes(), &canonical]))
}

/// The hash of what one key is valid for: the caller, the operation and the key itself.
pub fn scope(caller: UserId, operation_id: &str, key: &str) -> Hash {
    hash_of(&[caller.uuid().as_bytes(), operation_id.as_bytes(), key.as_bytes()])
}

/// Hashes the parts so that no two lists of parts give the same input.
fn hash_of(parts: &[&[u8]]) -> Hash {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        sha.update(part);
    }
    sha.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_json_in_another_spelling_is_the_same_request() {
        let one = of_request("/v1/bookings", br#"{"b": 1.0, "a": "\u00e9"}"#).unwrap();
        assert_eq!(one, of_request("/v1/bookings", "{ \"a\" : \"é\",\"b\":1 }".as_bytes()).unwrap());
        assert_ne!(one, of_request("/v1/bookings", br#"{"b": 2, "a": "\u00e9"}"#).unwrap());
        assert_ne!(one, of_request("/v1/quotes", br#"{"b": 1, "a": "\u00e9"}"#).unwrap());
    }

    #[test]
    fn a_scope_is_one_callers_one_operations_one_key() {
        let (ada, bob) =
            (UserId::from_uuid(uuid::Uuid::from_u128(1)), UserId::from_uuid(uuid::Uuid::from_u128(2)));
        let one = scope(ada, "create_booking", "k");
        assert_eq!(one, scope(ada, "create_booking", "k"));
        for other in
            [scope(bob, "create_booking", "k"), scope(ada, "cancel", "k"), scope(ada, "create_bookingk", "")]
        {
            assert_ne!(one, other);
        }
    }
}
