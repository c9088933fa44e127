//! One run: hotels, load and trouble until it has enough of both; then everything is made good, what is under way ends, and
//! the checker and the audit look.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};
use futures::future::try_join_all;
use tokio::sync::Mutex;

use super::{
    checker::{self, Breach},
    clients::{Load, Town},
    dice::Dice,
    history::{self, Counts, Micros, Writer},
    hotels::Hotels,
    nemesis::Nemesis,
    points::{Points, Tally},
    processes::Processes,
    proxy::{Door, Mood},
    schedule::{CrashPoint, Kind, Schedule, Step},
    snapshot::{self, Database, Journal, Left, Offsets, Snapshot, Stays},
    taken::Taken,
};

/// Clients at once: four for each core of the machine that CI has, twice.
pub(crate) const CLIENTS: u64 = 24;
/// Past every hold and every session.
pub(crate) const PAST_THE_HOLDS: &str = "PT11M";
/// Past the time for which what has ended stays in MySQL: it is purged, and what is said of it then finds it in the archive. And
/// past the nearest stays: they are completed, and purged when the clock goes so far again.
const PAST_THE_SETTLING: &str = "P8D";
/// Completing, copying and purging each look about every ten seconds. A run that has no more time than this leaves the second
/// way forward out: nothing would come of it.
const COMPLETES: Duration = Duration::from_secs(30);
/// What is under way from before a run, or from before the holds end that it has left, is waited for so long; what stays is no
/// finding by itself.
const AT_REST_WITHIN: Duration = Duration::from_mins(1);
/// Voids and refunds wait for up to five minutes before they are sent again: only after many failures.
pub(crate) const SETTLES: Duration = Duration::from_mins(4);
/// Between two looks at what is under way.
const LOOK: Duration = Duration::from_millis(500);
/// So long after the clock has moved holds have ended, and who pays now pays late.
const HOLDS_HAVE_ENDED: Duration = Duration::from_secs(3);
/// The first member of the addresses of the copies.
const SCHEME: &str = "http://";

/// What a run is made of.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) longest: Duration,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) points: Vec<CrashPoint>,
    pub(crate) second: String,
    /// Voids, refunds and events of the run come to their end in that time.
    pub(crate) settles: Duration,
    /// So much later holds may end where the clock was moved.
    pub(crate) behind_clock: Micros,
    /// Clients of a crowd.
    pub(crate) crowd: u64,
    /// So many things break at once.
    pub(crate) at_once: u64,
    /// What earlier runs have left and will never end.
    pub(crate) damage: Left,
    /// Tells its history from those of other runs.
    pub(crate) name: String,
}

/// What it came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) bookings: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    /// Asked for again under a key that was answered.
    pub(crate) repeated: u64,
    pub(crate) kills: u64,
    pub(crate) faults: u64,
    pub(crate) seconds: f64,
    pub(crate) points: Vec<Tally>,
    /// Known once the run is over.
    pub(crate) stays: Option<Stays>,
}

impl Figures {
    /// Kills that were deaths at a crash point.
    pub(crate) fn at_points(&self) -> u64 {
        self.points.iter().map(|one| one.died).sum()
    }
}

/// What is known once it is over.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) breaches: Vec<Breach>,
    pub(crate) stays: Stays,
}

/// A run that goes on.
pub(crate) struct Run {
    pub(crate) nemesis: Nemesis,
    hotels: Arc<Hotels>,
    load: Load,
    since: Offsets,
    journal: Journal,
    before: Left,
    path: PathBuf,
    began: Instant,
    faults: AtomicU64,
    /// How often the clock has gone past the settling.
    settled: AtomicU64,
    _doors: [Door; 2],
}

impl Run {
    /// Everything is there, and the clients begin.
    pub(crate) async fn begin(world: &World, processes: &Processes, plan: &Plan) -> Result<Self, Failed> {
        let (database, before) = at_rest(world, plan.damage, AT_REST_WITHIN).await?;
        let since = snapshot::ends(world).await?;
        let path = world.folder.join(format!("history-{}.jsonl", plan.name));
        let history = Arc::new(Writer::at(&path)?);
        let hotels = Arc::new(Hotels::open(world, &history).await?);
        let mood = Arc::new(Mood::default());
        let (world, processes) = (world.clone(), processes.clone());
        let copies =
            [world.service("booking-service")?, plan.second.as_str()].map(|one| one.replace(SCHEME, ""));
        let [one, two] = &copies;
        let dice = |number: u64| Dice::of(plan.seed, 1_000 + number);
        let doors = [
            Door::open(one, two, Arc::clone(&mood), dice(1)).await?,
            Door::open(two, one, Arc::clone(&mood), dice(2)).await?,
        ];
        let journal = Journal::from_now(&world)?;
        let nemesis = Nemesis {
            world: world.clone(),
            processes,
            mood,
            database: database.clone(),
            history: Arc::clone(&history),
            kills: AtomicU64::new(0),
            points: Points::of(&plan.points),
            coming_back: Mutex::default(),
            taken: Taken::default(),
        };
        nemesis.forward("PT0S").await?;
        let addresses = doors.iter().map(|door| door.address.clone()).collect();
        let town = Town {
            world,
            doors: addresses,
            hotels: Arc::clone(&hotels),
            history,
            database: database.clone(),
        };
        let load = Load::start(town, (CLIENTS, plan.crowd), plan.seed)?;
        let (began, faults, settled) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self {
            nemesis,
            hotels,
            load,
            since,
            journal,
            before,
            path,
            began,
            faults,
            settled,
            _doors: doors,
        })
    }

    pub(crate) fn figures(&self) -> Figures {
        let Counts { made, refused, unknown, repeated } = self.nemesis.history.counts();
        Figures {
            bookings: made,
            refused,
            unknown,
            repeated,
            kills: self.nemesis.kills.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            seconds: self.began.elapsed().as_secs_f64(),
            points: self.nemesis.points.all(),
            stays: None,
        }
    }

    /// One step of the schedule after another, or some at once, until it is enough.
    pub(crate) async fn trouble(&self, plan: &Plan, told: impl Fn(&Figures, &str)) -> Result<(), Failed> {
        let schedule = Mutex::new(Schedule::new(plan.seed, plan.points.clone(), &plan.kinds));
        let hands = (0..plan.at_once).map(|_| self.breaks(plan, &schedule, &told));
        try_join_all(hands).await.map(drop)
    }

    async fn breaks(
        &self,
        plan: &Plan,
        schedule: &Mutex<Schedule>,
        told: &impl Fn(&Figures, &str),
    ) -> Result<(), Failed> {
        while self.began.elapsed() < plan.longest {
            self.settles(plan.longest).await?;
            let Some((pause_ms, step)) = schedule.lock().await.next() else {
                return Err(Failed::new("nothing that could be broken is left"));
            };
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            told(&self.figures(), &step.to_string());
            let done = self.nemesis.carry_out(&step).await?;
            self.faults.fetch_add(done.into(), Ordering::Relaxed);
            if step == Step::Clock {
                tokio::time::sleep(HOLDS_HAVE_ENDED).await;
                self.load.pay_late().await?;
            }
        }
        Ok(())
    }

    /// Half-way the clock goes past the settling while nothing can be told, and once more when three quarters of the run are over.
    async fn settles(&self, longest: Duration) -> Result<(), Failed> {
        let (spent, turn) = (self.began.elapsed(), |from: u64| {
            self.settled.compare_exchange(from, from + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        });
        if spent > longest / 2 && turn(0) {
            self.hotels.near_is_past().await;
            self.nemesis.forward_untold(PAST_THE_SETTLING).await?;
            return self.load.pay_late().await;
        }
        if spent > longest * 3 / 4 && longest / 4 >= COMPLETES && turn(1) {
            self.nemesis.forward(PAST_THE_SETTLING).await?;
            return self.load.pay_late().await;
        }
        Ok(())
    }

    /// Ends it and lets everything come to its end; then what is wrong.
    pub(crate) async fn end(self, plan: &Plan) -> Result<Ended, Failed> {
        self.nemesis.mood.set(0, 0, 0);
        let Self { nemesis, hotels, load, since, journal, before, path, .. } = self;
        nemesis.all_back().await?;
        let shared = load.finish().await?;
        // A crowd of holds ends by the move of the clock. It is to meet the services, not the backlog of servers that were
        // away until just now. What does not come to its end here may below: both together have no longer than `settles`.
        let end = Instant::now() + plan.settles;
        settle(&nemesis.database, before.with_holds(), &journal, AT_REST_WITHIN.min(plan.settles)).await?;
        nemesis.forward(PAST_THE_HOLDS).await?;
        shared.pay_late().await?;
        let is_left = end.saturating_duration_since(Instant::now());
        let settled = settle(&nemesis.database, before, &journal, is_left).await?;
        nemesis.history.flush()?;
        let history = history::read(&path)?;
        let snapshot = Snapshot::take(&nemesis.world, &hotels.ids(), (&journal, &since)).await?;
        let (behind_clock, stays) = (plan.behind_clock, snapshot.stays());
        let mut breaches =
            tokio::task::spawn_blocking(move || checker::check(&history, &snapshot, behind_clock))
                .await
                .map_err(|error| Failed::new(error.to_string()))?;
        breaches.extend(settled);
        Ok(Ended { breaches, stays })
    }
}

/// Waits until nothing is under way beside the damage, and tells what is all the same.
async fn at_rest(world: &World, damage: Left, within: Duration) -> Result<(Database, Left), Failed> {
    let (database, journal) = (Database::open(world).await?, Journal::from_now(world)?);
    settle(&database, damage, &journal, within).await?;
    let left = database.left().await?;
    Ok((database, left))
}

/// Lets all that a run has left behind come to its end, so that the next one does not find it.
pub(crate) async fn calm(world: &World, damage: Left, settles: Duration) -> Result<Left, Failed> {
    crate::journey::stay::advance(world, PAST_THE_HOLDS).await?;
    Ok(at_rest(world, damage, settles).await?.1)
}

/// Waits until nothing is under way that was not before; the breach if something always is. What the provider has not said yet
/// is looked at first: once it is said, it is under way with us.
async fn settle(
    database: &Database,
    before: Left,
    journal: &Journal,
    settles: Duration,
) -> Result<Option<Breach>, Failed> {
    let (end, mut quiet) = (Instant::now() + settles, 0);
    loop {
        let (waiting, left) = (journal.waiting()?, database.left().await?);
        quiet = if left.within(before) && waiting <= 0 { quiet + 1 } else { 0 };
        if quiet > 1 {
            return Ok(None);
        }
        if Instant::now() > end {
            let what = format!("{left:?}, {waiting} callbacks wait");
            return Ok(Some(Breach { promise: "what is under way comes to its end", what }));
        }
        tokio::time::sleep(LOOK).await;
    }
}
