//! Can the checker find what it is there to find? Services make a mistake on purpose, and it is found or this fails.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};
use serde::Deserialize;

use super::{
    args::Args,
    checker,
    processes::Processes,
    results::Found,
    run::{Plan, Run},
    schedule::{ARCHIVER, FIRST, Kind},
};

/// Load and trouble before the checker looks.
const ROUND: Duration = Duration::from_secs(20);
/// What is still under way after so long is a finding.
const SETTLES: Duration = Duration::from_secs(30);
/// A mistake that is not found by then is not found.
const LIMIT: Duration = Duration::from_secs(150);
/// The round that the first look at each mistake is taken in.
const FIRST_SEED: u64 = 1;
/// What brings mistakes to light: deaths, answers that are lost, a clock that goes forward.
const KINDS: [Kind; 4] = [Kind::Kill, Kind::Answers, Kind::Freeze, Kind::Clock];

/// A mistake that a service can be told to make.
#[derive(Debug, Clone)]
struct Mistake {
    service: &'static str,
    name: String,
    what: String,
}

/// What the audit says as JSON.
#[derive(Deserialize)]
struct Audit {
    checks: Vec<Audited>,
}

/// A check of it.
#[derive(Deserialize)]
struct Audited {
    name: String,
    breaches: u64,
}

/// That mistake, or all of them; a table of what found each.
pub(crate) async fn run(world: &World, processes: &Processes, args: &Args, name: &str) -> Result<(), Failed> {
    let mistakes = mistakes(processes).await?;
    let chosen: Vec<&Mistake> = mistakes.iter().filter(|one| name == "all" || one.name == name).collect();
    e2e::failed::expect(!chosen.is_empty(), || {
        let names: Vec<&str> = mistakes.iter().map(|one| one.name.as_str()).collect();
        format!("no mistake `{name}` in this build; there are: {}", names.join(", "))
    })?;
    // Whoever cries at everything finds every mistake: the same round without one comes first.
    let cried = broken(world, processes, &args.second, FIRST_SEED).await?;
    e2e::failed::expect(cried.is_none(), || format!("without any mistake this was found: {cried:?}"))?;
    let mut results = args.read()?;
    let mut missed = Vec::new();
    e2e::say!("{:<32} {:<60} seconds", "name", "found by");
    for mistake in chosen {
        let began = Instant::now();
        let found = found(world, processes, &args.second, mistake).await?;
        let seconds = began.elapsed().as_secs();
        e2e::say!("{:<32} {:<60} {seconds:>7}", mistake.name, found.as_deref().unwrap_or("NOT FOUND"));
        match found {
            Some(by) => {
                let (mistake, what) = (mistake.name.clone(), mistake.what.clone());
                results.found(Found { mistake, what, by, seconds });
            }
            None => missed.push(mistake.name.clone()),
        }
        args.keep(&results)?;
    }
    e2e::failed::expect(missed.is_empty(), || format!("not found: {}", missed.join(", ")))
}

async fn mistakes(processes: &Processes) -> Result<Vec<Mistake>, Failed> {
    let mut all = Vec::new();
    for service in [FIRST.service, ARCHIVER.service] {
        let listed = processes.listed(service, "planted-faults").await?;
        all.extend(listed.into_iter().map(|(name, what)| Mistake { service, name, what }));
    }
    Ok(all)
}

/// The promise, or the audit's check, that a mistake breaks first; none within the limit.
async fn found(
    world: &World,
    processes: &Processes,
    second: &str,
    mistake: &Mistake,
) -> Result<Option<String>, Failed> {
    let mistaken = processes.mistaken(mistake.service, &mistake.name);
    let began = Instant::now();
    let mut seed = FIRST_SEED;
    while began.elapsed() < LIMIT {
        if let Some(by) = broken(world, &mistaken, second, seed).await? {
            return Ok(Some(by));
        }
        seed += 1;
    }
    Ok(None)
}

/// What a round of this seed breaks first.
async fn broken(
    world: &World,
    processes: &Processes,
    second: &str,
    seed: u64,
) -> Result<Option<String>, Failed> {
    let before = audited(world, "0s").await?;
    processes.heal().await?;
    let (kinds, second) = (KINDS.to_vec(), second.to_owned());
    let plan = Plan { seed, longest: ROUND, kinds, points: Vec::new(), second, settles: SETTLES };
    let mut run = Run::begin(world, processes, &plan).await?;
    run.trouble(&plan, |_, _| {}).await?;
    let (_, breaches) = run.end(&plan).await?;
    for line in checker::in_words(&breaches) {
        e2e::say!("  {line}");
    }
    if let Some(first) = breaches.first() {
        return Ok(Some(format!("the checker: {}", first.promise)));
    }
    let after = audited(world, "30s").await?;
    let more = |(name, count): &(&String, &u64)| before.get(*name).is_none_or(|before| before < *count);
    Ok(after.iter().find(more).map(|(name, _)| format!("the audit: {name}")))
}

/// How many breaches each check of the audit finds.
async fn audited(world: &World, wait: &str) -> Result<BTreeMap<String, u64>, Failed> {
    let said = world.admin(&["audit", "--json", "--wait", wait]).await?;
    let Audit { checks: all } = serde_json::from_str(&said.out)
        .map_err(|error| Failed::new(format!("{error}: {}", said.describe())))?;
    Ok(all.into_iter().map(|one| (one.name, one.breaches)).collect())
}
