//! What was seen of a run: its lines, if they are wanted.

/// The lines of a run.
#[derive(Debug, Default)]
pub(crate) struct Trace(Option<Vec<String>>);

impl Trace {
    /// One that keeps its lines.
    pub(crate) const fn kept() -> Self {
        Self(Some(Vec::new()))
    }

    /// Notes a line, if lines are kept.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            lines.push(line());
        }
    }

    /// What was kept.
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.0.unwrap_or_default()
    }
}
