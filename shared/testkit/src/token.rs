//! Bearer tokens signed with a development key, good and bad.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use uuid::Uuid;

/// The key of tests: put it into the service's `kit.auth.development_key`.
pub const DEVELOPMENT_KEY: &str = "a development key for tests, at least thirty-two bytes";

/// The issuer of tests: `kit.auth.issuer`.
pub const ISSUER: &str = "https://id.vacancy.example";

/// The audience of tests: `kit.auth.audience`.
pub const AUDIENCE: &str = "vacancy";

/// An hour.
const LIFETIME_S: u64 = 3_600;

/// A token in the making; [`Token::sign`] gives the text for `Authorization: Bearer`.
#[derive(Debug, Clone)]
pub struct Token {
    claims: Value,
    key: String,
    algorithm: Algorithm,
}

/// A good token for `subject` with `roles` (`traveller`, `manager`, `operator`, `channel`), for an hour.
pub fn token(roles: &[&str], subject: Uuid) -> String {
    Token::of(roles, &subject.to_string()).sign()
}

impl Token {
    /// A good token; the methods below spoil or extend it.
    pub fn of(roles: &[&str], subject: &str) -> Self {
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "roles": roles, "exp": now_s() + LIFETIME_S,
        });
        Self { claims, key: DEVELOPMENT_KEY.to_owned(), algorithm: Algorithm::HS256 }
    }

    /// With an account, which owns the hotels.
    #[must_use]
    pub fn account(self, account: Uuid) -> Self {
        self.claim("account_id", json!(account))
    }

    /// Ended an hour ago.
    #[must_use]
    pub fn expired(self) -> Self {
        self.claim("exp", json!(now_s() - LIFETIME_S))
    }

    /// For somebody else.
    #[must_use]
    pub fn wrong_audience(self) -> Self {
        self.claim("aud", json!("somebody-else"))
    }

    /// By somebody else.
    #[must_use]
    pub fn wrong_issuer(self) -> Self {
        self.claim("iss", json!("https://issuer.elsewhere.test"))
    }

    /// Signed with another key.
    #[must_use]
    pub fn wrong_key(self) -> Self {
        Self { key: "another key, which is also at least thirty-two bytes".to_owned(), ..self }
    }

    /// Signed with an algorithm that is not pinned.
    #[must_use]
    pub fn wrong_algorithm(mut self) -> Self {
        self.algorithm = Algorithm::HS384;
        self
    }

    /// With this claim instead.
    #[must_use]
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        if let Some(claims) = self.claims.as_object_mut() {
            claims.insert(name.to_owned(), value);
        }
        self
    }

    /// The signed text.
    pub fn sign(&self) -> String {
        let key = EncodingKey::from_secret(self.key.as_bytes());
        encode(&Header::new(self.algorithm), &self.claims, &key).expect("a token can be signed")
    }

    /// The same claims without a signature (`alg: none`).
    pub fn unsigned(&self) -> String {
        let signed = self.sign();
        let claims = signed.split('.').nth(1).expect("a JWT has three parts");
        // {"alg":"none","typ":"JWT"}
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
