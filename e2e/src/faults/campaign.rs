//! `e2e campaign`: runs under trouble from seeds, one after the other, each checked; or planted mistakes, each until it is found.

use std::time::Duration;

use e2e::{failed::Failed, world::World};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    args::Args,
    checker::{self, Breach},
    planted,
    processes::Processes,
    results::Done,
    run::{Figures, Plan, Run},
};

/// A run of a long campaign is checked after so long: what is found then is still near.
const ROUND: Duration = Duration::from_mins(5);
/// Voids and refunds wait for up to five minutes before they are sent again: only after many failures.
const SETTLES: Duration = Duration::from_mins(4);

/// Does what the command line says; leaves the instance as it was.
pub(crate) async fn run(world: &World, args: &Args) -> Result<(), Failed> {
    let processes = Processes::of(world, args.release);
    let done = match &args.planted {
        Some(name) => planted::run(world, &processes, args, name).await,
        None => campaign(world, &processes, args).await,
    };
    processes.leave().await?;
    done
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
        let plan = Plan { seed, longest, kinds, points, second, settles: SETTLES };
        let figures = one(world, processes, &plan).await?;
        results.runs.push(Done::of(seed, &figures));
        args.keep(&results)?;
        (seed, runs) = (seed + 1, runs + 1);
    }
    let (bookings, kills) = results.sum();
    e2e::say!("all runs together: {bookings} bookings, {kills} kills");
    Ok(())
}

/// One run with its checks; the command that repeats its schedule if a promise was broken.
async fn one(world: &World, processes: &Processes, plan: &Plan) -> Result<Figures, Failed> {
    processes.heal().await?;
    let mut run = Run::begin(world, processes, plan).await?;
    let bar = bar(plan);
    let troubled = run
        .trouble(plan, |figures, step| {
            bar.set_position(std::time::Duration::from_secs_f64(figures.seconds).as_secs());
            bar.set_message(format!("{} bookings, {} kills; {step}", figures.bookings, figures.kills));
        })
        .await;
    bar.finish_and_clear();
    troubled.map_err(|failed| Failed::new(format!("seed {}: {failed}", plan.seed)))?;
    let (figures, breaches) = run.end(plan).await?;
    e2e::say!("seed {}: {}", plan.seed, in_words(&figures));
    kept(plan, &breaches)?;
    world.audit().await?;
    Ok(figures)
}

fn kept(plan: &Plan, breaches: &[Breach]) -> Result<(), Failed> {
    for line in checker::in_words(breaches) {
        e2e::say!("  BROKEN: {line}");
    }
    let again = format!("cargo xtask faults --seed {} --minutes {}", plan.seed, plan.longest.as_secs() / 60);
    e2e::failed::expect(breaches.is_empty(), || format!("promises were broken; the same schedule: {again}"))
}

fn in_words(figures: &Figures) -> String {
    let Figures { bookings, refused, unknown, kills, at_points, faults, seconds } = figures;
    format!(
        "{bookings} bookings, {refused} refused, {unknown} without an answer; {faults} faults, {kills} kills, \
         {at_points} of them at a crash point, in {seconds:.0} s"
    )
}

fn bar(plan: &Plan) -> ProgressBar {
    let bar = ProgressBar::new(plan.longest.as_secs());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}") {
        bar.set_style(style);
    }
    bar
}
