//! Waiting on conditions with a deadline.

use std::time::{Duration, Instant};

use crate::failed::Failed;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Looks until `look` gives something, or fails with what was waited for and the last thing seen.
pub async fn until<T, F, Fut>(what: &str, deadline: Duration, mut look: F) -> Result<T, Failed>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Seen<T>, Failed>>,
{
    let end = Instant::now() + deadline;
    loop {
        let last = match look().await {
            Ok(Seen::Yes(found)) => return Ok(found),
            Ok(Seen::NotYet(last)) => last,
            Err(failed) => failed.0,
        };
        if Instant::now() >= end {
            return Err(Failed::new(format!(
                "{what}: not within {} s; last seen: {last}",
                deadline.as_secs()
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What a look has seen.
pub enum Seen<T> {
    /// What was waited for.
    Yes(T),
    /// What there is instead.
    NotYet(String),
}

impl Seen<()> {
    /// Whether it holds, and what there is instead.
    pub fn when(holds: bool, otherwise: impl FnOnce() -> String) -> Self {
        if holds { Self::Yes(()) } else { Self::NotYet(otherwise()) }
    }
}
