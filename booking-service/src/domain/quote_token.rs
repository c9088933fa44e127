//! Quotes that we need not store: the core's quote sealed into a token of ours.
//!
//! `q1.<key id>.<payload>.<HMAC-SHA-256>`, both base64url. Nothing in it is secret; it cannot be made or changed without
//! the key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use booking_core::Quote;

use super::keyring::Keyring;

/// The longest token in bytes (api.md, QUOTE).
pub const LONGEST_BYTES: usize = 2_048;

const FORM: &str = "q1";

/// Why a quote could not be sealed: a defect of ours or of the settings.
#[derive(Debug, thiserror::Error)]
pub enum NotSealed {
    /// The settings name no key.
    #[error("there is no key to sign quotes with")]
    NoKey,
    /// The token would be longer than [`LONGEST_BYTES`].
    #[error("the quote does not fit into a token: {0} bytes")]
    TooLong(usize),
    /// The payload could not be written.
    #[error("the quote could not be written")]
    Written(#[from] serde_json::Error),
}

/// Seals a quote with the first key.
pub fn seal(keys: &Keyring, quote: &Quote) -> Result<String, NotSealed> {
    let key = keys.signing().ok_or(NotSealed::NoKey)?;
    let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(quote)?);
    let signed = format!("{FORM}.{}.{body}", key.id);
    let mac = URL_SAFE_NO_PAD.encode(key.secret.sign(&[signed.as_bytes()]));
    let token = format!("{signed}.{mac}");
    if token.len() > LONGEST_BYTES { Err(NotSealed::TooLong(token.len())) } else { Ok(token) }
}

/// Opens a token; none if it is not one of ours or was changed on its way. What the quote is good for, the core says.
pub fn open(keys: &Keyring, token: &str) -> Option<Quote> {
    if token.len() > LONGEST_BYTES {
        return None;
    }
    let (signed, mac) = token.rsplit_once('.')?;
    let (head, body) = signed.rsplit_once('.')?;
    let key = keys.named(head.strip_prefix(FORM)?.strip_prefix('.')?)?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    if !key.verifies(&[signed.as_bytes()], &mac) {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

#[cfg(test)]
mod tests;
