//! The end of a run: whether everything has come to its end, and then whether everything is right.

use booking_core::{Booking, RefundStatus, invoice::Series};
use domain::booking::BookingStatus;

use crate::{
    checker::{Breach, Verdict},
    world::{Event, World},
};

impl World<'_> {
    /// Is everything done? Then the whole is checked.
    pub(crate) fn look(&mut self) {
        if let Some(open) = self.still_open() {
            self.trace.note(|| format!("        open: {open}"));
            self.after(500, Event::Look);
        } else {
            self.ended = true;
            let verdict = self.check_at_rest();
            self.verdict(verdict);
        }
    }

    /// What is still to come to its end.
    fn still_open(&self) -> Option<&'static str> {
        let idle = |process: &crate::process::Process| {
            process.alive && process.shards.iter().all(|shard| shard.machine.is_idle())
        };
        let open: [(&'static str, bool); 7] = [
            ("a process is busy", !self.processes.iter().all(idle)),
            ("somebody waits", self.asked.iter().any(|asked| !asked.done)),
            ("a word of the provider", !self.provider.unheard.is_empty()),
            ("a booking", self.database.books.rows.bookings.values().any(is_open)),
            ("a purged booking", self.database.purged().iter().any(is_open)),
            ("the outbox", self.database.outbox.iter().any(|row| !row.published)),
            ("a record", self.has_unread_records()),
        ];
        open.iter().find(|(_, open)| *open).map(|(what, _)| *what)
    }

    fn has_unread_records(&self) -> bool {
        let waiting = |partition: &usize| {
            let records = self.log.bookings.get(*partition).map_or(0, Vec::len);
            let readers = self.processes.iter().filter_map(|process| process.readers.get(partition));
            !readers.into_iter().any(|reader| reader.next == records && reader.partition.is_quiet())
        };
        (0..self.log.bookings.len()).any(|partition| waiting(&partition))
    }

    fn check_at_rest(&self) -> Verdict {
        self.every_answer_stands()?;
        self.every_event_was_told()?;
        self.money_is_right()
    }

    /// Each event once for each version, in order; the log's last word on every night is the database's.
    fn every_event_was_told(&self) -> Verdict {
        let active =
            self.database.books.rows.bookings.values().map(|one| (one.record.booking_id, one.record.version));
        let purged = self.database.books.rows.purged.values().map(|one| (one.booking_id, one.version));
        for (id, version) in active.chain(purged) {
            let told = self.database.effects.get(&id).cloned().unwrap_or_default();
            let expected: Vec<i64> = (1..=version).collect();
            if told != expected {
                return Breach::of("each event once for each version, in order", || {
                    format!("{id} is at {version}, told were {told:?}")
                });
            }
        }
        for (at, night) in &self.log.nights {
            let stored = self.database.books.rows.nights.get(at).copied().flatten();
            // A change of the room's quantity has events of its own, which are not simulated.
            let sold = |night: Option<booking_core::Night>| night.map(booking_core::Night::sold);
            if sold(stored) != sold(*night) {
                return Breach::of("the last word on a night is the database's", || {
                    format!("{at:?}: {night:?}, stored is {stored:?}")
                });
            }
        }
        Ok(())
    }
}

/// Whether something of the booking is still to come by itself.
fn is_open(booking: &Booking) -> bool {
    let refunds = booking.refunds.iter().any(|refund| refund.status == RefundStatus::Owed);
    booking.record.status == BookingStatus::Reserved
        || booking.voids_owed().next().is_some()
        || refunds
        || !Series::needed(booking).is_empty()
}
