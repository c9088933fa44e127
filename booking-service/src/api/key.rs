//! The key under which a request may be repeated.

use booking_core::{Digest, IdempotencyKey};
use platform::{
    api::{Problem, Request},
    idempotency::KeyedRequest,
};

/// What makes a repeat of this request a repeat. The key is the caller's own, as their bookings are.
pub(super) fn of(request: &Request) -> Result<IdempotencyKey, Problem> {
    let keyed = KeyedRequest::read(request, request.caller().user_id.uuid())?;
    Ok(IdempotencyKey { scope: Digest::new(keyed.scope), hash: Digest::new(keyed.hash) })
}
