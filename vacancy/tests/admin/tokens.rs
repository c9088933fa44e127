use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use platform::settings::Loader;
use serde_json::Value;
use vacancy::admin::{
    seed,
    settings::{DEFAULT_TOML, Settings},
    token::{RoleName, TokenArgs, text},
};

const KEY: &str = "a development key of at least 32 bytes";

fn settings(key: &str) -> Settings {
    Loader::new(DEFAULT_TOML).set("kit.auth.development_key", key).load().unwrap()
}

fn args(role: RoleName) -> TokenArgs {
    TokenArgs { role, sub: None, account: None, email: None, ttl: Duration::from_mins(1) }
}

fn claims(token: &str, key: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let auth = settings(KEY).kit.auth;
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_issuer(&[auth.issuer]);
    rules.set_audience(&[auth.audience]);
    decode::<Value>(token, &DecodingKey::from_secret(key.as_bytes()), &rules).map(|token| token.claims)
}

#[test]
fn a_token_is_signed_for_its_role_and_verifies_with_that_key_only() {
    let token = text(&settings(KEY), &args(RoleName::Operator)).unwrap();
    assert_eq!(claims(&token, KEY).unwrap()["roles"], serde_json::json!(["operator"]));
    assert!(claims(&token, "another development key of 32 bytes or so").is_err());
}

#[test]
fn a_role_is_always_the_same_person_and_a_manager_owns_the_sample_hotels() {
    let one = claims(&text(&settings(KEY), &args(RoleName::Manager)).unwrap(), KEY).unwrap();
    let other = claims(&text(&settings(KEY), &args(RoleName::Manager)).unwrap(), KEY).unwrap();
    assert_eq!(one["sub"], other["sub"]);
    assert_eq!(one["account_id"], seed::owner().to_string());
}

#[test]
fn without_a_development_key_there_is_no_token_and_a_word_on_what_to_do() {
    let refused = text(&settings(""), &args(RoleName::Traveller)).unwrap_err().to_string();
    assert!(refused.contains("next: set kit.auth.development_key"), "{refused}");
}
