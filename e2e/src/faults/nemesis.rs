//! Carries out a schedule: breaks one thing after the other, makes each good again, and writes into the history when.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};
use tokio::{sync::Mutex, task::JoinHandle};

use super::{
    history::{self, Micros, What, Writer},
    points::Points,
    processes::Processes,
    proxy::Mood,
    schedule::{FIRST, Process, SECOND, Step},
    snapshot::Database,
    taken::Taken,
};

/// Servers that nobody waits for with the next step.
const SLOW: [&str; 2] = ["elasticsearch", "cassandra"];
/// So long a process that is told to die somewhere may take to come by there; then it is killed where it is.
const COMES_BY: Duration = Duration::from_secs(12);
/// A service that has lost its database asks for it again and has it within that time.
const COMES_BACK: Duration = Duration::from_secs(30);
/// What is told: the log, and how long it is away before and after the clock goes forward. Bookings end that nobody hears of,
/// and their time to be purged has come.
const LOG: &str = "kafka";
const UNTOLD: Duration = Duration::from_secs(4);
/// Five minutes, as faults.md has it.
const FORWARD: &str = "PT5M";

/// Who breaks things.
#[derive(Debug)]
pub(crate) struct Nemesis {
    pub(crate) world: World,
    pub(crate) processes: Processes,
    pub(crate) mood: Arc<Mood>,
    pub(crate) database: Database,
    pub(crate) history: Arc<Writer>,
    /// Processes and servers that were killed.
    pub(crate) kills: AtomicU64,
    /// Deaths at a crash point among them.
    pub(crate) points: Points,
    /// Servers that take minutes to come back, while other things break.
    pub(crate) coming_back: Mutex<BTreeMap<&'static str, JoinHandle<Result<(), Failed>>>>,
    pub(crate) taken: Taken,
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl Nemesis {
    /// Breaks it and makes it good again, when nothing else is at it. Whether it did: one of the other services, or their
    /// servers, is left alone while one of them is still on its way back.
    pub(crate) async fn carry_out(&self, step: &Step) -> Result<bool, Failed> {
        if let Step::Server { name, away_ms } = step
            && SLOW.contains(name)
        {
            return self.slow(name, *away_ms).await;
        }
        let Some(_held) = self.taken.by(step).await else { return Ok(false) };
        self.broken(step).await.map(|()| true)
    }

    async fn broken(&self, step: &Step) -> Result<(), Failed> {
        let invoke = history::now();
        match step {
            Step::Crash { process, point, nth } => self.crashed(*process, (point, *nth)).await?,
            Step::Kill { process, away_ms } => {
                self.killed(&[*process], *away_ms).await?;
                self.back(*process, invoke).await?;
            }
            Step::Both { away_ms } => {
                self.killed(&[FIRST, SECOND], *away_ms).await?;
                self.back(FIRST, invoke).await?;
                self.back(SECOND, invoke).await?;
            }
            Step::Freeze { process, ms: long } => {
                self.processes.freeze(*process, ms(*long)).await?;
                self.away(&process.to_string(), true, invoke)?;
            }
            Step::Server { name, away_ms } => {
                self.world.xtask(&["stack", "stop-server", name, "--kill"]).await?;
                self.kills.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(ms(*away_ms)).await;
                self.world.xtask(&["stack", "start-server", name]).await?;
                self.away(name, false, invoke)?;
            }
            Step::Answers { lost, twice, cut, ms: long } => {
                self.mood.set(*lost, *twice, *cut);
                tokio::time::sleep(ms(*long)).await;
                self.mood.set(0, 0, 0);
            }
            Step::Clock => return self.forward(FORWARD).await,
        }
        self.history.note(0, invoke, What::Fault { name: step.to_string() })
    }

    /// Started so that it dies when it passes the point for the n-th time; if it does not come by, it is killed where it is.
    async fn crashed(&self, process: Process, (point, nth): (&str, u64)) -> Result<(), Failed> {
        let (armed, first) = (format!("{point}:{nth}"), history::now());
        self.killed(&[process], 0).await?;
        let said = self.processes.log_ends(process);
        // It may die before it answers for the first time, which its start then tells: it was away all the time.
        let came_back = self.processes.start(process, &[("VACANCY_CRASH_POINT", &armed)]).await.is_ok();
        if came_back {
            self.away(&process.to_string(), false, first)?;
        }
        let by_itself = self.processes.gone_within(process, COMES_BY).await
            && self.processes.says_since(process, said, &format!("crash point {point} reached"));
        self.points.count(process.service, point, by_itself);
        let second = if came_back { history::now() } else { first };
        self.killed(&[process], 0).await?;
        self.back(process, second).await
    }

    /// Starts it again, which was away since then.
    async fn back(&self, process: Process, since: Micros) -> Result<(), Failed> {
        self.processes.start(process, &[]).await?;
        self.away(&process.to_string(), false, since)
    }

    /// It was, since then and until now.
    fn away(&self, name: &str, frozen: bool, since: Micros) -> Result<(), Failed> {
        self.history.note(0, since, What::Away { name: name.to_owned(), frozen })
    }

    /// Killed, and on its way back while the run goes on.
    async fn slow(&self, name: &'static str, away_ms: u64) -> Result<bool, Failed> {
        let Some(taken) = self.taken.others() else { return Ok(false) };
        let mut coming_back = self.coming_back.lock().await;
        if let Some(done) = coming_back.remove(name) {
            done.await.map_err(|error| Failed::new(error.to_string()))??;
        }
        let (invoke, world, history) = (history::now(), self.world.clone(), Arc::clone(&self.history));
        world.xtask(&["stack", "stop-server", name, "--kill"]).await?;
        self.kills.fetch_add(1, Ordering::Relaxed);
        let task = tokio::spawn(async move {
            let _taken = taken;
            tokio::time::sleep(ms(away_ms)).await;
            world.xtask(&["stack", "start-server", name]).await?;
            history.note(0, invoke, What::Fault { name: format!("{name} killed, away for {away_ms} ms") })
        });
        coming_back.insert(name, task);
        Ok(true)
    }

    /// Every server is back.
    pub(crate) async fn all_back(&self) -> Result<(), Failed> {
        for (_, task) in std::mem::take(&mut *self.coming_back.lock().await) {
            task.await.map_err(|error| Failed::new(error.to_string()))??;
        }
        Ok(())
    }

    async fn killed(&self, processes: &[Process], away_ms: u64) -> Result<(), Failed> {
        for process in processes {
            self.processes.kill(*process).await?;
            self.kills.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(ms(away_ms)).await;
        Ok(())
    }

    /// The services' clock goes forward. It is one row in the database: all copies have it at once. The first copy is asked for
    /// it, so it has to be there. It may still be on its way back to a database that was just killed: then it is asked again,
    /// unless the row has moved all the same.
    pub(crate) async fn forward(&self, by: &str) -> Result<(), Failed> {
        let _first = self.taken.first().await;
        self.moved(by).await
    }

    /// The clock goes forward while nothing can be told.
    pub(crate) async fn forward_untold(&self, by: &str) -> Result<(), Failed> {
        let _held = self.taken.first_without_a_server().await;
        let invoke = history::now();
        self.world.xtask(&["stack", "stop-server", LOG, "--kill"]).await?;
        self.kills.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(UNTOLD).await;
        let moved = self.moved(by).await;
        tokio::time::sleep(UNTOLD).await;
        self.world.xtask(&["stack", "start-server", LOG]).await?;
        self.history.note(
            0,
            invoke,
            What::Fault { name: format!("{LOG} killed while the clock goes on") },
        )?;
        moved
    }

    async fn moved(&self, by: &str) -> Result<(), Failed> {
        let (before, end) = (self.database.offset().await?, Instant::now() + COMES_BACK);
        loop {
            let invoke = history::now();
            let asked = crate::journey::stay::advance(&self.world, by).await;
            let offset_us = self.database.offset().await?;
            match asked {
                Err(failed) if offset_us == before => {
                    e2e::failed::expect(Instant::now() < end, || failed.to_string())?;
                    tokio::time::sleep(ms(500)).await;
                }
                Ok(_) | Err(_) => return self.history.note(0, invoke, What::Clock { offset_us }),
            }
        }
    }
}
