//! One public key of the issuer, and the one algorithm it is good for.

use std::sync::Arc;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// A key that signs tokens.
#[derive(Clone)]
pub(super) struct Key {
    /// Its `kid`: not every issuer gives one.
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: Arc<DecodingKey>,
}

/// A JWK set (RFC 7517, 5); what a key holds is looked at key by key, so that a foreign one spoils no other.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// The keys of a set that sign tokens; others are ignored, as RFC 7517 wants it.
pub(super) fn usable(set: &[u8]) -> Result<Vec<Key>, serde_json::Error> {
    let set: Set = serde_json::from_slice(set)?;
    let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(keys.filter_map(|jwk| key(&jwk)).collect())
}

fn key(jwk: &Jwk) -> Option<Key> {
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature);
    let operations = jwk.common.key_operations.as_ref();
    let verifies = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
    let algorithm = algorithm(jwk).filter(|_| signs && verifies)?;
    let decoding = Arc::new(DecodingKey::from_jwk(jwk).ok()?);
    Some(Key { id: jwk.common.key_id.clone(), algorithm, decoding })
}

/// The one algorithm of the key's kind that we take: a public key is never an HMAC secret, and a key whose `alg` says
/// something else is not for us.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let kind = &jwk.algorithm;
    let (own, name) = if matches!(kind, AlgorithmParameters::RSA(_)) {
        (Algorithm::RS256, KeyAlgorithm::RS256)
    } else if matches!(kind, AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256)
    {
        (Algorithm::ES256, KeyAlgorithm::ES256)
    } else if matches!(kind, AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519)
    {
        (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
    } else {
        return None;
    };
    jwk.common.key_algorithm.is_none_or(|stated| stated == name).then_some(own)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "ef_2rkKnTu1dDka9R9KXvKHsdv_9qsEGa3JoZ_q0uV0";

    fn read(keys: &Value) -> Vec<Option<String>> {
        let set = json!({ "keys": keys }).to_string();
        usable(set.as_bytes()).unwrap().into_iter().map(|key| key.id).collect()
    }

    #[test]
    fn only_keys_that_sign_are_used_and_a_foreign_one_spoils_no_other() {
        let key = |id: &str, more: Value| {
            let mut key = json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": id });
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            key
        };
        let found = read(&json!([
            key("plain", json!({})),
            key("signing", json!({ "use": "sig", "alg": "EdDSA", "key_ops": ["verify"] })),
            key("for encryption", json!({ "use": "enc" })),
            key("another algorithm", json!({ "alg": "RS256" })),
            key("an algorithm of the future", json!({ "alg": "XY999" })),
            key("other operations", json!({ "key_ops": ["encrypt"] })),
            key("another curve", json!({ "crv": "X25519" })),
            { "kty": "of the future", "kid": "unknown kind" },
            { "kty": "oct", "kid": "a secret", "k": X },
            "no key at all",
        ]));
        assert_eq!(found, [Some("plain".to_owned()), Some("signing".to_owned())]);
    }

    #[test]
    fn keys_without_an_id_stay_apart() {
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": X });
        assert_eq!(read(&json!([key.clone(), key])), [None, None]);
    }
}
