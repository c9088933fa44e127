//! What the reader sees while things start: one moving line per server on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// All lines of one command.
pub(crate) struct Board {
    moving: Option<MultiProgress>,
    width: usize,
}

/// The line of one server.
pub(crate) struct Line {
    name: String,
    bar: Option<ProgressBar>,
    width: usize,
    since: Instant,
}

impl Board {
    /// A board for names of at most `width` characters.
    pub(crate) fn new(width: usize) -> Self {
        Self { moving: std::io::stderr().is_terminal().then(MultiProgress::new), width }
    }

    pub(crate) fn line(&self, name: &str) -> Line {
        let bar = self.moving.as_ref().map(|moving| {
            let bar = moving
                .add(ProgressBar::new_spinner().with_prefix(format!("{name:<width$}", width = self.width)));
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Line { name: name.to_owned(), bar, width: self.width, since: Instant::now() }
    }
}

impl Line {
    /// A new step: always shown.
    pub(crate) fn step(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        } else {
            note!("{:<width$}  {text}", self.name, width = self.width);
        }
    }

    /// A figure that moves within a step: shown on a terminal only.
    pub(crate) fn tick(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        }
    }

    /// The last word about this server.
    pub(crate) fn done(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.finish_with_message(text.to_owned()),
            None => self.step(text),
        }
    }

    /// Seconds since this line began.
    pub(crate) fn seconds(&self) -> f64 {
        self.since.elapsed().as_secs_f64()
    }
}
