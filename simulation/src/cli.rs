//! The command line.

use std::{collections::BTreeSet, io, path::PathBuf, process::ExitCode};

use clap::{Parser, builder::PossibleValuesParser};

use crate::{
    campaign::{self, Outcome},
    case::{Case, Trouble},
    checker::Breach,
    hotels::Hotels,
    planted::Planted,
    results::{Found, Results, Run, Sum},
    run::run,
    shrink::shrunk,
    trace::Trace,
};

/// Runs the booking core under seeded trouble: two processes on one database, messages late, lost and twice, processes that
/// die or stand still. After every step and at the end the promises are checked.
#[derive(Debug, Parser)]
#[command(name = "simulation", bin_name = "cargo xtask simulate", after_help = HELP)]
pub struct Cli {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed; without it, the one behind all that the results tell of.
    #[arg(long)]
    first: Option<u64>,
    /// Run this seed alone and print everything that happens in it.
    #[arg(long)]
    seed: Option<u64>,
    /// With --seed: numbers of happenings to leave out, as a failure tells them.
    #[arg(long, value_delimiter = ',', requires = "seed")]
    without: Vec<usize>,
    /// With --seed: kinds of trouble to leave out.
    #[arg(long, value_delimiter = ',', requires = "seed", value_parser = PossibleValuesParser::new(Trouble::ALL.map(|(_, name)| name)))]
    spare: Vec<String>,
    /// Make a mistake on purpose and see how many seeds it takes to be found: its name, or all.
    #[arg(long, value_parser = PossibleValuesParser::new(Planted::ALL.iter().map(|(_, name, _)| *name).chain(["all"])))]
    planted: Option<String>,
    /// Append what comes of it to this file.
    #[arg(long)]
    results: Option<PathBuf>,
}

const HELP: &str = "\
A failing seed fails again, to the byte. It is made smaller, and the command that shows the small case is printed.

    cargo xtask simulate --seeds 20000                 what CI runs takes these from seed 0 on
    cargo xtask simulate --seeds 1000000               goes on behind the last seed in bench/results/simulation.json
    cargo xtask simulate --seed 4711                   one seed, every step of it
    cargo xtask simulate --planted all                 can the checker find what it is there to find?
    cargo xtask simulate --planted no-fence --seed 12  a seed with a mistake, every step of it";

/// Does what the command line says.
pub fn main() -> ExitCode {
    match Cli::parse().go() {
        Ok(code) => code,
        Err(error) => {
            note!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    fn go(&self) -> io::Result<ExitCode> {
        let hotels =
            Hotels::new().ok_or_else(|| io::Error::other("the hotel of the simulation does not parse"))?;
        let planted = self.planted.as_deref().and_then(Planted::named);
        if let Some(seed) = self.seed {
            return Ok(replay(&hotels, &self.case(seed), planted));
        }
        match self.planted.as_deref() {
            Some("all") => self.plant(&hotels, Planted::ALL.map(|(planted, ..)| planted).as_slice()),
            Some(_) => self.plant(&hotels, planted.as_slice()),
            None => self.campaign(&hotels),
        }
    }

    fn case(&self, seed: u64) -> Case {
        let spared = Trouble::ALL.iter().filter(|(_, name)| self.spare.iter().any(|one| one == name));
        Case {
            seed,
            without: self.without.iter().copied().collect(),
            spared: spared.map(|(trouble, _)| *trouble).collect(),
        }
    }

    fn results(&self) -> io::Result<Results> {
        self.results.as_deref().map_or_else(|| Ok(Results::default()), Results::read)
    }

    fn keep(&self, results: &Results) -> io::Result<()> {
        self.results.as_deref().map_or(Ok(()), |path| results.write(path))
    }

    fn campaign(&self, hotels: &Hotels) -> io::Result<ExitCode> {
        let mut results = self.results()?;
        let first = self.first.unwrap_or(results.next());
        let Outcome { figures, seconds, failed } = campaign::seeds(hotels, first, self.seeds, None);
        let sum = Sum { figures, seconds };
        say!("seeds {first} to {}: {}", first + figures.seeds.saturating_sub(1), in_words(sum));
        if let Some((case, breach)) = failed {
            tell_failure(hotels, case, None, &breach);
            return Ok(ExitCode::FAILURE);
        }
        results.append(Run { first, sum });
        if results.runs.len() > 1 {
            say!("all runs together: {}", in_words(results.sum));
        }
        self.keep(&results)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Each of the mistakes, until it is found.
    fn plant(&self, hotels: &Hotels, mistakes: &[Planted]) -> io::Result<ExitCode> {
        let mut results = self.results()?;
        let mut code = ExitCode::SUCCESS;
        for planted in mistakes {
            let what = Planted::ALL.iter().find(|(one, ..)| one == planted).map_or("", |(_, _, what)| what);
            if !planted.can_be_made() {
                say!("{:<28} needs a build with --features planted_faults", planted.name());
                code = ExitCode::FAILURE;
                continue;
            }
            let outcome = campaign::seeds(hotels, self.first.unwrap_or(0), self.seeds, Some(*planted));
            let seeds = outcome.figures.seeds;
            let Some((_, breach)) = outcome.failed else {
                say!("{:<28} NOT FOUND in {seeds} seeds: {what}", planted.name());
                code = ExitCode::FAILURE;
                continue;
            };
            say!("{:<28} seeds {seeds:>5}  {}", planted.name(), breach.promise);
            let (mistake, promise) = (planted.name().to_owned(), breach.promise.to_owned());
            results.found(Found { mistake, what: what.to_owned(), seeds, promise });
        }
        self.keep(&results)?;
        Ok(code)
    }
}

fn in_words(Sum { figures, seconds }: Sum) -> String {
    format!(
        "{} seeds, {} steps, {} works, {} bookings, {} transactions, {} deaths, {} simulated s in {seconds:.0} s",
        figures.seeds,
        figures.events,
        figures.works,
        figures.bookings,
        figures.transactions,
        figures.deaths,
        figures.simulated_ms / 1_000,
    )
}

fn replay(hotels: &Hotels, case: &Case, planted: Option<Planted>) -> ExitCode {
    let ran = run(hotels, case, planted, Trace::kept());
    ran.trace.iter().for_each(|line| say!("{line}"));
    if let Some(Breach { promise, what }) = ran.breach {
        say!("BROKEN: {promise}\n{what}");
        ExitCode::FAILURE
    } else {
        say!("every promise was kept");
        ExitCode::SUCCESS
    }
}

fn tell_failure(hotels: &Hotels, case: Case, planted: Option<Planted>, breach: &Breach) {
    say!("BROKEN by seed {}: {}\n{}", case.seed, breach.promise, breach.what);
    let small = shrunk(hotels, case, planted, breach.promise);
    let kept = small.script().happenings;
    say!("made smaller, {} happenings are left:", kept.len());
    for (at, happening) in &kept {
        say!("    {at:>6} ms  {happening:?}");
    }
    say!(
        "see it: cargo xtask simulate --seed {}{}{}",
        small.seed,
        without(&small.without),
        spare(&small.spared)
    );
}

fn without(numbers: &BTreeSet<usize>) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    if numbers.is_empty() { String::new() } else { format!(" --without {}", numbers.join(",")) }
}

fn spare(spared: &BTreeSet<Trouble>) -> String {
    let names = Trouble::ALL.iter().filter(|(trouble, _)| spared.contains(trouble)).map(|(_, name)| *name);
    let names: Vec<&str> = names.collect();
    if names.is_empty() { String::new() } else { format!(" --spare {}", names.join(",")) }
}
