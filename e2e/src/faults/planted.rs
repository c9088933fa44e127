//! Can the checker find what it is there to find? Services make a mistake on purpose, and it is found or this fails.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};
use serde::Deserialize;

use super::{
    args::Args,
    checker::{self, holds::DEBUG},
    processes::Processes,
    results::Found,
    run::{Ended, Plan, Run, SETTLES, calm},
    schedule::{ARCHIVER, FIRST, Kind},
    snapshot::Left,
};

/// Load and trouble before the checker looks.
const ROUND: Duration = Duration::from_secs(20);
/// A mistake that is not found by then is not found.
const LIMIT: Duration = Duration::from_mins(10);
/// The round that the first look at each mistake is taken in.
const FIRST_SEED: u64 = 1;
/// Clients of a crowd: some mistakes show only where both copies always have the same room in their hands.
const CROWD: u64 = 32;
/// What readers may need: longer than the log keeps back what a killed producer has begun.
const CATCHES_UP: &str = "120s";
/// The name of a round without one.
const NO_MISTAKE: &str = "none";
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
    /// The first of them.
    shown: Vec<String>,
    /// Why it could not look.
    error: Option<String>,
}

/// That mistake, or all of them; a table of what found each.
pub(crate) async fn run(world: &World, processes: &Processes, args: &Args, name: &str) -> Result<(), Failed> {
    let mistakes = mistakes(processes).await?;
    let chosen: Vec<&Mistake> = mistakes.iter().filter(|one| name == "all" || one.name == name).collect();
    e2e::failed::expect(!chosen.is_empty(), || {
        let names: Vec<&str> = mistakes.iter().map(|one| one.name.as_str()).collect();
        format!("no mistake `{name}` in this build; there are: {}", names.join(", "))
    })?;
    let mut rounds = Rounds {
        world,
        processes,
        second: &args.second,
        passed: BTreeSet::new(),
        damage: Left::NOTHING,
        mistaken: false,
    };
    let mut results = args.read()?;
    let mut missed = Vec::new();
    e2e::say!("{:<32} {:<60} seconds", "name", "found by");
    for mistake in chosen {
        let found = rounds.find(mistake).await?;
        let (by, seconds) = found.clone().unwrap_or(("NOT FOUND".to_owned(), LIMIT.as_secs()));
        e2e::say!("{:<32} {by:<60} {seconds:>7}", mistake.name);
        if found.is_some() {
            let (mistake, what) = (mistake.name.clone(), mistake.what.clone());
            results.found(Found { mistake, what, by, seconds });
        } else {
            missed.push(mistake.name.clone());
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

/// Rounds of seeds, each first without a mistake.
struct Rounds<'a> {
    world: &'a World,
    processes: &'a Processes,
    second: &'a str,
    /// Seeds of which the round without a mistake found nothing.
    passed: BTreeSet<u64>,
    /// What mistakes have left and nothing will end: a hold whose rooms were given back twice cannot end, for no night may
    /// have more to sell than there is.
    damage: Left,
    /// Whether the last round was one with a mistake.
    mistaken: bool,
}

impl Rounds<'_> {
    /// The promise, or the audit's check, that a mistake breaks first, and after how many seconds of rounds with it; none within
    /// the limit. Whoever cries at everything finds every mistake: the same round without it comes first.
    async fn find(&mut self, mistake: &Mistake) -> Result<Option<(String, u64)>, Failed> {
        let mistaken = self.processes.mistaken(mistake.service, &mistake.name);
        let (mut spent, mut seed) = (Duration::ZERO, FIRST_SEED);
        while spent < LIMIT {
            if !self.passed.contains(&seed) {
                let cried = self.broken(self.processes, (NO_MISTAKE, seed)).await?;
                e2e::failed::expect(cried.is_none(), || {
                    format!("without any mistake this was found: {cried:?}")
                })?;
                self.passed.insert(seed);
            }
            let began = Instant::now();
            let broken = self.broken(&mistaken, (&mistake.name, seed)).await?;
            spent += began.elapsed();
            if broken.is_some() {
                return Ok(broken.map(|by| (by, spent.as_secs())));
            }
            seed += 1;
        }
        Ok(None)
    }

    /// What never ends is the last mistake's damage; without a mistake there is none.
    async fn comes_to_rest(&mut self) -> Result<(), Failed> {
        let left = calm(self.world, self.damage, SETTLES).await?;
        let known = left.within(self.damage);
        e2e::failed::expect(known || self.mistaken, || {
            format!("never ends, and is of a round without a mistake: {left:?}")
        })?;
        if !known {
            self.damage = left;
        }
        Ok(())
    }

    /// What a round of this seed breaks first. What the one before has left behind comes to its end under services that make no
    /// mistake.
    async fn broken(
        &mut self,
        processes: &Processes,
        (name, seed): (&str, u64),
    ) -> Result<Option<String>, Failed> {
        self.processes.heal().await?;
        self.comes_to_rest().await?;
        self.mistaken = name != NO_MISTAKE;
        let before = audited(self.world).await?;
        processes.heal().await?;
        let (kinds, second, name) =
            (KINDS.to_vec(), self.second.to_owned(), format!("planted-{name}-{seed}"));
        let plan = Plan {
            behind_clock: DEBUG,
            seed,
            longest: ROUND,
            kinds,
            points: Vec::new(),
            second,
            settles: SETTLES,
            crowd: CROWD,
            at_once: 1,
            damage: self.damage,
            name,
        };
        let run = Run::begin(self.world, processes, &plan).await?;
        run.trouble(&plan, |_, _| {}).await?;
        let Ended { breaches, .. } = run.end(&plan).await?;
        for line in checker::in_words(&breaches) {
            e2e::say!("  {line}");
        }
        if let Some(first) = breaches.first() {
            return Ok(Some(format!("the checker: {}", first.promise)));
        }
        let after = audited(self.world).await?;
        let before =
            |name: &str| before.iter().find(|check| check.name == name).map_or(0, |check| check.breaches);
        let worse = after.iter().find(|check| check.breaches > before(&check.name));
        for line in worse.into_iter().flat_map(|check| &check.shown) {
            e2e::say!("  {line}");
        }
        Ok(worse.map(|check| format!("the audit: {}", check.name)))
    }
}

/// What each check of the audit finds.
async fn audited(world: &World) -> Result<Vec<Audited>, Failed> {
    let said = world.admin(&["audit", "--json", "--wait", CATCHES_UP]).await?;
    let Audit { checks } = serde_json::from_str(&said.out)
        .map_err(|error| Failed::new(format!("{error}: {}", said.describe())))?;
    let blind =
        checks.iter().find_map(|one| one.error.as_ref().map(|error| format!("{}: {error}", one.name)));
    e2e::failed::expect(blind.is_none(), || format!("the audit could not look: {blind:?}"))?;
    Ok(checks)
}
