//! The authorisation matrix: every operation of the merged document x every wrong caller.

mod bodies;
mod operations;
mod resources;

use std::collections::BTreeMap;

use e2e::{
    failed::Failed,
    http::Answer,
    people::{self, Person},
    world::World,
};
use futures::StreamExt as _;
use operations::{Caller, Operation};
use serde_json::Value;

/// Calls under way at once.
const SIDE_BY_SIDE: usize = 8;

/// A cell of the matrix: who calls what, and what must come back.
struct Cell<'a> {
    operation: &'a Operation,
    caller: Caller,
    token: Option<String>,
    resources: &'a BTreeMap<String, String>,
}

/// Runs the whole matrix; prints what is wrong and how many cells there are.
pub(crate) async fn run(world: &World) -> Result<(), Failed> {
    let operations = operations::read()?;
    let theirs = resources::of_somebody_else(world).await?;
    let callers = callers(world)?;
    let cells: Vec<Cell<'_>> =
        operations.iter().flat_map(|operation| cells(operation, &callers, &theirs)).collect();
    let results: Vec<Result<(), String>> = futures::stream::iter(cells.iter())
        .map(|cell| check(world, cell))
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    let failures: Vec<&String> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    for failure in &failures {
        e2e::say!("  {failure}");
    }
    let passed = results.len() - failures.len();
    e2e::say!("{} operations x callers: {passed} passed, {} failed", operations.len(), failures.len());
    e2e::say!("{passed} passed, {} failed", failures.len());
    e2e::failed::expect(failures.is_empty(), || "the matrix has holes".to_owned())
}

/// A token for each wrong caller.
fn callers(world: &World) -> Result<Vec<(Caller, Option<String>)>, Failed> {
    let somebody = Person::new(world, "operator")?.user_id;
    let good = people::claims(world, somebody, "operator");
    let key = &world.endpoints.auth.development_key;
    let with = |name: &str, value: Value| crate::journey::with(good.clone(), name, value);
    let mut all = vec![
        (Caller::NoToken, None),
        (Caller::Expired, Some(people::sign(&with("exp", (people::seconds_now() - 3600).into()), key)?)),
        (
            Caller::WrongKey,
            Some(people::sign(&good, "not the key that this deployment's tokens are signed with")?),
        ),
        (Caller::WrongAudience, Some(people::sign(&with("aud", "somebody-else".into()), key)?)),
        (Caller::WrongIssuer, Some(people::sign(&with("iss", "https://evil.example".into()), key)?)),
        (Caller::Unsigned, Some(people::unsigned(&good))),
    ];
    for role in operations::ROLES {
        let person = Person::new(world, role)?;
        all.push((Caller::Role(role), Some(person.token)));
    }
    Ok(all)
}

fn cells<'a>(
    operation: &'a Operation,
    callers: &[(Caller, Option<String>)],
    resources: &'a BTreeMap<String, String>,
) -> Vec<Cell<'a>> {
    let asked = callers.iter().filter(|(caller, _)| operation.expected(caller).is_some());
    asked
        .map(|(caller, token)| Cell { operation, caller: *caller, token: token.clone(), resources })
        .collect()
}

async fn check(world: &World, cell: &Cell<'_>) -> Result<(), String> {
    let Some(expected) = cell.operation.expected(&cell.caller) else { return Ok(()) };
    let answer = call(world, cell).await.map_err(|failed| failed.0)?;
    if expected.contains(&answer.status) {
        return Ok(());
    }
    Err(format!("{} as {:?}: {expected:?} expected: {}", cell.operation.id, cell.caller, answer.describe()))
}

async fn call(world: &World, cell: &Cell<'_>) -> Result<Answer, Failed> {
    let operation = cell.operation;
    let mut call = world.call(operation.method.clone(), &operation.path_with(cell.resources));
    if let Some(token) = &cell.token {
        call = call.token(token);
    }
    call = call.key(&uuid::Uuid::from_u128(rand::random()).to_string());
    if operation.takes_if_match {
        call = call.header("If-Match", "\"1\"");
    }
    call.json(&bodies::of(&operation.id, cell.resources)).send().await
}
