use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;

const KEY: &str = "a development key of at least 32 bytes";

fn settings() -> AuthSettings {
    AuthSettings {
        issuer: "https://id.test".to_owned(),
        audience: "vacancy".to_owned(),
        jwks_url: None,
        development_key: Some(KEY.into()),
        clock_skew_seconds: 30,
        jwks_refresh_seconds: 300,
        roles_claim: "roles".to_owned(),
        account_claim: "account_id".to_owned(),
    }
}

fn claims() -> Claims {
    Claims::new(&settings(), "joe", &[Role::Traveller], Duration::from_mins(1))
}

async fn refused(header: &str) -> String {
    let checks = Authenticator::new(&settings()).unwrap();
    match bearer(Some(header)) {
        Ok(token) => checks.caller(token).await.unwrap_err().to_string(),
        Err(denied) => denied.to_string(),
    }
}

#[tokio::test]
async fn a_token_of_ours_names_its_caller() {
    let checks = Authenticator::new(&settings()).unwrap();
    let token = mint(KEY, &claims()).unwrap();
    assert_eq!(checks.recent(&token).await, None);
    let caller = checks.caller(&token).await.unwrap();
    assert_eq!((caller.subject.as_str(), caller.roles.as_slice()), ("joe", &[Role::Traveller][..]));
    assert_eq!(checks.recent(&token).await, Some(caller));
}

#[tokio::test]
async fn every_other_token_is_refused() {
    let expired = Claims { exp: now_s() - 31, ..claims() };
    let audience = Claims { aud: "other".to_owned(), ..claims() };
    let issuer = Claims { iss: "https://evil.test".to_owned(), ..claims() };
    let nobody = Claims { sub: String::new(), ..claims() };
    for wrong in [expired, audience, issuer, nobody] {
        assert!(refused(&format!("Bearer {}", mint(KEY, &wrong).unwrap())).await.contains("not valid"));
    }
    assert!(
        refused(&format!("Bearer {}", mint("another key of at least 32 bytes!!", &claims()).unwrap()))
            .await
            .contains("signature")
    );
    let longer =
        encode(&Header::new(Algorithm::HS512), &claims(), &EncodingKey::from_secret(KEY.as_bytes())).unwrap();
    assert!(refused(&format!("Bearer {longer}")).await.contains("algorithm"));
    let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).unwrap());
    let unsigned = format!("{}.{body}.", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"typ\":\"JWT\"}"));
    for header in [
        format!("Bearer {unsigned}"),
        "Bearer x".to_owned(),
        "Basic eDp5".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ] {
        assert!(!refused(&header).await.is_empty(), "{header}");
    }
}

#[tokio::test]
async fn a_skew_within_the_bound_is_forgiven() {
    let checks = Authenticator::new(&settings()).unwrap();
    let late = Claims { exp: now_s() - 10, ..claims() };
    assert!(checks.caller(&mint(KEY, &late).unwrap()).await.is_ok());
}
