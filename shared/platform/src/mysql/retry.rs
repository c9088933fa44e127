use std::{future::Future, time::Duration};

use rand::RngExt;
use serde::Deserialize;

use super::DbError;

/// How often a unit of work is run again, and how long it waits before.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct RetrySettings {
    pub attempts: u32,
    pub first_wait_ms: u64,
    pub most_wait_ms: u64,
}

impl RetrySettings {
    /// For work on a row or two in the background, where no setting says otherwise.
    pub const BRIEF: Self = Self { attempts: 5, first_wait_ms: 10, most_wait_ms: 250 };
}

/// Whether the unit of work that ended with this error may simply be run again.
pub trait Transient {
    /// True only when no effect can have been left behind.
    fn is_transient(&self) -> bool;
}

impl Transient for DbError {
    fn is_transient(&self) -> bool {
        Self::is_transient(self)
    }
}

impl Transient for sqlx::Error {
    fn is_transient(&self) -> bool {
        super::is_transient(self)
    }
}

/// Runs a whole unit of work, from BEGIN to COMMIT, again while it fails for a transient reason. The last error is returned.
pub async fn retry_unit<T, E, F, Fut>(settings: RetrySettings, mut unit: F) -> Result<T, E>
where
    E: Transient,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut run = 1;
    loop {
        match unit().await {
            Err(error) if run < settings.attempts && error.is_transient() => {
                metrics::counter!("mysql_units_retried_total").increment(1);
                tokio::time::sleep(wait(settings, run)).await;
                run = run.saturating_add(1);
            }
            result => return result,
        }
    }
}

fn wait(settings: RetrySettings, run: u32) -> Duration {
    let first = Duration::from_millis(settings.first_wait_ms);
    let most = Duration::from_millis(settings.most_wait_ms);
    let full = delivery::Backoff::new(first, most).delay(run);
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn quick() -> RetrySettings {
        RetrySettings { attempts: 3, first_wait_ms: 1, most_wait_ms: 1 }
    }

    async fn runs_until_failed(error: impl Fn() -> DbError) -> u32 {
        let runs = AtomicU32::new(0);
        let result: Result<(), DbError> = retry_unit(quick(), || {
            runs.fetch_add(1, Ordering::SeqCst);
            let error = error();
            async { Err(error) }
        })
        .await;
        assert!(result.is_err());
        runs.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_transient_failure_is_tried_a_bounded_number_of_times() {
        assert_eq!(runs_until_failed(|| DbError::Deadlock(sqlx::Error::RowNotFound)).await, 3);
    }

    #[tokio::test]
    async fn an_unknown_commit_is_not_run_again() {
        assert_eq!(runs_until_failed(|| DbError::CommitUnknown(sqlx::Error::RowNotFound)).await, 1);
    }
}
