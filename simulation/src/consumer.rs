//! A consumer of `booking.events` in each process: partitions shared between them, each event's effect once.

use std::collections::btree_map::Entry;

use delivery::Outcome;

use crate::{
    case::Trouble,
    database::PARTITIONS,
    planted::Planted,
    process::{Reader, Record, Who},
    world::{Event, World},
};

impl World<'_> {
    /// Each partition is read by one process that lives: its own, or the other.
    pub(crate) fn assign_partitions(&mut self) {
        let alive: Vec<usize> =
            self.processes.iter().filter(|one| one.alive).map(|one| one.who.number).collect();
        for partition in 0..PARTITIONS {
            let owner = if alive.contains(&partition) { Some(partition) } else { alive.first().copied() };
            let from = self.database.offsets.get(partition).copied().unwrap_or(0);
            let mut fetches = Vec::new();
            for process in &mut self.processes {
                if owner != Some(process.who.number) {
                    process.readers.remove(&partition);
                } else if let Entry::Vacant(place) = process.readers.entry(partition) {
                    place.insert(Reader::from(from));
                    fetches.push(process.who);
                }
            }
            for who in fetches {
                self.sends(Event::Fetch(who, partition));
            }
        }
    }

    /// There are new records.
    pub(crate) fn wake_readers(&mut self) {
        let readers = self.processes.iter().filter(|process| process.alive);
        let all = readers.flat_map(|one| one.readers.keys().map(|partition| (one.who, *partition)));
        let all: Vec<(Who, usize)> = all.collect();
        for (who, partition) in all {
            self.sends(Event::Fetch(who, partition));
        }
    }

    fn reader(&mut self, who: Who, partition: usize) -> Option<&mut Reader> {
        self.process(who)?.readers.get_mut(&partition)
    }

    pub(crate) fn fetch(&mut self, who: Who, partition: usize) {
        let Some(next) = self.reader(who, partition).map(|reader| reader.next) else { return };
        let records =
            self.log.bookings.get(partition).map_or(&[][..], |all| all.get(next..).unwrap_or_default());
        let records: Vec<Record> =
            (next..).zip(records).map(|(offset, told)| Record { offset, told: *told }).collect();
        let Some(reader) = self.reader(who, partition) else { return };
        reader.next += records.len();
        for record in &records {
            reader.partition.arrived(*record);
        }
        if self.planted == Some(Planted::CommittedBeforeHandled)
            && let Some(last) = records.last()
        {
            self.commits_offset(partition, *last);
        }
        self.starts_handling(who, partition);
    }

    fn starts_handling(&mut self, who: Who, partition: usize) {
        let now = self.monotonic();
        if let Some(records) = self.reader(who, partition).and_then(|reader| reader.partition.start(now)) {
            self.sends(Event::Handled(who, partition, records));
        }
    }

    /// The records' effects, with the notes that they were handled, each in one transaction. Their process may have lost the
    /// partition, and may die in between.
    pub(crate) fn handled(&mut self, who: Who, partition: usize, records: Vec<Record>) {
        let mut outcomes = Vec::with_capacity(records.len());
        for record in &records {
            if self.process(who).is_none() && self.dice.one_in(2) {
                return;
            }
            outcomes.push(self.handles(who, *record));
            // Nothing may overtake what is tried again.
            if outcomes.last() == Some(&Outcome::Retry) {
                break;
            }
        }
        let now = self.monotonic();
        let Some(reader) = self.reader(who, partition) else { return };
        let finished = reader.partition.finished(records, &outcomes, now);
        let due = reader.partition.due();
        // Committing the offset may be late: then the records come again after a death.
        if let Some(record) = finished.filter(|_| !self.dice.one_in(3)) {
            self.commits_offset(partition, record);
        }
        match due {
            Some(due) => {
                let at = u64::try_from(due.as_millis()).unwrap_or(u64::MAX);
                self.at(at, Event::Fetch(who, partition));
            }
            None => self.starts_handling(who, partition),
        }
    }

    fn handles(&mut self, who: Who, record: Record) -> Outcome {
        let retry = self.happens_now(Trouble::Unhandled);
        if !retry && self.is_new(who, record) {
            let told = record.told;
            self.database.effects.entry(told.booking_id).or_default().push(told.version);
        }
        if retry && self.planted != Some(Planted::RetrySkipped) { Outcome::Retry } else { Outcome::Done }
    }

    fn is_new(&mut self, who: Who, record: Record) -> bool {
        let event = record.told.event_id;
        if self.planted != Some(Planted::DedupeInMemory) {
            return self.database.inbox.insert(event);
        }
        self.process(who).is_none_or(|process| process.handled.insert(event))
    }

    fn commits_offset(&mut self, partition: usize, record: Record) {
        if let Some(offset) = self.database.offsets.get_mut(partition) {
            *offset = (*offset).max(record.offset + 1);
        }
    }
}
