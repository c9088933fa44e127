//! A walk of steps, each shown with its time.

use std::time::Instant;

use e2e::failed::Failed;

/// Shows each step with its time.
pub(crate) struct Steps {
    began: Instant,
    count: usize,
}

impl Steps {
    /// None taken yet.
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), count: 0 }
    }

    /// Takes the next step; a failure says at which.
    pub(crate) async fn take<T>(
        &mut self,
        says: &str,
        step: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        self.count += 1;
        let began = Instant::now();
        let result = step.await;
        let mark = if result.is_ok() { "ok" } else { "FAILED" };
        e2e::say!("{:>2}. {says:<66} {:>7.2} s  {mark}", self.count, began.elapsed().as_secs_f64());
        result.map_err(|failed| Failed::new(format!("step {} ({says}): {failed}", self.count)))
    }

    /// All of them are taken.
    pub(crate) fn finish(self, name: &str) {
        e2e::say!("{name}: {} steps in {:.1} s", self.count, self.began.elapsed().as_secs_f64());
        e2e::say!("{} passed, 0 failed", self.count);
    }
}
