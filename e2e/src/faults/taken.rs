//! What several steps at once have for themselves: no two of them ever touch the same process, and no process is to start
//! while a server is away that it cannot start without.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::schedule::{FIRST, SECOND, Step};

/// What is being broken.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    first: Mutex<()>,
    second: Mutex<()>,
    /// The services beside booking-service, and the servers that only they need.
    others: Arc<Mutex<()>>,
    answers: Mutex<()>,
    servers: RwLock<()>,
}

/// What a step has until it is done.
#[derive(Debug)]
#[must_use = "another step has it as soon as this is dropped"]
pub(crate) struct Held<'a> {
    _own: Vec<MutexGuard<'a, ()>>,
    _needed: Option<RwLockReadGuard<'a, ()>>,
    _broken: Option<RwLockWriteGuard<'a, ()>>,
}

impl Taken {
    /// What the step needs, when no other has it. None: it is about one of the other services, and something of theirs is
    /// broken, or still on its way back.
    pub(crate) async fn by(&self, step: &Step) -> Option<Held<'_>> {
        let own = match step {
            Step::Both { .. } => vec![self.first.lock().await, self.second.lock().await],
            Step::Crash { process, .. } | Step::Kill { process, .. } | Step::Freeze { process, .. } => {
                vec![match *process {
                    FIRST => self.first.lock().await,
                    SECOND => self.second.lock().await,
                    _ => self.others.try_lock().ok()?,
                }]
            }
            Step::Answers { .. } => vec![self.answers.lock().await],
            // The clock asks for what it needs when it is moved.
            Step::Server { .. } | Step::Clock => Vec::new(),
        };
        let (needed, broken) = match step {
            Step::Both { .. } | Step::Crash { .. } | Step::Kill { .. } | Step::Freeze { .. } => {
                (Some(self.servers.read().await), None)
            }
            Step::Server { .. } => (None, Some(self.servers.write().await)),
            Step::Answers { .. } | Step::Clock => (None, None),
        };
        Some(Held { _own: own, _needed: needed, _broken: broken })
    }

    /// The other services and the servers that only they need, for as long as one of those is on its way back; none if something
    /// of theirs is broken.
    pub(crate) fn others(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.others).try_lock_owned().ok()
    }

    /// The first copy, with every server that it needs.
    pub(crate) async fn first(&self) -> Held<'_> {
        let own = vec![self.first.lock().await];
        Held { _own: own, _needed: Some(self.servers.read().await), _broken: None }
    }

    /// The first copy, while a server is broken that it can do without.
    pub(crate) async fn first_without_a_server(&self) -> Held<'_> {
        let own = vec![self.first.lock().await];
        Held { _own: own, _needed: None, _broken: Some(self.servers.write().await) }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::{super::schedule::Process, *};

    const fn kill(process: Process) -> Step {
        Step::Kill { process, away_ms: 0 }
    }

    const BOTH: Step = Step::Both { away_ms: 0 };
    const REDIS: Step = Step::Server { name: "redis", away_ms: 0 };
    const HOTELS: Process = Process { service: "hotel-service", second: false };
    const MAILS: Process = Process { service: "notification-service", second: false };

    /// Whether the step would have to wait.
    fn waits(taken: &Taken, step: &Step) -> bool {
        taken.by(step).now_or_never().is_none()
    }

    #[tokio::test]
    async fn no_two_steps_have_the_same_process() {
        let taken = Taken::default();
        let held = taken.by(&kill(FIRST)).await;
        assert!(waits(&taken, &Step::Freeze { process: FIRST, ms: 0 }) && waits(&taken, &BOTH));
        assert!(!waits(&taken, &kill(SECOND)) && !waits(&taken, &kill(HOTELS)));
        drop(held);
        assert!(!waits(&taken, &BOTH));
    }

    #[tokio::test]
    async fn no_process_starts_while_a_server_is_away() {
        let taken = Taken::default();
        let held = taken.by(&REDIS).await;
        assert!(waits(&taken, &kill(FIRST)) && waits(&taken, &kill(HOTELS)) && waits(&taken, &REDIS));
        assert!(taken.first().now_or_never().is_none());
        assert!(taken.first_without_a_server().now_or_never().is_none());
        drop(held);
        let held = taken.first_without_a_server().now_or_never();
        assert!(held.is_some() && waits(&taken, &REDIS) && waits(&taken, &kill(FIRST)));
        drop(held);
        let _held = taken.by(&kill(SECOND)).await;
        assert!(waits(&taken, &REDIS) && !waits(&taken, &kill(FIRST)));
    }

    #[tokio::test]
    async fn the_other_services_are_left_alone_while_something_of_theirs_is_broken() {
        let taken = Taken::default();
        let coming_back = taken.others();
        assert!(coming_back.is_some() && taken.others().is_none());
        assert!(taken.by(&kill(HOTELS)).await.is_none());
        drop(coming_back);
        let held = taken.by(&kill(HOTELS)).await;
        assert!(held.is_some() && taken.others().is_none() && taken.by(&kill(MAILS)).await.is_none());
    }
}
