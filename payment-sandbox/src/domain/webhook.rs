//! Standard Webhooks signatures (github.com/standard-webhooks/standard-webhooks, spec 1.0), the sender's side.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Deserializer, de};
use sha2::Sha256;

/// Standard Webhooks asks for keys of at least 24 bytes.
const SHORTEST_BYTES: usize = 24;

/// The key that signs callbacks. Never shown.
#[derive(Clone)]
pub struct WebhookSecret(Hmac<Sha256>);

impl WebhookSecret {
    /// Reads base64, with or without `whsec_` in front; at least 24 bytes.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = STANDARD.decode(encoded).map_err(|_| "a webhook secret is base64")?;
        if bytes.len() < SHORTEST_BYTES {
            return Err("a webhook secret has at least 24 bytes");
        }
        Hmac::new_from_slice(&bytes).map(Self).map_err(|_| "a webhook secret keys an HMAC")
    }

    /// The `webhook-signature` of a message sent at `timestamp` (seconds since 1970).
    pub fn signature(&self, id: &str, timestamp: i64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

impl<'de> Deserialize<'de> for WebhookSecret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_own_example_comes_out() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            secret.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_shown() {
        assert!(WebhookSecret::parse("c2hvcnQ=").is_err());
        let secret = WebhookSecret::parse("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz").unwrap();
        assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
    }
}
