//! Secret keys with names, so that they can be rotated: the first one signs, every one verifies.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, de};
use sha2::Sha256;

/// The shortest secret in bytes: HMAC-SHA-256 gains nothing from a key shorter than this and loses strength
/// (Standard Webhooks asks for 24 to 64 bytes).
const SHORTEST_BYTES: usize = 24;

/// The bytes of a signing key. Never shown.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Reads base64, with or without the `whsec_` that Standard Webhooks puts in front; at least 24 bytes.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = STANDARD.decode(encoded).map_err(|_| "a secret is base64")?;
        if bytes.len() < SHORTEST_BYTES { Err("a secret has at least 24 bytes") } else { Ok(Self(bytes)) }
    }

    /// HMAC-SHA-256 of the parts, one after the other.
    pub fn sign(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.mac(parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
    }

    /// Whether `signature` is [`Self::sign`] of the parts; takes the same time whatever it is.
    pub fn verifies(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.mac(parts).is_some_and(|mac| mac.verify_slice(signature).is_ok())
    }

    fn mac(&self, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).ok()?;
        for part in parts {
            mac.update(part);
        }
        Some(mac)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: de::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// A key and its name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedKey {
    /// Stands in what the key signed: letters, digits, `-` and `_`.
    pub id: String,
    /// The key, base64.
    pub secret: Secret,
}

/// Keys in the order of preference.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Keyring(Vec<NamedKey>);

impl Keyring {
    /// The keys in this order.
    pub fn new(keys: Vec<NamedKey>) -> Self {
        Self(keys)
    }

    /// The key that signs; none if there is no key at all (which `check-config` refuses).
    pub fn signing(&self) -> Option<&NamedKey> {
        self.0.first()
    }

    /// The key of this name.
    pub fn named(&self, id: &str) -> Option<&Secret> {
        self.0.iter().find(|key| key.id == id).map(|key| &key.secret)
    }

    /// What is wrong with the keys as a whole, if anything.
    pub fn contradiction(&self) -> Option<&'static str> {
        let plain = |id: &str| {
            !id.is_empty()
                && id.len() <= 32
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        let repeated = |at: usize, id: &str| self.0.iter().take(at).any(|key| key.id == id);
        if self.0.is_empty() {
            Some("at least one key is needed")
        } else if !self.0.iter().all(|key| plain(&key.id)) {
            Some("a key's id has 1 to 32 letters, digits, - or _")
        } else if self.0.iter().enumerate().any(|(at, key)| repeated(at, &key.id)) {
            Some("two keys have the same id")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_never_shown() {
        assert!(Secret::parse("c2hvcnQ=").is_err());
        assert!(Secret::parse("not base64!").is_err());
        let secret = Secret::parse("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert!(secret.verifies(&[b"a", b"b"], &secret.sign(&[b"ab"])));
        assert!(!secret.verifies(&[b"a", b"c"], &secret.sign(&[b"ab"])));
    }

    #[test]
    fn keys_have_plain_names_of_their_own() {
        let key = |id: &str| NamedKey { id: id.to_owned(), secret: Secret(vec![7; 32]) };
        assert!(Keyring::new(vec![key("a"), key("b")]).contradiction().is_none());
        for wrong in [vec![], vec![key("a"), key("a")], vec![key("a.b")], vec![key("")]] {
            assert!(Keyring::new(wrong).contradiction().is_some());
        }
    }
}
