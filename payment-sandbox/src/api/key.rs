//! The merchant's API key, as a bearer token.

use platform::api::{Code, Problem, Request};
use sha2::{Digest as _, Sha256};

use crate::parts::Parts;

/// Refuses callers without the key. Digests are compared, so that the time taken tells nothing of the key.
pub(super) fn demand(parts: &Parts, request: &Request) -> Result<(), Problem> {
    let given =
        request.header("authorization").and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    if Sha256::digest(given) == Sha256::digest(parts.settings.api.key.expose()) {
        return Ok(());
    }
    let problem =
        Problem::new(Code::Unauthenticated).detail("Authorization: Bearer <the merchant's API key>.");
    Err(problem.header("www-authenticate", "Bearer"))
}
