//! The works that wait, and who may be taken next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{HotelId, RoomId};

use super::{
    bounds::Bounds,
    words::{Answer, Class, Standing, Ticket},
};
use crate::{
    idempotency::Digest,
    snapshot::Snapshot,
    work::{Claim, Task, Work},
};

/// A work that waits or is under way.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) ticket: Ticket,
    pub(super) work: Work,
    /// In the order of arrival.
    seq: u64,
    since_ms: u64,
    class: Class,
    /// What it reads or writes, with the rooms of its booking once that was read.
    pub(super) claims: BTreeSet<Claim>,
    /// Whether its rooms are to be read before it is decided.
    pub(super) fresh: bool,
    /// Since when it has been passed over because its rooms are moved.
    moved_since: Option<u64>,
    pub(super) runs: u32,
    /// Whether it was decided under locks with no other beside it.
    pub(super) alone: bool,
}

/// The works that wait.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    /// Those that a batch has not decided, by arrival: they go before all others.
    held: BTreeMap<u64, Item>,
    money: VecDeque<Item>,
    book: BTreeMap<HotelId, VecDeque<Item>>,
    /// Hotels with new bookings, the next one first.
    turns: VecDeque<HotelId>,
    upkeep: VecDeque<Item>,
    /// How many works there are with a key, waiting or under way.
    keys: BTreeMap<Digest, usize>,
    booking: usize,
    bytes: usize,
    arrived: u64,
    /// Of those that arrived, how many have come behind another of their key.
    followed: u64,
}

/// What the shard's other works and others' locks forbid to touch.
pub(super) struct Held<'a> {
    /// What works under way read or write.
    pub(super) busy: BTreeSet<Claim>,
    /// Rooms that batches under way move.
    pub(super) moving: &'a BTreeSet<RoomId>,
    /// What others hold locked.
    pub(super) locked: &'a BTreeSet<Claim>,
    pub(super) now_ms: u64,
}

/// One batch being put together.
struct Picking<'a> {
    held: &'a Held<'a>,
    /// What works that were passed over read or write: nobody overtakes them there.
    passed: BTreeSet<Claim>,
    picked: Vec<Item>,
    nights: usize,
    bytes: usize,
}

impl Mailbox {
    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        let lists = self.held.len().saturating_add(self.money.len()).saturating_add(self.upkeep.len());
        lists.saturating_add(self.booking)
    }

    /// How many wait, by class.
    pub(super) fn standing(&self) -> Standing {
        let (money, book, upkeep) = (self.money.len(), self.booking, self.upkeep.len());
        Standing {
            money,
            book,
            upkeep,
            held: self.held.len(),
            followed: self.followed,
            ..Standing::default()
        }
    }

    /// Since when the work has waited that has waited longest.
    pub(super) fn oldest(&self) -> Option<u64> {
        let lines = [&self.money, &self.upkeep].into_iter().chain(self.book.values());
        let first = lines.filter_map(VecDeque::front).chain(self.held.values());
        first.map(|item| item.since_ms).min()
    }

    /// Whether one has waited since that moment for its rooms to be moved by nothing.
    pub(super) fn is_starving(&self, since: u64) -> bool {
        self.held.values().any(|item| item.moved_since.is_some_and(|moved| moved <= since))
    }

    /// Takes a work in, or says why not.
    pub(super) fn put(
        &mut self,
        (ticket, class, work): (Ticket, Class, Work),
        now_ms: u64,
        bounds: &Bounds,
    ) -> Result<(), Answer> {
        let of_hotel = self.book.get(&work.hotel_id).map_or(0, VecDeque::len);
        let full = match class {
            Class::Money => self.money.len() >= bounds.money_waiting,
            Class::Book => self.booking >= bounds.book_waiting || of_hotel >= bounds.book_waiting / 2,
            // Each payment brings a paper: without a place its number would be given late, behind younger ones.
            Class::Upkeep if work.gives_numbers() => self.upkeep.len() >= bounds.money_waiting,
            Class::Upkeep => self.upkeep.len() >= bounds.upkeep_waiting,
        };
        let heavy = self.bytes.saturating_add(work.bytes()) > bounds.bytes.saturating_mul(16);
        if full || heavy {
            return Err(Answer::Overloaded);
        }
        let same = work.scope().and_then(|scope| self.keys.get(&scope)).copied().unwrap_or(0);
        if same > bounds.followers {
            return Err(Answer::InProgress);
        }
        self.arrived = self.arrived.saturating_add(1);
        self.followed = self.followed.saturating_add(u64::from(same > 0));
        let claims = work.claims();
        let item = Item {
            ticket,
            work,
            seq: self.arrived,
            since_ms: now_ms,
            class,
            claims,
            fresh: false,
            moved_since: None,
            runs: 0,
            alone: false,
        };
        self.count(&item);
        self.queue(item);
        Ok(())
    }

    fn count(&mut self, item: &Item) {
        self.bytes = self.bytes.saturating_add(item.work.bytes());
        if let Some(scope) = item.work.scope() {
            let count = self.keys.entry(scope).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn queue(&mut self, item: Item) {
        match item.class {
            Class::Money => self.money.push_back(item),
            Class::Upkeep => self.upkeep.push_back(item),
            Class::Book => {
                let hotel = item.work.hotel_id;
                let line = self.book.entry(hotel).or_default();
                if line.is_empty() {
                    self.turns.push_back(hotel);
                }
                line.push_back(item);
                self.booking = self.booking.saturating_add(1);
            }
        }
    }

    /// These were not decided: they go before everybody who came later.
    pub(super) fn put_back(&mut self, items: Vec<Item>) {
        self.held.extend(items.into_iter().map(|item| (item.seq, item)));
    }

    /// The work has its answer.
    pub(super) fn done(&mut self, item: &Item) {
        self.bytes = self.bytes.saturating_sub(item.work.bytes());
        if let Some(scope) = item.work.scope() {
            let left = self.keys.get(&scope).map_or(0, |count| count.saturating_sub(1));
            if left == 0 {
                self.keys.remove(&scope);
            } else {
                self.keys.insert(scope, left);
            }
        }
    }

    /// The next batch: first whoever was not decided, then money, then one booking of each hotel in turn, then upkeep. Who
    /// shares something with a work under way, or with one that was passed over, is passed over.
    pub(super) fn pick(&mut self, held: &Held<'_>, bounds: &Bounds) -> Vec<Item> {
        let passed = with_rooms(held.locked);
        let mut picking = Picking { held, passed, picked: Vec::new(), nights: 0, bytes: 0 };
        let again: VecDeque<Item> = std::mem::take(&mut self.held).into_values().collect();
        let left = picking.take(again, bounds.works, bounds);
        self.held.extend(left.into_iter().map(|item| (item.seq, item)));
        self.money = picking.take(std::mem::take(&mut self.money), bounds.money_first, bounds);
        let upkeep = bounds.upkeep.min(self.upkeep.len());
        self.pick_bookings(&mut picking, bounds.works.saturating_sub(upkeep), bounds);
        self.upkeep = picking.take(std::mem::take(&mut self.upkeep), bounds.upkeep, bounds);
        // What the others leave of the batch: a crowd of holds that end is half as many batches so.
        self.money = picking.take(std::mem::take(&mut self.money), bounds.works, bounds);
        picking.picked
    }

    /// Of works whose rooms are known only now, those on what others hold wait beside, and whoever shares anything with them.
    pub(super) fn set_aside(&mut self, items: Vec<Item>, locked: &BTreeSet<Claim>) -> Vec<Item> {
        if locked.is_empty() {
            return items;
        }
        let mut passed = with_rooms(locked);
        let (aside, free): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| {
            let waits = item.claims.iter().any(|claim| passed.contains(claim));
            if waits {
                passed.extend(item.claims.iter().cloned());
            }
            waits
        });
        self.put_back(aside);
        free
    }

    /// Of works whose bookings are known only now, those that would move more nights than one batch may go with the next one, and
    /// whoever shares anything with them. The first that moves any is never too many.
    pub(super) fn put_off(&mut self, items: Vec<Item>, snapshot: &Snapshot, most: usize) -> Vec<Item> {
        let (mut nights, mut passed) = (0_usize, BTreeSet::new());
        let (off, fit): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| {
            let sum = nights.saturating_add(item.work.nights_in(snapshot));
            let too_many = nights > 0 && sum > nights && sum > most;
            let waits = too_many || item.claims.iter().any(|claim| passed.contains(claim));
            if waits {
                passed.extend(item.claims.iter().cloned());
            } else {
                nights = sum;
            }
            waits
        });
        self.put_back(off);
        fit
    }

    /// Rounds over the hotels, one booking of each, until the batch is full or nobody more may be taken.
    fn pick_bookings(&mut self, picking: &mut Picking<'_>, most: usize, bounds: &Bounds) {
        let mut skipped: BTreeMap<HotelId, VecDeque<Item>> = BTreeMap::new();
        while picking.picked.len() < most
            && let Some(hotel) = self.turns.pop_front()
        {
            let Some(line) = self.book.get_mut(&hotel) else { continue };
            let passed_over = skipped.entry(hotel).or_default();
            picking.take_one(line, passed_over, bounds);
            if line.is_empty() {
                self.book.remove(&hotel);
            } else {
                self.turns.push_back(hotel);
            }
        }
        for (hotel, mut front) in skipped {
            if front.is_empty() {
                continue;
            }
            let line = self.book.entry(hotel).or_default();
            if line.is_empty() {
                self.turns.push_back(hotel);
            }
            front.append(line);
            *line = front;
        }
        self.booking = self.book.values().map(VecDeque::len).sum();
    }

    /// Takes out all that have waited since before `oldest`.
    pub(super) fn older_than(&mut self, oldest: u64) -> Vec<Item> {
        let old = |item: &Item| item.since_ms < oldest;
        let mut out: Vec<Item> = Vec::new();
        let held = std::mem::take(&mut self.held).into_values();
        let (gone, stay): (Vec<_>, Vec<_>) = held.partition(old);
        self.put_back(stay);
        out.extend(gone);
        for line in [&mut self.money, &mut self.upkeep].into_iter().chain(self.book.values_mut()) {
            while line.front().is_some_and(old) {
                out.extend(line.pop_front());
            }
        }
        self.book.retain(|_, line| !line.is_empty());
        self.turns.retain(|hotel| self.book.contains_key(hotel));
        self.booking = self.book.values().map(VecDeque::len).sum();
        out
    }
}

/// Works claim whole rooms; but it is nights that others hold locked.
fn with_rooms(locked: &BTreeSet<Claim>) -> BTreeSet<Claim> {
    let rooms = locked.iter().filter_map(|claim| match claim {
        Claim::Night((room, _)) => Some(Claim::Room(*room)),
        Claim::Booking(_)
        | Claim::Scope(_)
        | Claim::Reference(..)
        | Claim::Holds(_)
        | Claim::Numbers(_)
        | Claim::Room(_) => None,
    });
    locked.iter().cloned().chain(rooms).collect()
}

impl Picking<'_> {
    /// Takes from a list in its order until it has `most`; answers the rest in its order.
    fn take(&mut self, list: VecDeque<Item>, most: usize, bounds: &Bounds) -> VecDeque<Item> {
        let mut left = VecDeque::new();
        let until = self.picked.len().saturating_add(most).min(bounds.works);
        let mut list = list.into_iter();
        for item in list.by_ref() {
            if self.picked.len() >= until {
                left.push_back(item);
                break;
            }
            left.extend(self.offer(item, bounds));
        }
        left.extend(list);
        left
    }

    /// Takes the first of a hotel's bookings that may be taken; those before it are passed over.
    fn take_one(&mut self, line: &mut VecDeque<Item>, passed_over: &mut VecDeque<Item>, bounds: &Bounds) {
        let before = self.picked.len();
        while self.picked.len() == before
            && let Some(item) = line.pop_front()
        {
            passed_over.extend(self.offer(item, bounds));
        }
    }

    /// Takes the work, or gives it back.
    fn offer(&mut self, mut item: Item, bounds: &Bounds) -> Option<Item> {
        let moved = item.fresh && item.rooms().any(|room| self.held.moving.contains(&room));
        item.moved_since = moved.then(|| item.moved_since.unwrap_or(self.held.now_ms));
        let (nights, bytes) = (item.work.nights(), item.work.bytes());
        let fits = self.picked.is_empty()
            || (self.nights.saturating_add(nights) <= bounds.nights
                && self.bytes.saturating_add(bytes) <= bounds.bytes);
        // A repeat waits for its first, which takes the rooms: nobody behind the repeat need wait for it.
        let follows = item.work.scope().is_some_and(|scope| self.held.busy.contains(&Claim::Scope(scope)));
        if follows {
            return Some(item);
        }
        if !fits || self.collides(&item) {
            self.passed.extend(item.claims.iter().cloned());
            return Some(item);
        }
        self.nights = self.nights.saturating_add(nights);
        self.bytes = self.bytes.saturating_add(bytes);
        self.picked.push(item);
        None
    }

    fn collides(&self, item: &Item) -> bool {
        item.claims.iter().any(|claim| {
            let busy = match claim {
                // Memory has a room as the batches under way leave it; only who needs it as it is waits for them.
                Claim::Room(room) => item.fresh && self.held.moving.contains(room),
                Claim::Booking(_)
                | Claim::Scope(_)
                | Claim::Reference(..)
                | Claim::Holds(_)
                | Claim::Numbers(_)
                | Claim::Night(_) => self.held.busy.contains(claim),
            };
            busy || self.passed.contains(claim)
        })
    }
}

impl Work {
    /// The key that it is known by.
    fn scope(&self) -> Option<Digest> {
        match &self.task {
            Task::Book(request, _) => Some(request.key.scope),
            Task::Command(order) => order.keep.as_ref().map(|keep| keep.key.scope),
        }
    }
}
