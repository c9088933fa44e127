//! The ends of holds of a process: its machine, the lists it reads, the provider it asks, the works it submits.

use booking_core::{
    hold_ends::{DueHold, HoldDone, HoldInput, HoldOutput},
    shard::Class,
};
use domain::{
    BookingId, HotelId, Instant,
    booking::{BookingRecord, BookingStatus},
};

use crate::{
    asked::Whose,
    case::Trouble,
    hotels::Hotels,
    process::Who,
    provider::Question,
    world::{Event, World},
};

/// Holds in a page.
const PAGE: usize = 4;

impl World<'_> {
    /// The machine is told something, or the time.
    pub(crate) fn holds(&mut self, who: Who, input: Option<HoldInput>) {
        let (now, now_ms) = (self.now(), self.now_ms);
        let Some(process) = self.process(who) else { return };
        let mut outputs = Vec::new();
        if let Some(input) = input {
            outputs.extend(process.holds.step(input));
        } else if process.holds_at.is_some_and(|at| at > now_ms) {
            return;
        } else {
            process.holds_at = None;
            outputs.extend(process.holds.step(HoldInput::Tick(now)));
        }
        for output in outputs {
            self.hold_output(who, output);
        }
        self.wake_holds(who);
    }

    /// Ticks when the machine wants to know the time.
    fn wake_holds(&mut self, who: Who) {
        let (now, now_ms) = (self.now(), self.now_ms);
        let Some(process) = self.process(who) else { return };
        let Some(wakes) = process.holds.wakes_at() else { return };
        let wait = u64::try_from(wakes.since(now).num_milliseconds()).unwrap_or(0).max(1);
        let at = now_ms + wait;
        if process.holds_at.is_none_or(|known| at < known) {
            process.holds_at = Some(at);
            self.at(at, Event::Holds(who, None));
        }
    }

    fn hold_output(&mut self, who: Who, output: HoldOutput) {
        match output {
            // Who hints here does so unasked.
            HoldOutput::Look(_) => {}
            HoldOutput::List { until, after } => self.lists(who, until, after),
            HoldOutput::Ask(booking, _) => self.sends(Event::Provider(who, booking, Question::Status)),
            HoldOutput::Submit(hotel, booking, command) => {
                if !self.has_share(who, hotel.share()) {
                    let not_ours = HoldInput::Done(booking, HoldDone::NotOurs);
                    return self.sends(Event::Holds(who, Some(not_ours)));
                }
                let work = Hotels::order(hotel, booking, command, None);
                self.wants(work, Class::Money, Whose::Hold(who, booking));
            }
        }
    }

    /// A page of the holds of its shares.
    fn lists(&mut self, who: Who, until: Instant, after: Option<DueHold>) {
        let due = self.database.due_holds(until, after.map(|last| (last.ends_at, last.booking_id)));
        let own = due.into_iter().filter(|record| self.has_share(who, record.hotel_id.share()));
        let page: Vec<DueHold> = own.take(PAGE).map(due_hold).collect();
        self.sends(Event::Holds(who, Some(HoldInput::Due(page))));
    }

    /// Whoever tells of holds is told of new ones; some it forgets, some it tells twice, some late.
    pub(crate) fn tells_of(&mut self, holds: &[(HotelId, BookingId, Instant)]) {
        for (hotel, booking, ends_at) in holds {
            if self.happens_now(Trouble::Unhinted) {
                continue;
            }
            let soon = ends_at.plus(-self.hotels.rules.hold.ask_before).since(self.now());
            let soon = u64::try_from(soon.num_milliseconds()).unwrap_or(0);
            for _ in 0..if self.happens_now(Trouble::Twice) { 2 } else { 1 } {
                let late = if self.happens_now(Trouble::Slow) { self.dice.roll(4_000) } else { 0 };
                self.after(soon + late, Event::Hint(*hotel, *booking));
            }
        }
    }

    /// Whoever has the hotel's share looks whether it is a hold, unless it is worked on.
    pub(crate) fn hint(&mut self, hotel: HotelId, booking: BookingId) {
        let all: Vec<Who> = self.processes.iter().map(|process| process.who).collect();
        for who in all {
            if !self.has_share(who, hotel.share()) {
                continue;
            }
            let known = self.process(who).is_none_or(|process| process.holds.knows(booking));
            let stored = self.database.books.rows.bookings.get(&booking).map(|stored| &stored.record);
            let hold = stored.filter(|record| record.status == BookingStatus::Reserved && !known);
            if let Some(hold) = hold.map(due_hold) {
                self.sends(Event::Holds(who, Some(HoldInput::Hinted(vec![hold]))));
            }
        }
    }
}

const fn due_hold(record: &BookingRecord) -> DueHold {
    DueHold { booking_id: record.booking_id, hotel_id: record.hotel_id, ends_at: record.hold_expires_at }
}
