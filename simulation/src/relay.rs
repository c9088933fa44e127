//! The relays of a process: each carries out what its lane says, against the outbox and the log.

use std::time::Duration;

use delivery::{LaneAction, LaneInput};

use crate::{
    case::Trouble,
    database::OutboxRow,
    log::Entry,
    planted::Planted,
    process::{Relay, Who},
    world::{Event, World},
};

const LEASE_MS: u64 = 2_000;
/// Rows of one publication.
const ROWS: usize = 3;

impl World<'_> {
    /// The relay's next step.
    pub(crate) fn relay(&mut self, at: (Who, u8), turn: u64) {
        let Some(action) =
            self.relay_of(at).filter(|relay| relay.turn == turn).map(|relay| relay.action.clone())
        else {
            return;
        };
        let now = self.monotonic();
        if let Some(input) = self.perform(at, &action) {
            let Some(relay) = self.relay_of(at) else { return };
            relay.action = relay.lane.step(input, now);
        }
        self.relay_goes_on(at);
    }

    fn relay_of(&mut self, at: (Who, u8)) -> Option<&mut Relay> {
        self.process(at.0)?.relays.get_mut(&at.1)
    }

    fn relay_goes_on(&mut self, at: (Who, u8)) {
        let Some(relay) = self.relay_of(at) else { return };
        relay.turn += 1;
        let turn = relay.turn;
        let (action, has_read_on) = (relay.action.clone(), relay.resolved.is_some());
        match action {
            LaneAction::Wait { until, .. } => {
                let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
                self.at(until.max(self.now_ms + 1), Event::Relay(at.0, at.1, turn));
            }
            // It stands still with what it has read, for longer than its lease.
            LaneAction::Publish if has_read_on && self.happens_now(Trouble::Slow) => {
                let wait = LEASE_MS + self.dice.roll(LEASE_MS);
                self.after(wait, Event::Relay(at.0, at.1, turn));
            }
            LaneAction::TakeLease
            | LaneAction::RenewLease { .. }
            | LaneAction::Fence
            | LaneAction::Read { .. }
            | LaneAction::Publish
            | LaneAction::Mark
            | LaneAction::Release
            | LaneAction::Stop => self.sends(Event::Relay(at.0, at.1, turn)),
        }
    }

    /// There is something to publish: whoever waits for that looks.
    pub(crate) fn wake_relays(&mut self) {
        let mut woken = Vec::new();
        for process in self.processes.iter_mut().filter(|process| process.alive) {
            for (lane, relay) in &mut process.relays {
                if let LaneAction::Wait { wakes: true, .. } = relay.action {
                    relay.turn += 1;
                    woken.push(Event::Relay(process.who, *lane, relay.turn));
                }
            }
        }
        for event in woken {
            self.sends(event);
        }
    }

    /// None: there is another half to it.
    fn perform(&mut self, at: (Who, u8), action: &LaneAction) -> Option<LaneInput> {
        let owner = at.0.owner();
        Some(match *action {
            LaneAction::TakeLease | LaneAction::RenewLease { .. } | LaneAction::Read { .. }
                if self.happens_now(Trouble::Lost) =>
            {
                LaneInput::Failed
            }
            LaneAction::TakeLease => self.lease((owner, at.1), None),
            LaneAction::RenewLease { low_water } => self.lease((owner, at.1), Some(low_water)),
            LaneAction::Fence => {
                let epoch = self.log.epochs.entry(at.1).or_default();
                *epoch += 1;
                let epoch = *epoch;
                self.relay_of(at)?.epoch = Some(epoch);
                LaneInput::Fenced
            }
            LaneAction::Read { from } => self.read_outbox(at, from)?,
            LaneAction::Publish => return self.publish(at),
            LaneAction::Mark => {
                let batch = self.relay_of(at)?.batch.clone();
                self.mark(&batch);
                LaneInput::Marked
            }
            LaneAction::Release => {
                let relay = self.relay_of(at)?;
                (relay.epoch, relay.resolved) = (None, None);
                let row = self.database.lanes.entry(at.1).or_default();
                row.lease = row.lease.filter(|(holder, _)| *holder != owner);
                LaneInput::Released
            }
            LaneAction::Wait { .. } | LaneAction::Stop => LaneInput::Waited,
        })
    }

    /// Takes the lease if nobody holds it; renews it, with the low-water mark, if nobody has taken it.
    fn lease(&mut self, (owner, lane): (u64, u8), renews: Option<u64>) -> LaneInput {
        let row = self.database.lanes.entry(lane).or_default();
        let holder = row.lease;
        let free = holder.is_none_or(|(holder, until)| holder == owner || until < self.now_ms);
        let kept = holder.is_some_and(|(holder, _)| holder == owner);
        if !(if renews.is_some() { kept } else { free }) {
            return LaneInput::Refused;
        }
        row.lease = Some((owner, self.now_ms + LEASE_MS));
        row.low_water = row.low_water.max(renews.unwrap_or(0));
        LaneInput::Leased {
            asked_at: Duration::from_millis(self.now_ms),
            low_water: renews.unwrap_or(row.low_water),
        }
    }

    fn read_outbox(&mut self, at: (Who, u8), from: u64) -> Option<LaneInput> {
        let by_last_id = self.planted == Some(Planted::RelayByLastId);
        let from = if by_last_id { self.relay_of(at)?.last_seen + 1 } else { from };
        let waits = |row: &&OutboxRow| row.lane == at.1 && !row.published && row.id >= from;
        let rows = self.database.outbox.iter().filter(waits);
        let mut ids: Vec<u64> = rows.take(ROWS + 1).map(|row| row.id).collect();
        let more = ids.len() > ROWS;
        ids.truncate(ROWS);
        if self.planted == Some(Planted::MarkedBeforePublished) {
            self.mark(&ids);
        }
        let relay = self.relay_of(at)?;
        relay.last_seen = ids.last().copied().unwrap_or(relay.last_seen);
        relay.batch.clone_from(&ids);
        Some(LaneInput::Rows { ids, more })
    }

    /// First what the rows refer to is read, as it is now; then it is sent. A process may stand still between the two.
    fn publish(&mut self, at: (Who, u8)) -> Option<LaneInput> {
        let relay = self.relay_of(at)?;
        let (batch, epoch) = (relay.batch.clone(), relay.epoch);
        let Some(entries) = relay.resolved.take() else {
            let entries = self.resolve(&batch);
            self.relay_of(at)?.resolved = Some(entries);
            return None;
        };
        let current = self.log.epochs.get(&at.1).copied();
        let fenced = (epoch.is_none() || epoch != current) && self.planted != Some(Planted::NoFence);
        if fenced {
            return Some(LaneInput::Lost);
        }
        let trouble = self.happens_now(Trouble::Unpublished);
        if trouble && self.dice.one_in(2) {
            return Some(LaneInput::NotPublished);
        }
        self.log.append(&entries);
        self.wake_readers();
        Some(if trouble { LaneInput::Lost } else { LaneInput::Published })
    }

    fn resolve(&mut self, ids: &[u64]) -> Vec<Entry> {
        let rows: Vec<OutboxRow> =
            self.database.outbox.iter().filter(|row| ids.contains(&row.id)).cloned().collect();
        let mut entries = Vec::new();
        for row in rows {
            for told in row.events {
                // What happens to a booking after its purge carries its facts with it.
                let there = told.whole || self.database.books.rows.bookings.contains_key(&told.booking_id);
                if there {
                    entries.push(Entry::Booking(told));
                } else {
                    self.database.broken.push(told);
                }
            }
            let night = |at: &booking_core::RoomNight| {
                Entry::Night(*at, self.database.books.rows.nights.get(at).copied().flatten())
            };
            entries.extend(row.nights.iter().map(night));
        }
        entries
    }

    fn mark(&mut self, ids: &[u64]) {
        for row in self.database.outbox.iter_mut().filter(|row| ids.contains(&row.id)) {
            row.published = true;
        }
    }
}
