//! What becomes of a batch that was not committed: decided again under locks, set aside, or begun anew.

use std::{collections::BTreeSet, sync::Arc};

use domain::RoomId;

use super::{
    Output, Shard,
    effects::Effects,
    flight::{Flight, Stage},
    mailbox::Item,
    sorted,
    words::{Answer, Miss, No},
};
#[cfg(feature = "planted_faults")]
use crate::planted::{self, Mistake};
use crate::{
    batch::batch,
    plan::Plan,
    snapshot::{Snapshot, Wanted},
    work::{Claim, Deciding},
};

impl Shard {
    /// Nothing of the batch was written, or nobody knows. What it left in memory goes, and the batch that is being loaded comes
    /// back: it may rest on that.
    pub(super) fn missed(&mut self, no: No, miss: Miss, out: &mut Vec<Output>) {
        let Some(flight) = self.flights.iter_mut().find(|flight| flight.no == no) else { return };
        let rooms: BTreeSet<_> = flight.moving().copied().collect();
        flight.stage = Stage::Missed(miss);
        self.forget_after(miss, &rooms);
        self.begin_anew();
        self.settle_misses(out);
    }

    fn forget_after(&mut self, miss: Miss, rooms: &BTreeSet<RoomId>) {
        #[cfg(feature = "planted_faults")]
        if planted::makes(Mistake::MemoryKept) {
            self.memory.keep(rooms);
            return;
        }
        if matches!(miss, Miss::Lost | Miss::Unknown) {
            self.memory.forget_all();
        } else {
            for room in rooms {
                self.memory.forget(*room);
            }
        }
    }

    /// Sees to the first batch if it has missed. The ones behind it have rested on it: they come back before anything is
    /// begun anew.
    pub(super) fn settle_misses(&mut self, out: &mut Vec<Output>) {
        let back = |flight: &Flight| matches!(flight.stage, Stage::Missed(_));
        let Some(Stage::Missed(miss)) = self.flights.first().map(|flight| &flight.stage) else { return };
        let miss = *miss;
        if !self.flights.iter().all(back) {
            return;
        }
        let mut flights = std::mem::take(&mut self.flights).into_iter();
        let first = flights.next();
        flights.for_each(|flight| self.mailbox.put_back(flight.items));
        if let Some(flight) = first {
            self.settle(flight, miss, out);
        }
    }

    fn settle(&mut self, flight: Flight, miss: Miss, out: &mut Vec<Output>) {
        let Flight { no, items, plan, .. } = flight;
        match miss {
            Miss::TakenBack => self.mailbox.put_back(items),
            Miss::Stale => self.again_under_locks((no, plan), items, out),
            Miss::LockTimeout => {
                let nights = plan.iter().flat_map(|plan| plan.nights.keys()).map(|at| Claim::Night(*at));
                let claims = items.iter().flat_map(|item| &item.claims).cloned().chain(nights).collect();
                out.push(Output::Look(no, claims));
                self.flights.push(Flight { no, items, plan, stage: Stage::Looking });
            }
            Miss::Lost => {
                self.mailbox.put_back(items);
                self.take_a_break();
            }
            Miss::Unknown => self.again_unknown(items, out),
        }
    }

    /// The same works with the same ids: the unique keys decide. After some times nobody waits any more; their keys tell.
    fn again_unknown(&mut self, items: Vec<Item>, out: &mut Vec<Output>) {
        self.take_a_break();
        for mut item in items {
            item.runs = item.runs.saturating_add(1);
            if item.runs > self.bounds.runs {
                self.fail(&item, Answer::Unavailable, out);
            } else {
                self.mailbox.put_back(vec![item]);
            }
        }
    }

    pub(super) fn take_a_break(&mut self) {
        let [.., last] = self.bounds.pauses_ms;
        let nth = usize::try_from(self.pause.failures).unwrap_or(usize::MAX);
        let wait = self.bounds.pauses_ms.get(nth).copied().unwrap_or(last);
        self.pause.failures = self.pause.failures.saturating_add(1);
        self.pause.until = self.now_ms.saturating_add(wait);
    }

    /// Who collided comes out as a repeat or a refusal, the others are written. What misses even so, and again and again, is
    /// cut in halves, to one work at last.
    fn again_under_locks(
        &mut self,
        (no, plan): (No, Option<Arc<Plan>>),
        mut items: Vec<Item>,
        out: &mut Vec<Output>,
    ) {
        for item in &mut items {
            item.runs = item.runs.saturating_add(1);
        }
        let worn = items.iter().any(|item| item.runs > self.bounds.runs);
        match items.as_mut_slice() {
            [one] if worn && one.alone => return self.fail(one, Answer::Failed, out),
            [one] => one.alone = true,
            _ if worn => self.halve(&mut items),
            _ => {}
        }
        let mut wanted = Wanted::default();
        for item in &items {
            wanted.merge(item.work.wanted());
        }
        let works = items.iter().map(|item| item.work.clone()).collect();
        self.flights.push(Flight { no, items, plan, stage: Stage::Locking });
        out.push(Output::Lock(no, wanted, works));
    }

    /// Leaves the first half; whoever is innocent must not be worn by the others.
    fn halve(&mut self, items: &mut Vec<Item>) {
        self.bisected = self.bisected.saturating_add(1);
        for item in items.iter_mut() {
            item.runs = 0;
        }
        self.mailbox.put_back(items.split_off(items.len() / 2));
    }

    /// The works were decided and committed on this snapshot: deciding is pure, so deciding once more tells what was written.
    pub(super) fn second(
        &mut self,
        no: No,
        mut snapshot: Snapshot,
        by: &Deciding<'_>,
        out: &mut Vec<Output>,
    ) {
        let Some(at) = self.flights.iter().position(|flight| flight.no == no) else { return };
        self.goes_well();
        let Flight { items, .. } = self.flights.remove(at);
        let (outcomes, plan) = batch(&mut snapshot, items.iter().map(|item| &item.work), by);
        let (mut decided, waiting) = sorted(items, outcomes);
        // Under locks everything was read for it.
        for (item, _) in &mut decided {
            item.fresh = true;
        }
        if !plan.is_empty() {
            out.push(Output::Done(no, Effects::of(&plan, snapshot.now)));
        }
        self.answer(decided, out);
        self.wait(waiting, out);
    }

    /// Works on what others hold wait beside; the rest goes on.
    pub(super) fn told_locked(&mut self, no: No, locked: BTreeSet<Claim>, out: &mut Vec<Output>) {
        if let Some((_, asked)) = self.look.take_if(|(asked, _)| *asked == no) {
            self.locked.retain(|claim| locked.contains(claim) || !asked.contains(claim));
            return;
        }
        let looking = |flight: &Flight| flight.no == no && matches!(flight.stage, Stage::Looking);
        if let Some(at) = self.flights.iter().position(looking) {
            let Flight { items, .. } = self.flights.remove(at);
            if locked.is_empty() {
                return self.search_by_halves(items, out);
            }
            self.locked.extend(locked);
            self.mailbox.put_back(items);
        }
    }

    /// Nobody can name what is held, so smaller batches find whose work it is. It may be free by now, so that work is tried
    /// once more by itself; then it waits for no longer: its key tells.
    fn search_by_halves(&mut self, mut items: Vec<Item>, out: &mut Vec<Output>) {
        self.bisected = self.bisected.saturating_add(1);
        match items.as_mut_slice() {
            [one] if one.alone => return self.fail(one, Answer::Unavailable, out),
            [one] => one.alone = true,
            several => self.at_most = several.len().div_ceil(2),
        }
        self.mailbox.put_back(items);
    }

    /// Looks now and then whether what others hold is free again.
    pub(super) fn look_at_locked(&mut self, out: &mut Vec<Output>) {
        if self.mailbox.waiting() == 0 {
            self.locked.clear();
        }
        let due = self.now_ms.saturating_sub(self.looked_at) >= self.bounds.look_ms;
        if self.locked.is_empty() || self.look.is_some() || !due {
            return;
        }
        let no = self.next_no();
        self.look = Some((no, self.locked.clone()));
        self.looked_at = self.now_ms;
        out.push(Output::Look(no, self.locked.clone()));
    }
}

impl Item {
    /// The rooms it is about, as far as they are known.
    pub(super) fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.claims.iter().filter_map(|claim| match claim {
            Claim::Room(room) => Some(*room),
            Claim::Booking(_)
            | Claim::Scope(_)
            | Claim::Reference(..)
            | Claim::Holds(_)
            | Claim::Numbers(_)
            | Claim::Night(_) => None,
        })
    }
}
