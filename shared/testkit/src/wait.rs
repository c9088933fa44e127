//! Waiting for a condition, never for a time.

use std::{
    fmt::Debug,
    future::Future,
    time::{Duration, Instant},
};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// Asks until the answer is there and gives it; panics when `deadline` has passed, naming the caller.
///
/// `eventually(Duration::from_secs(5), async || store.find(id).await).await`
#[track_caller]
pub fn eventually<T, F, Fut>(deadline: Duration, ask: F) -> impl Future<Output = T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let place = std::panic::Location::caller();
    wait(deadline, ask, place)
}

async fn wait<T, F, Fut>(deadline: Duration, mut ask: F, place: &'static std::panic::Location<'static>) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < deadline, "not so after {deadline:?}, waited for at {place}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Asks until the answer equals `wanted`; panics with the last answer when `deadline` has passed.
pub async fn eventually_equals<T, F, Fut>(deadline: Duration, wanted: T, mut ask: F)
where
    T: PartialEq + Debug,
    F: FnMut() -> Fut,
    Fut: Future<Output = T>,
{
    let begun = Instant::now();
    loop {
        let answer = ask().await;
        if answer == wanted {
            return;
        }
        assert!(begun.elapsed() < deadline, "after {deadline:?} it is {answer:?}, not {wanted:?}");
        tokio::time::sleep(LOOK).await;
    }
}
