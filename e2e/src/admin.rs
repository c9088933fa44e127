//! The operator's commands, run as an operator does: the built binary, its output and its exit code.

use std::time::Duration;

use crate::{
    failed::{Failed, expect},
    world::World,
};

/// Longer than a rebuild of the index on a busy machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// What a command answered.
#[derive(Debug)]
pub struct Said {
    asked: String,
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl World {
    /// `vacancy admin ...` with these arguments, whatever it answers.
    pub async fn admin(&self, arguments: &[&str]) -> Result<Said, Failed> {
        let asked = format!("vacancy admin {}", arguments.join(" "));
        let mut command = self.operator();
        let running = command.args(arguments).kill_on_drop(true).output();
        let ended = tokio::time::timeout(PATIENCE, running).await;
        let output =
            ended.map_err(|_| Failed::new(format!("{asked}: not within {} s", PATIENCE.as_secs())))??;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Ok(Said { asked, code: output.status.code(), out, err })
    }
}

impl Said {
    /// The answer as a failed expectation shows it.
    pub fn describe(&self) -> String {
        format!("`{}` ended with {:?}\n{}{}", self.asked, self.code, self.out, self.err)
    }

    /// Expects exit code 0 and all of these words in the output.
    pub fn says(&self, words: &[&str]) -> Result<(), Failed> {
        let said = self.code == Some(0) && words.iter().all(|word| self.out.contains(word));
        expect(said, || format!("{words:?} and exit code 0 expected: {}", self.describe()))
    }

    /// Expects exit code 1 and all of these words on standard error; among them always what to do next.
    pub fn refuses(&self, words: &[&str]) -> Result<(), Failed> {
        let says = |word: &str| self.err.contains(word);
        let refused = self.code == Some(1) && says("\n  next: ") && words.iter().all(|word| says(word));
        expect(refused, || format!("{words:?}, `next:` and exit code 1 expected: {}", self.describe()))
    }

    /// What stands behind this word at the beginning of a line.
    pub fn value(&self, name: &str) -> Result<&str, Failed> {
        let found = self.out.lines().find_map(|line| line.strip_prefix(name));
        found.map(str::trim).ok_or_else(|| Failed::new(format!("no line `{name} ...`: {}", self.describe())))
    }
}
