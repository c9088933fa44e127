//! `cargo xtask test`: everything, on a stack of its own, stage by stage, each with its time.

mod command;
mod identity;
mod lint;
mod npm;
mod python;
mod stages;
mod tutorial;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    failure::{Failure, Outcome},
    stack::Context,
};

pub(crate) use stages::end_to_end;

/// What a stage works with.
pub(crate) struct Bench<'a> {
    pub(crate) context: &'a Context,
    pub(crate) root: &'a Path,
}

/// A stage: its name on the command line, what it shows, what it does.
struct Stage {
    name: &'static str,
    about: &'static str,
    run: fn(&Bench<'_>) -> Outcome,
}

/// All stages, or one behind the one before it that starts what it stands on; none of that name, none.
fn chosen(only: Option<&str>) -> Vec<&'static Stage> {
    let Some(name) = only else { return stages::ALL.iter().collect() };
    let Some(at) = stages::ALL.iter().position(|stage| stage.name == name) else { return Vec::new() };
    let ground = stages::ALL.iter().take(at).rfind(|stage| stages::GROUND.contains(&stage.name));
    ground.into_iter().chain(stages::ALL.get(at)).collect()
}

/// Runs all stages, or one; stops at the first that fails, with the command that repeats it.
pub(crate) fn run(bench: &Bench<'_>, only: Option<&str>) -> Outcome {
    let chosen = chosen(only);
    if chosen.is_empty() {
        let names: Vec<&str> = stages::ALL.iter().map(|stage| stage.name).collect();
        return Err(Failure::Refused(format!("no such stage; there are: {}", names.join(", "))));
    }
    let mut times = Vec::new();
    let began = Instant::now();
    let mut result = Ok(());
    for stage in chosen {
        say!("\n=== {}: {}", stage.name, stage.about);
        let stage_began = Instant::now();
        result = (stage.run)(bench);
        times.push((stage.name, stage_began.elapsed(), result.is_ok()));
        if result.is_err() {
            break;
        }
    }
    if only.is_none() {
        let _left_as_it_is = crate::deployment::down(bench.context);
    }
    table(&times, began.elapsed());
    if times.iter().any(|(name, ..)| *name == stages::TESTS) {
        stages::closing_lines(bench);
    }
    result.map_err(|failure| told(&times, &failure))
}

fn told(times: &[(&str, Duration, bool)], failure: &Failure) -> Failure {
    let name = times.last().map_or("", |(name, ..)| name);
    Failure::Refused(format!(
        "stage `{name}` failed: {failure}\n       again: cargo xtask test --only {name}"
    ))
}

fn table(times: &[(&str, Duration, bool)], whole: Duration) {
    say!("\n{:<14} {:>9}  result", "stage", "seconds");
    for (name, time, passed) in times {
        say!("{name:<14} {:>9.1}  {}", time.as_secs_f64(), if *passed { "passed" } else { "FAILED" });
    }
    say!("{:<14} {:>9.1}", "all", whole.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_alone_is_run_on_the_servers_or_services_that_it_needs() {
        let names = |only| chosen(Some(only)).iter().map(|stage| stage.name).collect::<Vec<_>>();
        assert_eq!(names("clippy"), ["clippy"]);
        assert_eq!(names("stack"), ["stack"]);
        assert_eq!(names("planted"), ["stack", "planted"]);
        assert_eq!(names("up"), ["stack", "up"]);
        assert_eq!(names("audit"), ["up", "audit"]);
        assert!(chosen(Some("nonsense")).is_empty());
        assert_eq!(chosen(None).len(), stages::ALL.len());
    }
}
