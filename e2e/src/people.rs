//! People with tokens: each journey has its own, so that runs do not meet.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::{failed::Failed, world::World};

/// Longer than any run.
const VALID_SECONDS: i64 = 4 * 3600;

/// People have their mailboxes with many: mails to one domain wait for each other (`sending.side_by_side_per_domain`).
const DOMAINS: u8 = 16;

/// Somebody who calls.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub user_id: Uuid,
    /// Its token.
    pub token: String,
    /// An address of its own.
    pub email: String,
}

impl Person {
    /// Somebody new in this role.
    pub fn new(world: &World, role: &str) -> Result<Self, Failed> {
        let user_id = Uuid::from_u128(rand::random());
        let [mailbox, ..] = user_id.into_bytes();
        let email = format!("{}@{role}-{}.example", user_id.simple(), mailbox % DOMAINS);
        let mut claims = claims(world, user_id, role);
        if let Some(claims) = claims.as_object_mut() {
            claims.insert("email".to_owned(), email.clone().into());
            claims.insert("email_verified".to_owned(), true.into());
        }
        let token = sign(&claims, &world.endpoints.auth.development_key)?;
        Ok(Self { user_id, token, email })
    }
}

/// The claims of a good token.
pub fn claims(world: &World, user_id: Uuid, role: &str) -> Value {
    let now = seconds_now();
    let auth = &world.endpoints.auth;
    json!({"iss": auth.issuer, "aud": auth.audience, "sub": user_id, "roles": [role], "iat": now, "exp": now + VALID_SECONDS})
}

/// Seconds since 1970 by this machine's clock, which is what tokens go by.
pub fn seconds_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A JWT with HS256 (RFC 7519).
pub fn sign(claims: &Value, key: &str) -> Result<String, Failed> {
    let body = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|error| Failed::new(error.to_string()))?;
    mac.update(body.as_bytes());
    Ok(format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

/// A JWT that says it needs no signature.
pub fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(claims))
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
