//! The operations, as the merged document has them.

use std::collections::BTreeMap;

use e2e::failed::Failed;
use reqwest::Method;
use serde_json::Value;

const DOCUMENT: &str = "openapi/vacancy.json";

/// Every role there is.
pub(super) const ROLES: [&str; 4] = ["traveller", "manager", "operator", "channel"];

/// A caller that should not get through, at least not everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    NoToken,
    Expired,
    WrongKey,
    WrongAudience,
    WrongIssuer,
    Unsigned,
    /// A good token of somebody who owns nothing here.
    Role(&'static str),
}

/// An operation of the API.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: Method,
    path: String,
    /// None: public.
    roles: Option<Vec<String>>,
    pub(super) takes_if_match: bool,
    needs_dates: bool,
}

pub(super) fn read() -> Result<Vec<Operation>, Failed> {
    let text =
        std::fs::read_to_string(DOCUMENT).map_err(|error| Failed::new(format!("{DOCUMENT}: {error}")))?;
    let document: Value = serde_json::from_str(&text)?;
    let paths = document.get("paths").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut all = Vec::new();
    for (path, item) in &paths {
        for (method, operation) in item.as_object().into_iter().flatten() {
            all.extend(one(path, method, operation));
        }
    }
    e2e::failed::expect(!all.is_empty(), || format!("{DOCUMENT} has no operations"))?;
    Ok(all)
}

fn one(path: &str, method: &str, operation: &Value) -> Option<Operation> {
    let id = operation.get("operationId")?.as_str()?.to_owned();
    let method = method.to_uppercase().parse().ok()?;
    let secured = operation.get("security").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    let listed = operation.get("x-roles").and_then(Value::as_array);
    let names =
        |roles: &Vec<Value>| roles.iter().filter_map(|role| role.as_str().map(str::to_owned)).collect();
    let roles = (secured || listed.is_some()).then(|| listed.map(names).unwrap_or_default());
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let named = |name: &str| {
        parameters
            .is_some_and(|all| all.iter().any(|one| one.get("name").and_then(Value::as_str) == Some(name)))
    };
    Some(Operation {
        id,
        method,
        path: path.to_owned(),
        roles,
        takes_if_match: named("If-Match"),
        needs_dates: named("start_date"),
    })
}

impl Operation {
    /// The statuses that are right for this caller; none where this cell says nothing.
    pub(super) fn expected(&self, caller: &Caller) -> Option<Vec<u16>> {
        let roles = self.roles.as_ref()?;
        match caller {
            Caller::NoToken
            | Caller::Expired
            | Caller::WrongKey
            | Caller::WrongAudience
            | Caller::WrongIssuer
            | Caller::Unsigned => Some(vec![401]),
            Caller::Role(role) if !roles.is_empty() && !roles.iter().any(|one| one == role) => {
                Some(vec![403])
            }
            // An operator may; somebody else's hotel or booking is not there for anybody else.
            Caller::Role("operator") => None,
            Caller::Role(_) => self.path.contains('{').then(|| vec![404]),
        }
    }

    /// The path with somebody else's resources in it.
    pub(super) fn path_with(&self, resources: &BTreeMap<String, String>) -> String {
        let segments = self.path.split('/').map(|segment| match segment.strip_prefix('{') {
            Some(name) => resources.get(name.trim_end_matches('}')).cloned().unwrap_or_else(unknown),
            None => segment.to_owned(),
        });
        let path = segments.collect::<Vec<_>>().join("/");
        if self.needs_dates { format!("{path}?start_date=2099-01-01&end_date=2099-01-02") } else { path }
    }
}

/// The id of nothing.
pub(super) fn unknown() -> String {
    uuid::Uuid::from_u128(rand::random()).to_string()
}
