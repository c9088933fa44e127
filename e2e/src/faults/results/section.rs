//! What docs/PROMISES.md shows of the results. What a run did not record is said to be unknown.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    time::Duration,
};

use super::{Done, Found, Results, Stamp};

pub(super) fn of(results: &Results) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _written = write(&mut text, results);
    text
}

fn write(text: &mut String, results: &Results) -> fmt::Result {
    let kept: Vec<&Done> = results.kept().collect();
    totals(text, &kept)?;
    for Done { seed, broken, .. } in &results.runs {
        if let Some(what) = broken {
            writeln!(text, "\nSeed {seed} ended otherwise: {what}")?;
        }
    }
    builds(text, &kept)?;
    points(text, &kept)?;
    planted(text, &results.planted)
}

fn hours(seconds: u64) -> f64 {
    Duration::from_secs(seconds).as_secs_f64() / 3_600.0
}

fn sum<'a>(runs: impl IntoIterator<Item = &'a &'a Done>, of: impl Fn(&Done) -> u64) -> u64 {
    runs.into_iter().map(|run| of(run)).sum()
}

fn totals(text: &mut String, kept: &[&Done]) -> fmt::Result {
    text.push_str("| runs in which all was kept | bookings | refused | without an answer | faults | kills | of them at a crash point | hours |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    let sum = |of: fn(&Done) -> u64| sum(kept, of);
    writeln!(
        text,
        "| {} | {} | {} | {} | {} | {} | {} | {:.1} |",
        kept.len(),
        sum(|run| run.bookings),
        sum(|run| run.refused),
        sum(|run| run.unknown),
        sum(|run| run.faults),
        sum(|run| run.kills),
        sum(|run| run.at_crash_points),
        hours(sum(|run| run.seconds)),
    )?;
    let old = kept.iter().filter(|run| run.repeated.is_none()).count();
    if old > 0 {
        writeln!(text, "\n{old} of them count a repeat under the same key as a booking of its own.")?;
    }
    let stays: Vec<_> = kept.iter().filter_map(|run| run.stays).collect();
    if stays.is_empty() {
        return writeln!(text, "\nHow many stays were completed under trouble is not known of any of them.");
    }
    let (completed, purged) =
        stays.iter().fold((0, 0), |sum, one| (sum.0 + one.completed, sum.1 + one.purged));
    let runs = stays.len();
    writeln!(
        text,
        "\nIn {runs} of them {completed} stays were completed and {purged} of these purged; of the others it is not known."
    )
}

/// What runs of the same build and size came to.
fn builds(text: &mut String, kept: &[&Done]) -> fmt::Result {
    text.push_str("\n| commit | build | crowd | at once | runs | bookings | kills | hours |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    let mut groups: BTreeMap<String, Vec<&Done>> = BTreeMap::new();
    for run in kept {
        groups.entry(build(run.stamp.as_ref())).or_default().push(run);
    }
    for (build, runs) in groups {
        let (bookings, kills) = (sum(&runs, |run| run.bookings), sum(&runs, |run| run.kills));
        let hours = hours(sum(&runs, |run| run.seconds));
        writeln!(text, "| {build} | {} | {bookings} | {kills} | {hours:.1} |", runs.len())?;
    }
    Ok(())
}

fn build(stamp: Option<&Stamp>) -> String {
    const UNKNOWN: &str = "unknown";
    let Some(Stamp { commit, release, crowd, at_once, .. }) = stamp else {
        return format!("{UNKNOWN} | {UNKNOWN} | {UNKNOWN} | {UNKNOWN}");
    };
    let commit = commit.as_deref().unwrap_or(UNKNOWN);
    let build = if *release { "release" } else { "debug" };
    format!("{commit} | {build} | {crowd} | {at_once}")
}

/// Where services were told to die, and how often they did.
fn points(text: &mut String, kept: &[&Done]) -> fmt::Result {
    let known: Vec<_> = kept.iter().filter_map(|run| run.points.as_ref()).collect();
    let unknown = kept.len() - known.len();
    if unknown > 0 {
        writeln!(text, "\nOf {unknown} runs it is not known at which crash points services were to die.")?;
    }
    let mut sums: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    for one in known.into_iter().flatten() {
        let sum = sums.entry((&one.service, &one.point)).or_default();
        *sum = (sum.0 + one.armed, sum.1 + one.died);
    }
    if sums.is_empty() {
        return Ok(());
    }
    text.push_str("\n| service | crash point | armed | died there |\n|---|---|---|---|\n");
    for ((service, point), (armed, died)) in sums {
        writeln!(text, "| {service} | {point} | {armed} | {died} |")?;
    }
    Ok(())
}

fn planted(text: &mut String, all: &[Found]) -> fmt::Result {
    text.push_str("\n| planted mistake | what is wrong | found by | seconds |\n|---|---|---|---|\n");
    for Found { mistake, what, by, seconds } in all {
        writeln!(text, "| {mistake} | {what} | {by} | {seconds} |")?;
    }
    Ok(())
}
