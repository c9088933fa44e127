//! The calls of a shard at the database: read in two parts, written under guards behind the batch before, or under locks.

use std::sync::Arc;

use booking_core::{
    Deciding, Plan, Snapshot, Wanted, Work, batch,
    shard::{Input, Miss, No, Output},
};

use crate::{
    case::Trouble,
    planted::Planted,
    process::{Call, ShardId},
    world::{Event, World},
};

/// How long a transaction waits for a lock.
const LOCK_WAIT_MS: u64 = 1_000;
/// What is not committed by then is rolled back.
const COMMIT_WITHIN_MS: u64 = 3_000;

impl World<'_> {
    /// What a shard wants done.
    pub(crate) fn call(&mut self, id: ShardId, output: Output) {
        let call = match output {
            Output::Load(no, wanted) => {
                self.checker.asked_to_read(id, no, self.step);
                Call::Read(no, wanted)
            }
            Output::Write(no, plan, after) => {
                let verdict = self.checker.wants_to_write(id, no, &plan);
                self.verdict(verdict);
                if self.planted == Some(Planted::AnswerBeforeCommit) {
                    self.after(0, Event::Told(id, Input::Written(no, Ok(()))));
                }
                Call::Write(no, plan, after)
            }
            Output::Lock(no, wanted, works) => Call::Lock(no, wanted, works),
            Output::Look(no, claims) => Call::Look(no, claims),
            Output::Answer(..) | Output::Done(..) => return,
        };
        self.sends(Event::Called(id, call));
    }

    pub(crate) fn called(&mut self, id: ShardId, call: Call) {
        // What a dead process has sent may still be carried out.
        if self.shard(id).is_none() && self.dice.one_in(2) {
            return;
        }
        match call {
            Call::Read(no, wanted) => self.read(id, no, wanted),
            Call::ReadOn(no, wanted, first) => self.read_on(id, no, &wanted, *first),
            Call::Write(no, plan, after) => self.write(id, (no, plan), after),
            Call::Commit(no, plan, after, row) => self.commit_in_turn(id, (no, plan), after, row),
            Call::Lock(no, wanted, works) => self.lock(id, no, &wanted, &works),
            Call::Look(no, claims) => {
                let locked = self.database.locked(&claims, self.now_ms);
                self.sends(Event::Told(id, Input::Locked(no, locked)));
            }
        }
    }

    fn read(&mut self, id: ShardId, no: No, wanted: Wanted) {
        if self.happens_now(Trouble::Lost) {
            self.sends(Event::Told(id, Input::Reconnected));
            return self.sends(Event::Told(id, Input::NotLoaded(no)));
        }
        let keys_first = self.planted == Some(Planted::KeyBeforeReference);
        let mut first = self.database.load(&wanted, keys_first);
        misread(&mut first, self.planted);
        self.checker.read(id, no, (self.step, first.now), first.rooms.keys().copied());
        self.sends(Event::Called(id, Call::ReadOn(no, wanted, Box::new(first))));
    }

    fn read_on(&mut self, id: ShardId, no: No, wanted: &Wanted, first: Snapshot) {
        let keys_last = self.planted != Some(Planted::KeyBeforeReference);
        let mut second = self.database.load(wanted, keys_last);
        if self.planted == Some(Planted::KeysInACache) {
            let known = self.process(id.who).map(|process| process.keys.clone()).unwrap_or_default();
            second.keys.retain(|scope, _| known.contains(scope));
        }
        if !second.rooms.is_empty() {
            self.checker.read(id, no, (self.step, second.now), second.rooms.keys().copied());
        }
        let read = both(first, second);
        self.sends(Event::Told(id, Input::Loaded(no, Box::new(read))));
    }

    fn write(&mut self, id: ShardId, (no, plan): (No, Arc<Plan>), after: Option<No>) {
        if self.happens_now(Trouble::Lost) {
            return self.written(id, no, Err(Miss::Lost), 0);
        }
        if self.database.holds_up(&plan, self.now_ms) {
            return self.written(id, no, Err(Miss::LockTimeout), LOCK_WAIT_MS);
        }
        let row = (self.database.next_outbox_id(), self.now_ms);
        self.sends(Event::Called(id, Call::Commit(no, plan, after, row)));
    }

    fn commit_in_turn(
        &mut self,
        id: ShardId,
        (no, plan): (No, Arc<Plan>),
        after: Option<No>,
        row: (u64, u64),
    ) {
        let before = match after {
            Some(before) => self.before(id, before),
            None => Some(true),
        };
        let before = if self.planted == Some(Planted::TurnIgnored) { Some(true) } else { before };
        match before {
            None if self.shard(id).is_none() => {}
            _ if self.now_ms > row.1 + COMMIT_WITHIN_MS => self.written(id, no, Err(Miss::Stale), 0),
            None => self.after(3, Event::Called(id, Call::Commit(no, plan, after, row))),
            Some(false) => self.written(id, no, Err(Miss::TakenBack), 0),
            Some(true) => {
                let written = self.perhaps(|world| world.commit((id, no), &plan, row.0));
                self.written(id, no, written, 0);
            }
        }
    }

    fn before(&self, id: ShardId, no: No) -> Option<bool> {
        self.processes.get(id.who.number)?.shards.get(id.nth)?.committed.get(&no).copied()
    }

    /// The batch is committed or not, and its shard is told.
    fn written(&mut self, id: ShardId, no: No, written: Result<(), Miss>, wait_ms: u64) {
        if let Some(shard) = self.shard(id) {
            shard.committed.insert(no, written.is_ok());
        }
        let told = match (self.planted, written) {
            (Some(Planted::AnswerBeforeCommit), _) => return,
            (Some(Planted::AllAnsweredWhenOneMissed), Err(Miss::Stale)) => Ok(()),
            (_, written) => written,
        };
        if wait_ms > 0 {
            self.after(wait_ms, Event::Told(id, Input::Written(no, told)));
        } else {
            self.sends(Event::Told(id, Input::Written(no, told)));
        }
    }

    /// Decided again on what is locked, and committed.
    fn lock(&mut self, id: ShardId, no: No, wanted: &Wanted, works: &[Work]) {
        let by = Deciding { rules: &self.hotels.rules, body: &|_, _| Vec::new() };
        let read = self.database.books.load(wanted);
        let plan = batch(&mut read.clone(), works, &by).1;
        if self.database.holds_up(&plan, self.now_ms) {
            return self.after(LOCK_WAIT_MS, Event::Told(id, Input::Second(no, Err(Miss::LockTimeout))));
        }
        let now = read.now;
        self.checker.read(id, no, (self.step, now), []);
        let row = self.database.next_outbox_id();
        let second = self.perhaps(|world| world.commit((id, no), &plan, row).map(|()| Box::new(read)));
        self.sends(Event::Told(id, Input::Second(no, second)));
    }

    /// The connection may be lost before COMMIT, or COMMIT's answer.
    fn perhaps<T>(&mut self, commit: impl FnOnce(&mut Self) -> Result<T, Miss>) -> Result<T, Miss> {
        if self.happens_now(Trouble::Lost) {
            return Err(Miss::Lost);
        }
        if !self.happens_now(Trouble::Unknown) {
            return commit(self);
        }
        if self.dice.one_in(2) {
            drop(commit(self));
        }
        Err(Miss::Unknown)
    }

    fn commit(&mut self, (id, no): (ShardId, No), plan: &Plan, row: u64) -> Result<(), Miss> {
        let planted = self.planted;
        if self.database.commit(plan, row, planted).is_err() {
            return Err(Miss::Stale);
        }
        let scopes = plan.bookings.iter().map(|new| new.key.scope);
        if let Some(process) = self.process(id.who) {
            process.keys.extend(scopes);
        }
        let verdict = self.committed(id, no, plan);
        self.verdict(verdict);
        self.wake_relays();
        Ok(())
    }
}

/// What a load with a mistake reads.
fn misread(read: &mut Snapshot, planted: Option<Planted>) {
    match planted {
        Some(Planted::HoldsUncounted) => read.open_holds.clear(),
        Some(Planted::PriceByHearsay) => {
            for room in read.rooms.values_mut() {
                room.price_max = room.price_max.times(2).unwrap_or(room.price_max);
            }
        }
        _ => {}
    }
}

/// What two parts of a load have read.
fn both(first: Snapshot, second: Snapshot) -> Snapshot {
    let mut read = first;
    read.keys.extend(second.keys);
    read.references.extend(second.references);
    read.bookings.extend(second.bookings);
    read.purged.extend(second.purged);
    read.purged_money.extend(second.purged_money);
    read.open_holds.extend(second.open_holds);
    read.hotels.extend(second.hotels);
    read.rooms.extend(second.rooms);
    read.nights.extend(second.nights);
    read.series.extend(second.series);
    read
}
