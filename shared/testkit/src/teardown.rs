//! Giving things back when a test ends, however it ends: drops run outside of any runtime, on a thread of their own.

use std::{future::Future, thread};

/// Runs the future to its end on a thread with a runtime of its own. A failure to clean up fails no test.
pub(crate) fn run<F>(clean: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let worker = thread::spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(clean);
        }
    });
    if worker.join().is_err() {
        tracing::warn!("cleaning up after a test failed");
    }
}
