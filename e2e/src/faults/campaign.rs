//! `e2e campaign`: runs under trouble from seeds, one after the other, each checked; or planted mistakes, each until it is found.

use std::time::Duration;

use e2e::{failed::Failed, world::World};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    args::Args,
    checker::{
        self, Breach,
        holds::{DEBUG, RELEASE},
    },
    planted,
    processes::Processes,
    results::Done,
    run::{Ended, Figures, Plan, Run, SETTLES},
    snapshot::{Left, Stays},
};

/// A run of a long campaign is checked after so long: what is found then is still near.
const ROUND: Duration = Duration::from_mins(5);

/// Does what the command line says; leaves the instance as it was.
pub(crate) async fn run(world: &World, args: &Args) -> Result<(), Failed> {
    let processes = Processes::of(world, args.release);
    let done = match &args.planted {
        Some(name) => planted::run(world, &processes, args, name).await,
        None => campaign(world, &processes, args).await,
    };
    // As it was, also after a failure; the first of two is the one to know.
    let left = processes.leave().await;
    done.and(left)
}

async fn campaign(world: &World, processes: &Processes, args: &Args) -> Result<(), Failed> {
    let mut results = args.read()?;
    let mut seed = args.seed.unwrap_or(results.next_seed());
    let points = processes.crash_points().await?;
    if points.is_empty() {
        e2e::note!("no crash points: the services are built without them");
    }
    let mut runs = 0;
    while !args.is_over(&results, runs) {
        let longest = args.minutes.map_or(ROUND, |minutes| Duration::from_secs(minutes * 60));
        let (points, kinds, second) = (points.clone(), args.only.clone(), args.second.clone());
        let name = format!("{seed}");
        let behind_clock = if args.release { RELEASE } else { DEBUG };
        let plan = Plan {
            behind_clock,
            seed,
            longest,
            kinds,
            points,
            second,
            settles: SETTLES,
            crowd: args.crowd,
            at_once: args.at_once,
            damage: Left::NOTHING,
            name,
        };
        let (figures, ended) = one(world, processes, (&plan, args)).await;
        let broken = ended.as_ref().err().map(ToString::to_string);
        let stamp = Some(args.stamp(longest));
        results.runs.push(Done { stamp, broken, ..Done::of(seed, &figures) });
        args.keep(&results)?;
        ended?;
        (seed, runs) = (seed + 1, runs + 1);
    }
    let (bookings, kills) = results.sum();
    e2e::say!("all runs together: {bookings} bookings, {kills} kills");
    Ok(())
}

/// One run with its checks: its figures, and how it ended.
async fn one(
    world: &World,
    processes: &Processes,
    (plan, args): (&Plan, &Args),
) -> (Figures, Result<(), Failed>) {
    let mut figures = Figures::default();
    let ended = checked(world, processes, (plan, args), &mut figures).await;
    (figures, ended)
}

async fn checked(
    world: &World,
    processes: &Processes,
    (plan, args): (&Plan, &Args),
    figures: &mut Figures,
) -> Result<(), Failed> {
    processes.heal().await?;
    let run = Run::begin(world, processes, plan).await?;
    let bar = bar(plan);
    let troubled = run
        .trouble(plan, |figures, step| {
            bar.set_position(std::time::Duration::from_secs_f64(figures.seconds).as_secs());
            bar.set_message(format!("{} bookings, {} kills; {step}", figures.bookings, figures.kills));
        })
        .await;
    bar.finish_and_clear();
    *figures = run.figures();
    troubled.map_err(|failed| Failed::new(format!("seed {}: {failed}", plan.seed)))?;
    let Ended { breaches, stays } = run.end(plan).await?;
    figures.stays = Some(stays);
    e2e::say!("seed {}: {}", plan.seed, in_words(figures));
    kept(plan, args, &breaches)?;
    world.audit().await
}

fn kept(plan: &Plan, args: &Args, breaches: &[Breach]) -> Result<(), Failed> {
    for line in checker::in_words(breaches) {
        e2e::say!("  BROKEN: {line}");
    }
    let first = breaches.first().map_or("", |breach| breach.promise);
    let again = args.again(plan.seed, plan.longest.as_secs() / 60);
    e2e::failed::expect(breaches.is_empty(), || format!("{first}; the same schedule: {again}"))
}

fn in_words(figures: &Figures) -> String {
    let Figures { bookings, refused, unknown, repeated, kills, faults, seconds, points, stays } = figures;
    let Stays { completed, purged } = stays.unwrap_or_default();
    let (at_points, of) = (figures.at_points(), points.len());
    let passed = points.iter().filter(|one| one.died > 0).count();
    format!(
        "{bookings} bookings ({repeated} asked for again), {refused} refused, {unknown} without an answer; {completed} stays \
         completed, {purged} of them purged; {faults} faults, {kills} kills, \
         {at_points} of them at {passed} of {of} crash points, in {seconds:.0} s"
    )
}

fn bar(plan: &Plan) -> ProgressBar {
    let bar = ProgressBar::new(plan.longest.as_secs());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}") {
        bar.set_style(style);
    }
    bar
}
