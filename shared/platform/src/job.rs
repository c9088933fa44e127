//! Work beside HTTP: what runs, and how it is told to stop.

use std::{fmt, future::Future};

use futures::{FutureExt, future::BoxFuture};

use crate::{causes::BoxError, shutdown::Shutdown};

type Run = Box<dyn Fn(Shutdown) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// Work that runs as long as the service does. Whoever runs it starts it again, with a wait, when it fails or panics.
pub struct Job {
    name: String,
    run: Run,
}

impl Job {
    /// A job under a name for logs and metrics. `run` is called once per start; it ends soon after the shutdown begins.
    pub fn new<F, Fut>(name: impl Into<String>, run: F) -> Self
    where
        F: Fn(Shutdown) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self { name: name.into(), run: Box::new(move |shutdown| run(shutdown).boxed()) }
    }

    /// Its name in logs and metrics.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One run, until the shutdown or a failure.
    pub async fn run(&self, shutdown: Shutdown) -> Result<(), BoxError> {
        (self.run)(shutdown).await
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("name", &self.name).finish_non_exhaustive()
    }
}
