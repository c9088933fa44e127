//! What each shard has read and when: nothing may rest on what was in memory before a miss.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{
    Plan,
    shard::{Input, Miss, No},
};
use domain::{Instant, RoomId};

use super::breach::{Breach, Verdict};
use crate::{moment::Moment, process::ShardId};

#[derive(Debug, Default)]
struct Read {
    asked: u64,
    now: Option<Instant>,
    /// The step of the read that was decided on.
    at: u64,
    rooms: BTreeSet<RoomId>,
    /// The rooms whose stock its plan relies on.
    relied_on: BTreeSet<RoomId>,
    decided: Option<u64>,
}

/// What was read for each batch, and what each process must read before it relies on it again.
#[derive(Debug, Default)]
pub(super) struct Reads {
    batches: BTreeMap<(ShardId, No), Read>,
    missed: BTreeMap<ShardId, BTreeMap<RoomId, u64>>,
    known: BTreeMap<ShardId, BTreeSet<RoomId>>,
}

impl Reads {
    pub(super) fn asked(&mut self, id: ShardId, no: No, step: u64) {
        self.batches.insert((id, no), Read { asked: step, ..Read::default() });
    }

    pub(super) fn read(&mut self, id: ShardId, no: No, (step, now): (u64, Instant), rooms: BTreeSet<RoomId>) {
        let read = self.batches.entry((id, no)).or_default();
        (read.now, read.at, read.decided) = (Some(now), step, Some(step));
        read.rooms.extend(rooms);
    }

    pub(super) fn committed(&mut self, id: ShardId, no: No, step: u64) {
        self.batches.entry((id, no)).or_default().decided = Some(step);
    }

    pub(super) fn read_at(&self, id: ShardId, no: No) -> Option<Instant> {
        self.batches.get(&(id, no))?.now
    }

    /// The step and the clock of the read.
    pub(super) fn read_when(&self, id: ShardId, no: No) -> Option<Moment> {
        let read = self.batches.get(&(id, no))?;
        read.now.map(|now| (read.at, now))
    }

    pub(super) fn decided_at(&self, id: ShardId, no: No) -> Option<u64> {
        self.batches.get(&(id, no))?.decided
    }

    pub(super) fn told(&mut self, id: ShardId, input: &Input, step: u64) {
        match input {
            Input::Loaded(no, _) => self.loaded(id, *no),
            Input::Written(no, Err(miss)) | Input::Second(no, Err(miss)) => {
                self.missed(id, *no, *miss, step);
            }
            Input::Arrived(..)
            | Input::NotLoaded(_)
            | Input::Written(..)
            | Input::Second(..)
            | Input::Locked(..)
            | Input::Forget(_)
            | Input::ForgetHotel(_)
            | Input::Reconnected
            | Input::Tick(_)
            | Input::Close => {}
        }
    }

    fn loaded(&mut self, id: ShardId, no: No) {
        let Some(read) = self.batches.get(&(id, no)) else { return };
        let missed = self.missed.entry(id).or_default();
        missed.retain(|room, since| !(read.rooms.contains(room) && read.asked >= *since));
        self.known.entry(id).or_default().extend(read.rooms.iter().copied());
    }

    fn missed(&mut self, id: ShardId, no: No, miss: Miss, step: u64) {
        let relied_on = self.batches.get(&(id, no)).map(|read| read.relied_on.clone()).unwrap_or_default();
        let all = matches!(miss, Miss::Lost | Miss::Unknown);
        let rooms = if all { self.known.get(&id).cloned().unwrap_or_default() } else { relied_on };
        self.missed.entry(id).or_default().extend(rooms.into_iter().map(|room| (room, step)));
    }

    pub(super) fn wants_to_write(&mut self, id: ShardId, no: No, plan: &Plan) -> Verdict {
        self.batches.entry((id, no)).or_default().relied_on.extend(plan.stock.keys().copied());
        let missed = self.missed.get(&id);
        let kept = plan.stock.keys().find(|room| missed.is_some_and(|missed| missed.contains_key(room)));
        match kept {
            Some(room) => Breach::of("what missed is read before it is relied on", || {
                format!("{room} was kept by {id:?}")
            }),
            None => Ok(()),
        }
    }
}
