//! The relay of a process: carries out what its lane says, against the outbox and the log.

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
    pub(crate) fn relay(&mut self, who: Who, turn: u64) {
        let Some(action) =
            self.relay_of(who).filter(|relay| relay.turn == turn).map(|relay| relay.action.clone())
        else {
            return;
        };
        let now = self.monotonic();
        if let Some(input) = self.perform(who, &action) {
            let Some(relay) = self.relay_of(who) else { return };
            relay.action = relay.lane.step(input, now);
        }
        self.relay_goes_on(who);
    }

    fn relay_of(&mut self, who: Who) -> Option<&mut Relay> {
        self.process(who).map(|process| &mut process.relay)
    }

    fn relay_goes_on(&mut self, who: Who) {
        let Some(relay) = self.relay_of(who) else { return };
        relay.turn += 1;
        let turn = relay.turn;
        let (action, has_read_on) = (relay.action.clone(), relay.resolved.is_some());
        match action {
            LaneAction::Wait { until, .. } => {
                let until = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
                self.at(until.max(self.now_ms + 1), Event::Relay(who, turn));
            }
            // It stands still with what it has read, for longer than its lease.
            LaneAction::Publish if has_read_on && self.happens_now(Trouble::Slow) => {
                let wait = LEASE_MS + self.dice.roll(LEASE_MS);
                self.after(wait, Event::Relay(who, turn));
            }
            LaneAction::TakeLease
            | LaneAction::RenewLease { .. }
            | LaneAction::Fence
            | LaneAction::Read { .. }
            | LaneAction::Publish
            | LaneAction::Mark
            | LaneAction::Release
            | LaneAction::Stop => self.sends(Event::Relay(who, turn)),
        }
    }

    /// There is something to publish: whoever waits for that looks.
    pub(crate) fn wake_relays(&mut self) {
        let mut woken = Vec::new();
        for process in self.processes.iter_mut().filter(|process| process.alive) {
            if let LaneAction::Wait { wakes: true, .. } = process.relay.action {
                process.relay.turn += 1;
                woken.push(Event::Relay(process.who, process.relay.turn));
            }
        }
        for event in woken {
            self.sends(event);
        }
    }

    /// None: there is another half to it.
    fn perform(&mut self, who: Who, action: &LaneAction) -> Option<LaneInput> {
        let owner = u64::try_from(who.number).unwrap_or(0) + 2 * who.life;
        Some(match *action {
            LaneAction::TakeLease | LaneAction::RenewLease { .. } | LaneAction::Read { .. }
                if self.happens_now(Trouble::Lost) =>
            {
                LaneInput::Failed
            }
            LaneAction::TakeLease => self.lease(owner, None),
            LaneAction::RenewLease { low_water } => self.lease(owner, Some(low_water)),
            LaneAction::Fence => {
                self.log.epoch += 1;
                let epoch = self.log.epoch;
                self.relay_of(who)?.epoch = Some(epoch);
                LaneInput::Fenced
            }
            LaneAction::Read { from } => self.read_outbox(who, from)?,
            LaneAction::Publish => return self.publish(who),
            LaneAction::Mark => {
                let batch = self.relay_of(who)?.batch.clone();
                self.mark(&batch);
                LaneInput::Marked
            }
            LaneAction::Release => {
                let relay = self.relay_of(who)?;
                (relay.epoch, relay.resolved) = (None, None);
                if self.database.lease.is_some_and(|(holder, _)| holder == owner) {
                    self.database.lease = None;
                }
                LaneInput::Released
            }
            LaneAction::Wait { .. } | LaneAction::Stop => LaneInput::Waited,
        })
    }

    /// Takes the lease if nobody holds it; renews it, with the low-water mark, if nobody has taken it.
    fn lease(&mut self, owner: u64, renews: Option<u64>) -> LaneInput {
        let holder = self.database.lease;
        let free = holder.is_none_or(|(holder, until)| holder == owner || until < self.now_ms);
        let kept = holder.is_some_and(|(holder, _)| holder == owner);
        if !(if renews.is_some() { kept } else { free }) {
            return LaneInput::Refused;
        }
        self.database.lease = Some((owner, self.now_ms + LEASE_MS));
        self.database.low_water = self.database.low_water.max(renews.unwrap_or(0));
        LaneInput::Leased {
            asked_at: Duration::from_millis(self.now_ms),
            low_water: renews.unwrap_or(self.database.low_water),
        }
    }

    fn read_outbox(&mut self, who: Who, from: u64) -> Option<LaneInput> {
        let by_last_id = self.planted == Some(Planted::RelayByLastId);
        let from = if by_last_id { self.relay_of(who)?.last_seen + 1 } else { from };
        let rows = self.database.outbox.iter().filter(|row| !row.published && row.id >= from);
        let mut ids: Vec<u64> = rows.take(ROWS + 1).map(|row| row.id).collect();
        let more = ids.len() > ROWS;
        ids.truncate(ROWS);
        if self.planted == Some(Planted::MarkedBeforePublished) {
            self.mark(&ids);
        }
        let relay = self.relay_of(who)?;
        relay.last_seen = ids.last().copied().unwrap_or(relay.last_seen);
        relay.batch.clone_from(&ids);
        Some(LaneInput::Rows { ids, more })
    }

    /// First what the rows refer to is read, as it is now; then it is sent. A process may stand still between the two.
    fn publish(&mut self, who: Who) -> Option<LaneInput> {
        let relay = self.relay_of(who)?;
        let (batch, epoch) = (relay.batch.clone(), relay.epoch);
        let Some(entries) = relay.resolved.take() else {
            let entries = self.resolve(&batch);
            self.relay_of(who)?.resolved = Some(entries);
            return None;
        };
        let fenced = epoch != Some(self.log.epoch) && self.planted != Some(Planted::NoFence);
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
