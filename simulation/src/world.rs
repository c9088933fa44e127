//! One run: what there is, what comes next, and the loop that lets it come.

use std::{collections::BTreeMap, time::Duration};

use booking_core::{
    dice::Dice,
    hold_ends::HoldInput,
    shard::{Input, Ticket},
};
use chrono::TimeDelta;
use domain::{BookingId, HotelId, Instant};

use crate::{
    asked::{Asked, Attempt, Guest},
    case::{Odds, Script, Trouble},
    checker::{Breach, Checker, Verdict},
    database::Database,
    hotels::{Hotels, Seed},
    leases::ShareStep,
    log::Log,
    planted::Planted,
    process::{Call, Process, Record, ShardId, ShardLoop, Who},
    provider::{Provider, Question, Word},
    trace::Trace,
};

/// Something that comes at its time.
#[derive(Debug)]
pub(crate) enum Event {
    /// The happening of that place in the script.
    Happens(usize),
    /// Trouble ends.
    Calm,
    /// Whoever wants this asks, again.
    Asks(usize),
    /// A try reaches its process.
    Arrives(Who, Ticket),
    /// A call of a shard is at the database.
    Called(ShardId, Call),
    /// An answer is at the shard.
    Told(ShardId, Input),
    Tick(ShardId),
    /// A step of the look at whose shares are whose.
    Shares(Who, u64, ShareStep),
    /// A hold ends soon, as somebody tells who has told it before.
    Hint(HotelId, BookingId),
    /// Something for the ends of holds; none is the time.
    Holds(Who, Option<HoldInput>),
    /// The relay's next step, unless it has gone on.
    Relay(Who, u8, u64),
    Fetch(Who, usize),
    Handled(Who, usize, Vec<Record>),
    Jobs,
    /// A process comes back.
    Starts(usize),
    /// The provider says it, again.
    Says(u64, BookingId, Word),
    /// The provider is asked by a process.
    Provider(Who, BookingId, Question),
    /// Is everything done?
    Look,
}

/// A run.
pub(crate) struct World<'a> {
    pub(crate) hotels: &'a Hotels,
    pub(crate) script: Script,
    pub(crate) planted: Option<Planted>,
    pub(crate) odds: Odds,
    pub(crate) now_ms: u64,
    /// How far the calendar was put forward.
    pub(crate) leap: TimeDelta,
    /// Counts whatever happens.
    pub(crate) step: u64,
    pub(crate) calm: bool,
    queue: BTreeMap<(u64, u64), Event>,
    queued: u64,
    pub(crate) dice: Dice,
    pub(crate) database: Database,
    pub(crate) log: Log,
    pub(crate) provider: Provider,
    pub(crate) processes: Vec<Process>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) attempts: BTreeMap<u64, Attempt>,
    pub(crate) guests: BTreeMap<u64, Guest>,
    pub(crate) checker: Checker,
    pub(crate) trace: Trace,
    pub(crate) breach: Option<Breach>,
    pub(crate) ended: bool,
}

/// No run is longer: what has not come to rest by then never does.
const LONGEST_MS: u64 = 240_000;
const MOST_STEPS: u64 = 100_000;

impl<'a> World<'a> {
    pub(crate) fn new(
        hotels: &'a Hotels,
        script: Script,
        seed: u64,
        planted: Option<Planted>,
        trace: Trace,
    ) -> Self {
        let rows = hotels.rows(script.units);
        let mut world = Self {
            hotels,
            odds: script.odds,
            planted,
            now_ms: 0,
            leap: TimeDelta::zero(),
            step: 0,
            calm: false,
            queue: BTreeMap::new(),
            queued: 0,
            dice: Dice::of(seed.wrapping_mul(2)),
            checker: Checker::new(&rows),
            database: Database::new(rows),
            log: Log::default(),
            provider: Provider::default(),
            processes: Vec::new(),
            asked: Vec::new(),
            attempts: BTreeMap::new(),
            guests: BTreeMap::new(),
            trace,
            breach: None,
            ended: false,
            script,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        for number in 0..2 {
            let who = Who { number, life: 0 };
            self.processes.push(Process::new(who, (self.hotels, self.script.shards), Duration::ZERO));
            self.started(who);
        }
        let times: Vec<u64> = self.script.happenings.iter().map(|(at, _)| *at).collect();
        for (nth, at) in times.into_iter().enumerate() {
            self.at(at, Event::Happens(nth));
        }
        self.at(self.script.calm_from, Event::Calm);
        self.at(500, Event::Jobs);
    }

    /// Until everything is done, or something is wrong.
    pub(crate) fn run(&mut self) {
        while self.breach.is_none() && !self.ended {
            let Some(((at, _), event)) = self.queue.pop_first() else { break };
            self.now_ms = self.now_ms.max(at);
            if let Some(until) = event.process().and_then(|who| self.frozen(who)) {
                self.at(until, event);
                continue;
            }
            self.step += 1;
            self.database.books.rows.now = self.now();
            let now_ms = self.now_ms;
            if now_ms > LONGEST_MS || self.step > MOST_STEPS {
                self.broken("it comes to rest", || format!("much is still open after {now_ms} ms"));
            }
            self.trace.note(|| format!("{:>7} {event:?}", self.now_ms));
            self.comes(event);
        }
    }

    fn comes(&mut self, event: Event) {
        match event {
            Event::Happens(nth) => self.happens(nth),
            Event::Calm => self.becomes_calm(),
            Event::Asks(asked) => self.asks(asked),
            Event::Arrives(who, ticket) => self.arrives(who, ticket),
            Event::Called(id, call) => self.called(id, call),
            Event::Told(id, input) => self.tell(id, input),
            Event::Tick(id) => self.tick(id),
            Event::Shares(who, look, step) => self.shares(who, (look, step)),
            Event::Hint(hotel, booking) => self.hint(hotel, booking),
            Event::Holds(who, input) => self.holds(who, input),
            Event::Relay(who, lane, turn) => self.relay((who, lane), turn),
            Event::Fetch(who, partition) => self.fetch(who, partition),
            Event::Handled(who, partition, records) => self.handled(who, partition, records),
            Event::Jobs => self.jobs(),
            Event::Starts(number) => self.starts(number),
            Event::Says(number, booking, word) => self.says(number, booking, word),
            Event::Provider(who, booking, question) => self.provider_is_asked(who, booking, question),
            Event::Look => self.look(),
        }
    }

    /// It comes at that time, behind what comes then already.
    pub(crate) fn at(&mut self, at_ms: u64, event: Event) {
        self.queued += 1;
        self.queue.insert((at_ms, self.queued), event);
    }

    pub(crate) fn after(&mut self, wait_ms: u64, event: Event) {
        self.at(self.now_ms + wait_ms, event);
    }

    /// It comes when a message has found its way.
    pub(crate) fn sends(&mut self, event: Event) {
        let slow = self.happens_now(Trouble::Slow);
        let wait = if slow { 50 + self.dice.roll(1_200) } else { 1 + self.dice.roll(15) };
        self.after(wait, event);
    }

    /// Whether that trouble strikes now.
    pub(crate) fn happens_now(&mut self, trouble: Trouble) -> bool {
        !self.calm && self.dice.one_in(self.odds.of(trouble))
    }

    /// The database's clock.
    pub(crate) fn now(&self) -> Instant {
        let ms = i64::try_from(self.now_ms).unwrap_or(i64::MAX);
        self.hotels.noon.plus(TimeDelta::milliseconds(ms)).plus(self.leap)
    }

    /// Of a clock that only goes on.
    pub(crate) const fn monotonic(&self) -> Duration {
        Duration::from_millis(self.now_ms)
    }

    /// The process, if it lives that life.
    pub(crate) fn process(&mut self, who: Who) -> Option<&mut Process> {
        self.processes.get_mut(who.number).filter(|process| process.who == who && process.alive)
    }

    /// The shard, if its process lives that life.
    pub(crate) fn shard(&mut self, id: ShardId) -> Option<&mut ShardLoop> {
        self.process(id.who)?.shards.get_mut(id.nth)
    }

    /// The shard of a process that a hotel's works go to.
    pub(crate) fn shard_of(&self, who: Who, hotel: HotelId) -> ShardId {
        let nth = hotel.share().checked_rem(self.script.shards).unwrap_or(0);
        ShardId { who, nth: usize::from(nth) }
    }

    /// One of those that live.
    pub(crate) fn any_process(&mut self) -> Option<Who> {
        let alive: Vec<Who> = self.processes.iter().filter(|one| one.alive).map(|one| one.who).collect();
        let nth = self.dice.roll(u64::try_from(alive.len()).unwrap_or(0));
        alive.get(usize::try_from(nth).ok()?).copied()
    }

    fn frozen(&self, who: Who) -> Option<u64> {
        let process = self.processes.get(who.number).filter(|process| process.who == who)?;
        Some(process.frozen_until).filter(|until| *until > self.now_ms)
    }

    /// A promise is broken. The first one counts.
    pub(crate) fn broken(&mut self, promise: &'static str, what: impl FnOnce() -> String) {
        if self.breach.is_none() {
            self.breach = Some(Breach { promise, what: what() });
        }
    }

    pub(crate) fn verdict(&mut self, verdict: Verdict) {
        if let (None, Err(breach)) = (&self.breach, verdict) {
            self.breach = Some(breach);
        }
    }

    /// Names for what one more try makes.
    pub(crate) fn next_seed(&self) -> Seed {
        Seed(u64::try_from(self.attempts.len()).unwrap_or(u64::MAX) + 1)
    }
}

impl Event {
    /// The process that it comes to; none if it comes to the database, a client or the provider.
    const fn process(&self) -> Option<Who> {
        match self {
            Self::Arrives(who, _)
            | Self::Shares(who, _, ShareStep::Look | ShareStep::Living(_) | ShareStep::Held(..))
            | Self::Holds(who, _)
            | Self::Relay(who, ..)
            | Self::Fetch(who, _)
            | Self::Handled(who, ..) => Some(*who),
            Self::Told(id, _) | Self::Tick(id) => Some(id.who),
            Self::Happens(_)
            | Self::Calm
            | Self::Asks(_)
            | Self::Called(..)
            | Self::Shares(_, _, ShareStep::Join | ShareStep::Hold(..))
            | Self::Hint(..)
            | Self::Jobs
            | Self::Starts(_)
            | Self::Says(..)
            | Self::Provider(..)
            | Self::Look => None,
        }
    }
}
