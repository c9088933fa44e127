//! A shard: the works of some hotels, decided in batches that are written one after the other.
//!
//! It is a machine: it is told what has come to pass ([`Input`]) and says what shall be done ([`Output`]); it never waits, and
//! knows no clock but [`Input::Tick`]. So it can be simulated as it is, with every order of answers that there may be.
//!
//! One round: *pick* works of the mailbox · *load* what memory lacks of them · decide them as one [`batch`](crate::batch()) ·
//! *write* its plan · answer. Rooms stay in memory as virtual actors: activated by the first load that names them, written by
//! the batches, dropped when cold or when anything misses. While one batch is written the next may be decided on what the
//! first leaves; its nights and its COMMIT come after the first one's, and if that misses, it is taken back.
//!
//! * Nothing is answered before its COMMIT, and a refusal rests on what was read while nothing of the shard touched it.
//! * Works that share anything are decided in the order in which they came, within their class.

mod bounds;
mod effects;
mod flight;
mod mailbox;
mod memory;
mod misses;
mod standing;
mod weight;
mod words;

use std::{collections::BTreeSet, sync::Arc};

use domain::{HotelId, RoomId};

use self::{
    flight::{Changed, Flight, Loading, Stage},
    mailbox::{Item, Mailbox},
    memory::Memory,
};
use crate::{
    batch::batch,
    snapshot::Snapshot,
    work::{Claim, Deciding, Need, Outcome, Work},
};

pub use self::{
    bounds::Bounds,
    effects::Effects,
    words::{Answer, Class, Input, Miss, No, Output, Refused, Standing, Ticket},
};

/// A shard.
#[derive(Debug)]
pub struct Shard {
    bounds: Bounds,
    mailbox: Mailbox,
    memory: Memory,
    /// In the order in which they are to be committed.
    flights: Vec<Flight>,
    next: u64,
    now_ms: u64,
    closed_at: Option<u64>,
    pause: Pause,
    /// What others hold locked, and the look at it that is under way.
    locked: BTreeSet<Claim>,
    look: Option<(No, BTreeSet<Claim>)>,
    looked_at: u64,
    bisected: u64,
    refused: Refused,
    /// How many works a batch may have: fewer after a lock that nobody could name.
    at_most: usize,
    picked: Picked,
}

/// From how many works on that may not be taken they are not gone through again for each one that comes.
const MANY: usize = 128;

/// How long a work may wait for its rooms to be still beside batches that follow each other without a pause.
const STARVING_MS: u64 = 100;

/// What the last look into the mailbox came to: where many wait and none could be taken, works that come later change nothing
/// before the next tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picked {
    Some,
    /// Nothing, and nobody has come since.
    Nothing,
    /// Nothing, and somebody has come since.
    NothingThen,
}

/// After the database was gone: when to go on, and how often it was.
#[derive(Debug, Default)]
struct Pause {
    until: u64,
    failures: u32,
}

impl Shard {
    /// An empty one.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            mailbox: Mailbox::default(),
            memory: Memory::default(),
            flights: Vec::new(),
            next: 0,
            now_ms: 0,
            closed_at: None,
            pause: Pause::default(),
            locked: BTreeSet::new(),
            look: None,
            looked_at: 0,
            bisected: 0,
            refused: Refused::new(),
            at_most: bounds.works,
            picked: Picked::Some,
            bounds,
        }
    }

    /// Takes in what has come to pass and says what shall be done.
    pub fn step(&mut self, input: Input, by: &Deciding<'_>) -> Vec<Output> {
        let mut out = Vec::new();
        self.picked = self.picked.after(&input);
        match input {
            Input::Arrived(ticket, class, work) => self.arrived(ticket, class, *work, &mut out),
            Input::Loaded(no, snapshot) => self.loaded(no, *snapshot, by, &mut out),
            Input::NotLoaded(no) => self.not_loaded(no),
            Input::Written(no, Ok(())) => self.written(no, &mut out),
            Input::Second(no, Ok(snapshot)) => self.second(no, *snapshot, by, &mut out),
            Input::Written(no, Err(miss)) | Input::Second(no, Err(miss)) => self.missed(no, miss, &mut out),
            Input::Locked(no, locked) => self.told_locked(no, locked, &mut out),
            Input::Forget(room) => self.forget(room),
            Input::ForgetHotel(hotel) => self.forget_hotel(hotel),
            Input::Reconnected => self.reconnected(),
            Input::Tick(now_ms) => self.tick(now_ms, &mut out),
            Input::Close => self.closed_at = self.closed_at.or(Some(self.now_ms)),
        }
        self.go_on(&mut out);
        out
    }

    /// How many works wait or are under way.
    pub fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.mailbox.waiting() == 0
    }

    fn arrived(&mut self, ticket: Ticket, class: Class, work: Work, out: &mut Vec<Output>) {
        if self.closed_at.is_some() {
            out.push(Output::Answer(ticket, Answer::Unavailable));
        } else if let Err(answer) = self.mailbox.put((ticket, class, work), self.now_ms, &self.bounds) {
            out.push(Output::Answer(ticket, answer));
        }
    }

    /// Begins a round if there is one to begin.
    fn go_on(&mut self, out: &mut Vec<Output>) {
        let writing = self.flights.iter().all(|flight| matches!(flight.stage, Stage::Writing(_)));
        let is_full = !writing || self.flights.len() >= self.at_once();
        if is_full || self.now_ms < self.pause.until || self.picked != Picked::Some {
            return;
        }
        self.give_up_on_old(self.bounds.age_ms, out);
        let busy = self.flights.iter().flat_map(Flight::claims).cloned().collect();
        let moving: BTreeSet<_> = self.flights.iter().flat_map(Flight::moving).copied().collect();
        let (works, now_ms) = (self.at_most.min(self.half_of_all()), self.now_ms);
        let bounds = self.bounds.of_batch(works);
        let held = mailbox::Held { busy, moving: &moving, locked: &self.locked, now_ms };
        let items = self.mailbox.pick(&held, &bounds);
        if items.is_empty() {
            if self.mailbox.waiting() >= MANY {
                self.picked = Picked::Nothing;
            }
            return;
        }
        let no = self.next_no();
        let wanted = self.memory.lacks(&items, &moving, self.now_ms, &self.bounds);
        let before = self.flights.iter().filter_map(|flight| flight.plan.clone()).collect();
        let stage = Stage::Loading(Loading { beside: before, changed: Changed::default() });
        self.flights.push(Flight { no, items, plan: None, stage });
        out.push(Output::Load(no, wanted));
    }

    /// How many batches may be under way: two under backlog. But where two always are, a room may never be still, so a work
    /// that must read it so gets a pause between two batches.
    fn at_once(&self) -> usize {
        let backlog = self.mailbox.waiting() >= self.bounds.second_from;
        let starving = || self.mailbox.is_starving(self.now_ms.saturating_sub(STARVING_MS));
        if backlog && !self.flights.is_empty() && !starving() { 2 } else { 1 }
    }

    /// A batch of all who are there leaves nobody for the one that could be decided and written beside it: the database's
    /// processors would work in turn with this one's.
    fn half_of_all(&self) -> usize {
        let under_way: usize = self.flights.iter().map(|flight| flight.items.len()).sum();
        (self.mailbox.waiting().saturating_add(under_way) / 2).max(self.bounds.second_from)
    }

    fn next_no(&mut self) -> No {
        self.next = self.next.wrapping_add(1);
        No(self.next)
    }

    /// The batch is decided on what was read and on what is remembered.
    fn loaded(&mut self, no: No, read: Snapshot, by: &Deciding<'_>, out: &mut Vec<Output>) {
        let Some(at) = self.loading(no) else { return };
        let Flight { mut items, stage, .. } = self.flights.remove(at);
        // Also by batches that were committed meanwhile: what was read may be older than they are.
        let touched = |night: &_| stage.touches(night) || self.flights.iter().any(|one| one.touches(night));
        self.memory.take_in(read, &items, self.now_ms, touched);
        let snapshot = &mut self.memory.snapshot;
        for item in &mut items {
            item.claims = item.work.claims_in(snapshot);
        }
        let changed = stage.into_changed();
        let held = changed.claims(&items).into_iter().chain(self.locked.iter().cloned()).collect();
        let items = self.mailbox.set_aside(items, &held);
        let items = self.mailbox.put_off(items, snapshot, self.bounds.nights);
        let (outcomes, plan) = batch(snapshot, items.iter().map(|item| &item.work), by);
        let now = snapshot.now;
        self.memory.put_away();
        self.memory.forget_changed(&changed);
        let (decided, waiting) = sorted(items, outcomes);
        self.wait(waiting, out);
        if plan.is_empty() {
            self.goes_well();
            self.answer(decided, out);
            return;
        }
        let after = self.flights.last().map(|flight| flight.no);
        let plan = Arc::new(plan);
        out.push(Output::Write(no, plan.clone(), after));
        let (items, outcomes) = decided.into_iter().unzip();
        let stage = Stage::Writing(flight::Writing { outcomes, now });
        self.flights.insert(at, Flight { no, items, plan: Some(plan), stage });
    }

    fn loading(&self, no: No) -> Option<usize> {
        self.flights.iter().position(|flight| flight.no == no && matches!(flight.stage, Stage::Loading(_)))
    }

    fn not_loaded(&mut self, no: No) {
        if let Some(at) = self.loading(no) {
            let Flight { items, .. } = self.flights.remove(at);
            self.mailbox.put_back(items);
            // Who answers next may be another server, with another truth.
            self.memory.forget_all();
            self.take_a_break();
        }
    }

    /// The batch is committed: everybody in it is answered.
    fn written(&mut self, no: No, out: &mut Vec<Output>) {
        self.goes_well();
        let Some(at) = self.flights.iter().position(|flight| flight.no == no) else { return };
        let Flight { items, plan, stage, .. } = self.flights.remove(at);
        if let (Stage::Writing(writing), Some(plan)) = (stage, plan) {
            out.push(Output::Done(no, Effects::of(&plan, writing.now)));
            self.answer(items.into_iter().zip(writing.outcomes).collect(), out);
        }
        self.settle_misses(out);
    }

    /// A batch was carried through: pauses begin small again, and batches grow again.
    pub(super) fn goes_well(&mut self) {
        self.pause.failures = 0;
        self.at_most = self.at_most.saturating_mul(2).clamp(1, self.bounds.works.max(1));
    }

    fn answer(&mut self, decided: Decided, out: &mut Vec<Output>) {
        for (item, outcome) in decided {
            self.mailbox.done(&item);
            if let Outcome::Refused(refusal) = &outcome {
                let count = self.refused.entry((refusal.code(), item.fresh)).or_default();
                *count = count.saturating_add(1);
            }
            out.push(Output::Answer(item.ticket, Answer::Outcome(outcome)));
        }
    }

    /// Works that were not decided wait in the order in which they came, before everybody who came later. Who needs the
    /// archive is answered: its record is read outside.
    fn wait(&mut self, waiting: Waiting, out: &mut Vec<Output>) {
        for (mut item, need) in waiting {
            match need {
                Need::Archive(_) => {
                    self.answer(vec![(item, Outcome::Again(need))], out);
                    continue;
                }
                Need::Fresh if item.fresh => item.runs = item.runs.saturating_add(1),
                Need::Fresh | Need::Written => item.fresh = true,
                Need::Turn => {}
            }
            if item.runs > self.bounds.runs {
                self.fail(&item, Answer::Failed, out);
            } else {
                self.mailbox.put_back(vec![item]);
            }
        }
    }

    fn fail(&mut self, item: &Item, answer: Answer, out: &mut Vec<Output>) {
        self.mailbox.done(item);
        out.push(Output::Answer(item.ticket, answer));
    }

    /// A room has changed: what is asked of it next is read. Who is being read for and rests on it is read for once more.
    fn forget(&mut self, room: RoomId) {
        self.memory.forget(room);
        if let Some(loading) = self.being_loaded() {
            loading.changed.rooms.insert(room);
        }
    }

    /// A hotel has changed, and with it the version of each of its rooms.
    fn forget_hotel(&mut self, hotel: HotelId) {
        self.memory.forget_hotel_and_rooms(hotel);
        if let Some(loading) = self.being_loaded() {
            loading.changed.hotels.insert(hotel);
        }
    }

    fn being_loaded(&mut self) -> Option<&mut Loading> {
        self.flights.iter_mut().find_map(|flight| match &mut flight.stage {
            Stage::Loading(loading) => Some(loading),
            Stage::Writing(_) | Stage::Missed(_) | Stage::Locking | Stage::Looking => None,
        })
    }

    /// A connection was opened anew: who answers may be another server, with another truth.
    fn reconnected(&mut self) {
        self.memory.forget_all();
        self.begin_anew();
    }

    /// Puts the works of the batch being loaded back: what they rest on is gone.
    fn begin_anew(&mut self) {
        if let Some(at) = self.flights.iter().position(|flight| matches!(flight.stage, Stage::Loading(_))) {
            let Flight { items, .. } = self.flights.remove(at);
            self.mailbox.put_back(items);
        }
    }

    /// Nobody waits longer than that, whatever is in the way; also not for a turn in one batch after the other.
    fn give_up_on_old(&mut self, age_ms: u64, out: &mut Vec<Output>) {
        for item in self.mailbox.older_than(self.now_ms.saturating_sub(age_ms)) {
            self.fail(&item, Answer::Unavailable, out);
        }
    }

    fn tick(&mut self, now_ms: u64, out: &mut Vec<Output>) {
        self.now_ms = now_ms.max(self.now_ms);
        let closed_long_ago =
            self.closed_at.is_some_and(|at| self.now_ms.saturating_sub(at) > self.bounds.age_ms);
        self.give_up_on_old(if closed_long_ago { 0 } else { self.bounds.age_ms }, out);
        let hotels: BTreeSet<_> = self.flights.iter().flat_map(Flight::hotels).collect();
        let rooms: BTreeSet<_> = self.flights.iter().flat_map(Flight::rooms).collect();
        self.memory.shed(self.now_ms, (&hotels, &rooms), &self.bounds);
        self.look_at_locked(out);
    }
}

impl Picked {
    fn after(self, input: &Input) -> Self {
        match (self, input) {
            (Self::Nothing | Self::NothingThen, Input::Arrived(..)) => Self::NothingThen,
            (Self::Nothing, Input::Tick(_)) => Self::Nothing,
            (Self::Some | Self::Nothing | Self::NothingThen, _) => Self::Some,
        }
    }
}

/// Works with what they came to.
type Decided = Vec<(Item, Outcome)>;

/// Works with what they wait for.
type Waiting = Vec<(Item, Need)>;

/// Those that were decided, and those that were not.
fn sorted(items: Vec<Item>, outcomes: Vec<Outcome>) -> (Decided, Waiting) {
    let (mut decided, mut waiting) = (Vec::new(), Vec::new());
    for (item, outcome) in items.into_iter().zip(outcomes) {
        match outcome {
            Outcome::Again(need) => waiting.push((item, need)),
            Outcome::Created(_)
            | Outcome::Decided(_)
            | Outcome::Kept(_)
            | Outcome::Refused(_)
            | Outcome::Unreadable(_) => decided.push((item, outcome)),
        }
    }
    (decided, waiting)
}
