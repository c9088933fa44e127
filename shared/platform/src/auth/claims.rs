//! What the claims of a checked token say about its caller, under the names that the issuer gives them.

use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Caller, Role, user_id};

/// The claims of a token: those every token of ours has, and the rest.
#[derive(Deserialize)]
pub(super) struct TokenClaims {
    pub(super) sub: String,
    pub(super) exp: u64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Where an issuer writes what is not standardised.
pub(super) struct ClaimNames {
    pub(super) roles: String,
    pub(super) account: String,
}

impl ClaimNames {
    /// The caller, or what is wrong with the claims.
    pub(super) fn caller(&self, issuer: &str, read: TokenClaims) -> Result<Caller, &'static str> {
        if read.sub.is_empty() || read.sub.len() > 255 {
            return Err("its subject is empty or too long");
        }
        let account = claim(&read.rest, &self.account).filter(|account| !account.is_null());
        let account_id = account.map(|account| {
            let account = account.as_str().and_then(|text| Uuid::try_parse(text).ok());
            account.ok_or("its account is not a UUID")
        });
        Ok(Caller {
            user_id: user_id(issuer, &read.sub),
            roles: claim(&read.rest, &self.roles).map(roles).unwrap_or_default(),
            account_id: account_id.transpose()?,
            email: verified_email(&read.rest),
            subject: read.sub,
        })
    }
}

/// The address that the issuer has verified (OpenID Connect Core, 5.1); an address alone is only somebody's word.
fn verified_email(claims: &Map<String, Value>) -> Option<String> {
    let verified = claims.get("email_verified").and_then(Value::as_bool).unwrap_or(false);
    claims.get("email").and_then(Value::as_str).filter(|_| verified).map(str::to_owned)
}

/// The claim of this very name (a namespaced one is a URL with dots), else the one that a path of names leads to, such
/// as `realm_access.roles`.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        claim(claims.get(first)?.as_object()?, rest)
    })
}

/// The roles we know: of a list, or of one text with white space between them, as `scope` is written.
fn roles(claim: &Value) -> Vec<Role> {
    let text = claim.as_str().into_iter().flat_map(str::split_whitespace);
    let list = claim.as_array().into_iter().flatten().filter_map(Value::as_str);
    text.chain(list).filter_map(Role::parse).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(roles: &str, account: &str, claims: &Value) -> Result<Caller, &'static str> {
        let names = ClaimNames { roles: roles.to_owned(), account: account.to_owned() };
        let mut all = json!({ "sub": "joe", "exp": 1 });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        names.caller("https://id.test", serde_json::from_value(all).unwrap())
    }

    #[test]
    fn roles_and_account_are_read_where_the_issuer_writes_them() {
        let manager = [Role::Manager];
        let account = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70";
        let namespaced = "https://vacancy.example/roles";
        for (roles, account_name, claims) in [
            ("roles", "account_id", json!({ "roles": ["manager", "unheard of", 1], "account_id": account })),
            (
                "realm_access.roles",
                "org.id",
                json!({ "realm_access": { "roles": ["manager"] }, "org": { "id": account } }),
            ),
            (namespaced, "account_id", json!({ namespaced: ["manager"], "account_id": account })),
            (
                "resource.vacancy.api.roles",
                "account_id",
                json!({ "resource": { "vacancy": { "api": { "roles": "openid manager" } } }, "account_id": account }),
            ),
        ] {
            let caller = caller(roles, account_name, &claims).unwrap();
            assert_eq!(
                (caller.roles.as_slice(), caller.account_id.unwrap().to_string()),
                (&manager[..], account.to_owned()),
                "{roles}"
            );
        }
    }

    #[test]
    fn roles_that_stand_elsewhere_give_none_and_a_wrong_account_is_refused() {
        let caller = |claims: Value| caller("realm_access.roles", "account_id", &claims);
        let elsewhere = json!({ "roles": ["operator"], "realm_access": ["operator"] });
        assert!(caller(elsewhere).unwrap().roles.is_empty());
        assert!(caller(json!({ "account_id": "mine" })).is_err());
        let address = |claims| caller(claims).unwrap().email;
        assert_eq!(address(json!({ "email": "a@b.example" })), None);
        let verified = json!({ "email": "a@b.example", "email_verified": true });
        assert_eq!(address(verified).as_deref(), Some("a@b.example"));
        assert_eq!(caller(json!({ "account_id": null })).unwrap().account_id, None);
    }
}
