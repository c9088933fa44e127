//! The ends of holds: found shortly before, the provider asked as far as there are slots, all of one moment ended together.
//!
//! A machine like the [shard](crate::shard): it is told what has come to pass and says what shall be done. What it says is
//! decided by the table of states like everything else; here is only when, and in what order. `hold_expires_at` in the
//! database is the truth, hints make it prompt, and a provider that is slow or away holds no end up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::{BookingId, HotelId, Instant};
use uuid::Uuid;

use crate::{
    command::{Command, ProviderSaid},
    rules::HoldRules,
};

/// A hold is over so long after its end (domain.md, invariant 6).
const OVER: TimeDelta = TimeDelta::seconds(5);
/// The last second of them is to write that.
const LAST_ANSWER: TimeDelta = TimeDelta::seconds(4);
/// What a provider that is well needs for an answer.
const SHORTEST_QUESTION: TimeDelta = TimeDelta::milliseconds(500);
/// One of so many looks is at everything; those between only at what had not come near at the last one, or a crowd would be
/// listed each second until it is over.
const WHOLE_LOOK: u8 = 3;

/// A hold that ends soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueHold {
    /// The booking.
    pub booking_id: BookingId,
    /// Its hotel.
    pub hotel_id: HotelId,
    /// When it ends.
    pub ends_at: Instant,
}

/// What has come to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldInput {
    /// The database's clock.
    Tick(Instant),
    /// A page of what was to be listed.
    Due(Vec<DueHold>),
    /// Somebody tells of these, unasked.
    Hinted(Vec<DueHold>),
    /// The list could not be read.
    NotListed,
    /// More hotels are looked after from now on: what another process left behind may be late already.
    More,
    /// The provider's answer.
    Said(BookingId, ProviderSaid),
    /// What became of what was submitted.
    Done(BookingId, HoldDone),
}

/// What became of what was submitted for a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldDone {
    /// It is no hold any more.
    Ended,
    /// Another process looks after it by now.
    NotOurs,
    /// It is too early, or only its money was seen to: its end is at that moment.
    NotYet(Instant),
    /// It was not decided: again a little later.
    Undecided,
}

/// What shall be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldOutput {
    /// A look begins, at everything or at a part: whoever hints only when asked is asked for what ends before that.
    Look(Instant),
    /// List the holds that end before `until`, behind the last one listed, earliest first.
    List {
        /// They end before that.
        until: Instant,
        /// Behind this one.
        after: Option<DueHold>,
    },
    /// Ask the provider about the booking's payment, and wait no longer than that.
    Ask(BookingId, Instant),
    /// Submit it: what the provider said, or that it did not.
    Submit(HotelId, BookingId, Command),
}

/// How much is done at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldBounds {
    /// Questions to the provider at once.
    pub slots: usize,
    /// Holds in a page.
    pub page: usize,
    /// Holds worked on at once.
    pub holds: usize,
    /// How long after one look the next begins, and after how long something undecided is tried again.
    pub look: chrono::TimeDelta,
}

impl Default for HoldBounds {
    fn default() -> Self {
        Self { slots: 64, page: 2_000, holds: 50_000, look: chrono::TimeDelta::seconds(1) }
    }
}

/// The ends of holds.
#[derive(Debug)]
pub struct HoldEnds {
    bounds: HoldBounds,
    rules: HoldRules,
    now: Option<Instant>,
    holds: BTreeMap<BookingId, Hold>,
    /// When something is to be done about each that is not submitted.
    by_time: BTreeSet<(Instant, BookingId)>,
    /// Those that found no free slot at their time, by their end.
    no_slot: BTreeSet<(Instant, BookingId)>,
    asking: usize,
    looked_at: Option<Instant>,
    listing: bool,
    /// Until when the page that is waited for lists.
    listed_until: Option<Instant>,
    /// Everything that ends before is known, and how many looks have relied on that.
    known_until: Option<Instant>,
    part_looks: u8,
}

#[derive(Debug)]
struct Hold {
    due: DueHold,
    stage: Stage,
    /// When something is to be done about it.
    next: Instant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// Nobody has been asked.
    Waiting,
    /// The provider is asked, until then.
    Asking(Instant),
    /// What it said, to be submitted.
    Said(ProviderSaid),
    /// Submitted, with what it said.
    Submitted(ProviderSaid),
}

impl HoldEnds {
    /// Works on nothing yet.
    pub const fn new(rules: HoldRules, bounds: HoldBounds) -> Self {
        Self {
            bounds,
            rules,
            now: None,
            holds: BTreeMap::new(),
            by_time: BTreeSet::new(),
            no_slot: BTreeSet::new(),
            asking: 0,
            looked_at: None,
            listing: false,
            listed_until: None,
            known_until: None,
            part_looks: 0,
        }
    }

    /// Takes in what has come to pass and says what shall be done.
    pub fn step(&mut self, input: HoldInput) -> Vec<HoldOutput> {
        let mut out = Vec::new();
        match input {
            HoldInput::Tick(now) => self.now = self.now.max(Some(now)),
            HoldInput::Due(page) => self.listed(&page, &mut out),
            HoldInput::Hinted(holds) => self.take_on(&holds),
            HoldInput::NotListed => (self.listing, self.known_until) = (false, None),
            HoldInput::More => (self.looked_at, self.known_until) = (None, None),
            HoldInput::Said(booking, said) => self.said(booking, said, &mut out),
            HoldInput::Done(booking, done) => self.done(booking, done),
        }
        self.go_on(&mut out);
        out
    }

    /// When there is something to do without anything new: tick then.
    pub fn wakes_at(&self) -> Option<Instant> {
        let may_look = !self.listing && self.holds.len() < self.bounds.holds;
        let look = self.looked_at.filter(|_| may_look).map(|at| at.plus(self.bounds.look));
        self.by_time.first().map(|(at, _)| *at).into_iter().chain(look).min()
    }

    /// Whether the hold is worked on: who hints at it tells nothing new.
    pub fn knows(&self, booking: BookingId) -> bool {
        self.holds.contains_key(&booking)
    }

    /// How many holds are worked on.
    pub fn len(&self) -> usize {
        self.holds.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }

    fn take_on(&mut self, holds: &[DueHold]) {
        for due in holds {
            if !self.holds.contains_key(&due.booking_id) {
                let next = self.rules.ask_from(due.ends_at);
                self.holds.insert(due.booking_id, Hold { due: *due, stage: Stage::Waiting, next });
                self.by_time.insert((next, due.booking_id));
            }
        }
    }

    fn listed(&mut self, page: &[DueHold], out: &mut Vec<HoldOutput>) {
        self.take_on(page);
        let whole = page.len() >= self.bounds.page;
        let more = self.listing && whole && self.holds.len() < self.bounds.holds;
        self.listing = more;
        match (more, page.last(), self.now) {
            (true, Some(last), Some(now)) => self.list(now, Some(*last), out),
            // Told meanwhile that there is more, it knows nothing.
            _ if self.looked_at.is_some() && !whole => self.known_until = self.listed_until,
            _ => self.known_until = None,
        }
    }

    fn list(&mut self, now: Instant, after: Option<DueHold>, out: &mut Vec<HoldOutput>) {
        let until = now.plus(self.rules.ask_before);
        self.listed_until = Some(until);
        out.push(HoldOutput::List { until, after });
    }

    /// Behind what a look begins.
    fn look_behind(&mut self) -> Option<DueHold> {
        let known = self.known_until.take().filter(|_| self.part_looks.saturating_add(1) < WHOLE_LOOK);
        self.part_looks = if known.is_some() { self.part_looks.saturating_add(1) } else { 0 };
        let (booking_id, hotel_id) = (BookingId::from_uuid(Uuid::nil()), HotelId::from_uuid(Uuid::nil()));
        known.map(|ends_at| DueHold { booking_id, hotel_id, ends_at })
    }

    /// Money is submitted at once, whatever the hold is at: the table knows what to do with it. Everything else waits for the
    /// end.
    fn said(&mut self, booking: BookingId, said: ProviderSaid, out: &mut Vec<HoldOutput>) {
        let Some(hold) = self.holds.get(&booking) else { return };
        let due = hold.due;
        match (&hold.stage, &said) {
            (_, ProviderSaid::Paid(_)) => {
                out.push(self.submit(due, said));
            }
            (Stage::Asking(_), ProviderSaid::Unpaid | ProviderSaid::NoAnswer) => {
                self.turn(booking, Stage::Said(said), due.ends_at);
            }
            (
                Stage::Waiting | Stage::Said(_) | Stage::Submitted(_),
                ProviderSaid::Unpaid | ProviderSaid::NoAnswer,
            ) => {}
        }
    }

    fn done(&mut self, booking: BookingId, done: HoldDone) {
        let Some(Hold { stage: Stage::Submitted(said), .. }) = self.holds.get(&booking) else { return };
        let said = said.clone();
        match done {
            HoldDone::Ended | HoldDone::NotOurs => self.remove(booking),
            HoldDone::NotYet(at) => self.turn(booking, Stage::Said(said), at),
            HoldDone::Undecided => {
                let later = self.now.map(|now| now.plus(self.bounds.look));
                if let Some(later) = later {
                    self.turn(booking, Stage::Said(said), later);
                }
            }
        }
    }

    /// Looks for more, and sees to every hold whose moment has come, earliest first.
    fn go_on(&mut self, out: &mut Vec<HoldOutput>) {
        let Some(now) = self.now else { return };
        let look = self.looked_at.is_none_or(|at| at.plus(self.bounds.look) <= now);
        if look && !self.listing && self.holds.len() < self.bounds.holds {
            (self.listing, self.looked_at) = (true, Some(now));
            out.push(HoldOutput::Look(now.plus(self.rules.ask_before)));
            let behind = self.look_behind();
            self.list(now, behind, out);
        }
        while let Some((at, booking)) = self.by_time.first().copied()
            && at <= now
        {
            self.see_to(booking, now, out);
        }
        self.ask_with_free_slots(now, out);
    }

    fn see_to(&mut self, booking: BookingId, now: Instant, out: &mut Vec<HoldOutput>) {
        let Some(Hold { due, stage, .. }) = self.holds.get(&booking) else { return };
        let (due, stage) = (*due, stage.clone());
        let waited = self.no_slot.contains(&(due.ends_at, booking));
        match stage {
            // It waited for a slot until its end: it waits no longer.
            Stage::Waiting if waited && now >= due.ends_at => {
                out.push(self.submit(due, ProviderSaid::NoAnswer));
            }
            Stage::Waiting if self.asking < self.bounds.slots => self.ask(due, now, out),
            // No free slot counts as no answer, and a slot may still become free before the end.
            Stage::Waiting if now < due.ends_at => {
                self.no_slot.insert((due.ends_at, booking));
                self.turn(booking, Stage::Waiting, due.ends_at);
            }
            Stage::Waiting => out.push(self.submit(due, ProviderSaid::NoAnswer)),
            Stage::Asking(_) => self.turn(booking, Stage::Said(ProviderSaid::NoAnswer), due.ends_at),
            Stage::Said(said) => out.push(self.submit(due, said)),
            Stage::Submitted(_) => self.unschedule(booking),
        }
    }

    /// Those that found no free slot at their time get one that became free, the earliest end first.
    fn ask_with_free_slots(&mut self, now: Instant, out: &mut Vec<HoldOutput>) {
        while self.asking < self.bounds.slots
            && let Some((_, booking)) = self.no_slot.pop_first()
        {
            let waiting = self.holds.get(&booking).filter(|hold| hold.stage == Stage::Waiting);
            if let Some(due) = waiting.map(|hold| hold.due) {
                self.ask(due, now, out);
            }
        }
    }

    /// The answer is waited for until the hold's end at most; where the hold is found after its end, so long that it can still
    /// be over in time, but a moment; and where that cannot be any more, as long as it may take.
    fn ask(&mut self, due: DueHold, now: Instant, out: &mut Vec<HoldOutput>) {
        let longest = self.rules.ask_until(now);
        let until = if now < due.ends_at {
            longest.min(due.ends_at)
        } else if now < due.ends_at.plus(OVER) {
            longest.min(due.ends_at.plus(LAST_ANSWER).max(now.plus(SHORTEST_QUESTION)))
        } else {
            longest
        };
        self.turn(due.booking_id, Stage::Asking(until), until);
        out.push(HoldOutput::Ask(due.booking_id, until));
    }

    fn submit(&mut self, due: DueHold, said: ProviderSaid) -> HoldOutput {
        self.no_slot.remove(&(due.ends_at, due.booking_id));
        self.turn(due.booking_id, Stage::Submitted(said.clone()), due.ends_at);
        self.unschedule(due.booking_id);
        HoldOutput::Submit(due.hotel_id, due.booking_id, Command::ProviderSaid(said))
    }

    fn turn(&mut self, booking: BookingId, stage: Stage, next: Instant) {
        let Some(hold) = self.holds.get_mut(&booking) else { return };
        let asking = |stage: &Stage| usize::from(matches!(stage, Stage::Asking(_)));
        self.asking = self.asking.saturating_add(asking(&stage)).saturating_sub(asking(&hold.stage));
        self.by_time.remove(&(hold.next, booking));
        (hold.stage, hold.next) = (stage, next);
        self.by_time.insert((next, booking));
    }

    fn unschedule(&mut self, booking: BookingId) {
        if let Some(hold) = self.holds.get(&booking) {
            self.by_time.remove(&(hold.next, booking));
        }
    }

    fn remove(&mut self, booking: BookingId) {
        self.unschedule(booking);
        if let Some(Hold { stage: Stage::Asking(_), .. }) = self.holds.remove(&booking) {
            self.asking = self.asking.saturating_sub(1);
        }
    }
}
