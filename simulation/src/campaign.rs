//! Many seeds one after the other, until one breaks a promise.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    case::Case,
    checker::Breach,
    hotels::Hotels,
    planted::Planted,
    run::{Figures, run},
    trace::Trace,
};

/// Where no line moves, one is written so often.
const TELL: Duration = Duration::from_secs(10);

/// What a campaign came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) figures: Figures,
    pub(crate) seconds: f64,
    pub(crate) failed: Option<(Case, Breach)>,
}

/// Runs so many seeds from the first on.
pub(crate) fn seeds(hotels: &Hotels, first: u64, count: u64, planted: Option<Planted>) -> Outcome {
    let progress = Progress::new(count);
    let mut outcome = Outcome { figures: Figures::default(), seconds: 0.0, failed: None };
    for seed in first..first.saturating_add(count) {
        let case = Case::whole(seed);
        let ran = run(hotels, &case, planted, Trace::default());
        outcome.figures = outcome.figures.and(ran.figures);
        outcome.failed = ran.breach.map(|breach| (case, breach));
        if outcome.failed.is_some() {
            break;
        }
        progress.tell(outcome.figures.seeds);
    }
    outcome.seconds = progress.seconds();
    outcome
}

/// A moving line on a terminal, a line now and then elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    count: u64,
    began: Instant,
    told: std::cell::Cell<Instant>,
}

impl Progress {
    fn new(count: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| ProgressBar::new(count));
        let style = "{bar:40} {pos}/{len} seeds  {per_sec}  {eta} left";
        if let (Some(bar), Ok(style)) = (&bar, ProgressStyle::with_template(style)) {
            bar.set_style(style);
        }
        let began = Instant::now();
        Self { bar, count, began, told: std::cell::Cell::new(began) }
    }

    fn tell(&self, done: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if self.told.get().elapsed() >= TELL => {
                self.told.set(Instant::now());
                note!("{done} of {} seeds, {:.0} s", self.count, self.seconds());
            }
            None => {}
        }
    }

    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}
