//! Reads and checks tokens, and makes them for development.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode, errors::ErrorKind,
};
use moka::future::Cache;
use serde::Serialize;
use uuid::Uuid;

use super::{
    Caller, Role,
    claims::{ClaimNames, TokenClaims},
    jwks::{Jwks, NoKeys},
    key::Key,
};
use crate::settings::AuthSettings;

/// A token longer than this is none of ours.
const LONGEST: usize = 8 * 1024;
/// Tokens whose signature was just checked: checking an RSA signature costs more than the rest of a request.
const CACHED: u64 = 10_000;
/// How long a withdrawn key's tokens may still pass.
const CACHED_FOR: Duration = Duration::from_mins(1);
const WRONG_SIGNATURE: &str = "its signature is wrong";

/// Why a request has no caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denied {
    /// No bearer token at all.
    #[error("a bearer token is missing")]
    Missing,
    /// The token is not valid.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// The issuer's keys cannot be had.
    #[error(transparent)]
    NoKeys(#[from] NoKeys),
}

pub(crate) struct Authenticator {
    issuer: String,
    leeway_s: u64,
    validation: Validation,
    claims: ClaimNames,
    keys: Keys,
    known: Cache<Box<str>, Arc<Known>>,
}

enum Keys {
    Development(DecodingKey),
    Issuer(Jwks),
    /// Nothing is accepted: the service has only public operations.
    None,
}

struct Known {
    caller: Arc<Caller>,
    /// When it ends, in seconds since 1970, leeway included.
    until_s: u64,
}

impl Authenticator {
    /// Checks tokens as the settings say. Must be called within the main runtime, which fetches the issuer's keys.
    pub(crate) fn new(settings: &AuthSettings) -> Result<Self, reqwest::Error> {
        let keys = match (&settings.jwks_url, &settings.development_key) {
            (Some(url), _) => {
                Keys::Issuer(Jwks::start(url.clone(), Duration::from_secs(settings.jwks_refresh_seconds))?)
            }
            (None, Some(key)) => Keys::Development(DecodingKey::from_secret(key.expose().as_bytes())),
            (None, None) => Keys::None,
        };
        Ok(Self {
            issuer: settings.issuer.clone(),
            leeway_s: settings.clock_skew_seconds,
            validation: validation(settings),
            claims: ClaimNames {
                roles: settings.roles_claim.clone(),
                account: settings.account_claim.clone(),
            },
            keys,
            known: Cache::builder().max_capacity(CACHED).time_to_live(CACHED_FOR).build(),
        })
    }

    /// Returns when the issuer was asked for its keys once, so that the first request finds them.
    pub(crate) async fn prepared(&self) {
        if let Keys::Issuer(jwks) = &self.keys {
            jwks.tried().await;
        }
    }

    /// The caller of a token that was checked a moment ago; costs nothing.
    pub(crate) async fn recent(&self, token: &str) -> Option<Arc<Caller>> {
        let known = self.known.get(token).await.filter(|known| known.until_s > now_s())?;
        Some(known.caller.clone())
    }

    /// The caller that a token names; costs the check of a signature.
    pub(crate) async fn caller(&self, token: &str) -> Result<Arc<Caller>, Denied> {
        let read = self.read(token).await?;
        let until_s = read.exp.saturating_add(self.leeway_s);
        let caller = Arc::new(self.claims.caller(&self.issuer, read).map_err(Denied::Invalid)?);
        self.known.insert(token.into(), Arc::new(Known { caller: caller.clone(), until_s })).await;
        Ok(caller)
    }

    /// The token's own `alg` only chooses among the pinned algorithms of the keys it names.
    async fn read(&self, token: &str) -> Result<TokenClaims, Denied> {
        let header =
            decode_header(token).map_err(|_| Denied::Invalid("it is not a JWT of a known algorithm"))?;
        match &self.keys {
            Keys::None => Err(Denied::Invalid("no key is configured")),
            Keys::Development(key) => verify(token, key, &self.validation, Algorithm::HS256),
            Keys::Issuer(jwks) => {
                let id = header.kid.as_deref();
                let read = self.verify_by_any(token, &jwks.keys(id).await?, header.alg);
                // A key without an id may be a new one.
                if !matches!(read, Err(Denied::Invalid(WRONG_SIGNATURE)) if id.is_none()) {
                    return read;
                }
                self.verify_by_any(token, &jwks.newest(id).await?, header.alg)
            }
        }
    }

    /// Several keys only come into question where the issuer gives them no ids, or one id for several kinds.
    fn verify_by_any(&self, token: &str, keys: &[Key], algorithm: Algorithm) -> Result<TokenClaims, Denied> {
        let mut refused = match keys {
            [] => Denied::Invalid("its key is unknown"),
            _ => Denied::Invalid("its algorithm is not accepted"),
        };
        for key in keys.iter().filter(|key| key.algorithm == algorithm) {
            match verify(token, &key.decoding, &self.validation, key.algorithm) {
                Ok(read) => return Ok(read),
                Err(denied) => refused = denied,
            }
        }
        Err(refused)
    }
}

fn validation(settings: &AuthSettings) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = settings.clock_skew_seconds;
    validation.validate_nbf = true;
    validation.set_audience(&[&settings.audience]);
    validation.set_issuer(&[&settings.issuer]);
    validation.required_spec_claims =
        ["exp", "iss", "aud", "sub"].into_iter().map(str::to_owned).collect::<HashSet<_>>();
    validation
}

fn verify(
    token: &str,
    key: &DecodingKey,
    rules: &Validation,
    algorithm: Algorithm,
) -> Result<TokenClaims, Denied> {
    let mut rules = rules.clone();
    rules.algorithms = vec![algorithm];
    let read =
        decode::<TokenClaims>(token, key, &rules).map_err(|error| Denied::Invalid(reason(error.kind())))?;
    Ok(read.claims)
}

/// A foreign enum, and only for the log and `detail`.
fn reason(kind: &ErrorKind) -> &'static str {
    if matches!(kind, ErrorKind::ExpiredSignature) {
        "it has expired"
    } else if matches!(kind, ErrorKind::InvalidAudience) {
        "its audience is another"
    } else if matches!(kind, ErrorKind::InvalidIssuer) {
        "its issuer is another"
    } else if matches!(kind, ErrorKind::InvalidSignature) {
        WRONG_SIGNATURE
    } else if matches!(kind, ErrorKind::InvalidAlgorithm) {
        "its algorithm is not accepted"
    } else {
        "it cannot be read"
    }
}

/// The token of an `Authorization` header.
pub(crate) fn bearer(authorization: Option<&str>) -> Result<&str, Denied> {
    let header = authorization.ok_or(Denied::Missing)?;
    let (scheme, token) = header.split_once(' ').ok_or(Denied::Missing)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(Denied::Missing);
    }
    if token.len() > LONGEST {
        return Err(Denied::Invalid("it is too long"));
    }
    Ok(token)
}

/// Token times are wall-clock times by RFC 7519; the development clock never moves them.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a development token says.
#[derive(Debug, Clone, Serialize)]
pub struct Claims {
    /// Who signs it, as in `kit.auth.issuer`.
    pub iss: String,
    /// For whom, as in `kit.auth.audience`.
    pub aud: String,
    /// Who calls.
    pub sub: String,
    /// Until when, in seconds since 1970.
    pub exp: u64,
    /// What the caller may do.
    pub roles: Vec<Role>,
    /// The account the caller acts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<Uuid>,
    /// The caller's own mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the issuer has verified it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub email_verified: bool,
}

impl Claims {
    /// Of this subject with these roles, for `lifetime` from now, with the issuer and audience of the settings.
    pub fn new(
        settings: &AuthSettings,
        subject: impl Into<String>,
        roles: &[Role],
        lifetime: Duration,
    ) -> Self {
        Self {
            iss: settings.issuer.clone(),
            aud: settings.audience.clone(),
            sub: subject.into(),
            exp: now_s().saturating_add(lifetime.as_secs()),
            roles: roles.to_vec(),
            account_id: None,
            email: None,
            email_verified: false,
        }
    }
}

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct MintError(#[from] jsonwebtoken::errors::Error);

/// A token signed with the development key (HS256).
pub fn mint(development_key: &str, claims: &Claims) -> Result<String, MintError> {
    Ok(encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(development_key.as_bytes()))?)
}

#[cfg(test)]
mod tests;
