//! The ends of holds of a process: its machine, the lists it reads, the provider it asks, the works it submits.

use booking_core::{
    hold_ends::{DueHold, HoldInput, HoldOutput},
    shard::Class,
};

use crate::{
    asked::Whose,
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
            // Nobody hints here.
            HoldOutput::Look(_) => {}
            HoldOutput::List { until, after } => {
                let due = self
                    .database
                    .due_holds(until, after.map(|last| (last.ends_at, last.booking_id)))
                    .into_iter()
                    .take(PAGE);
                let page = due.map(|record| DueHold {
                    booking_id: record.booking_id,
                    hotel_id: record.hotel_id,
                    ends_at: record.hold_expires_at,
                });
                let page = page.collect();
                self.sends(Event::Holds(who, Some(HoldInput::Due(page))));
            }
            HoldOutput::Ask(booking, _) => self.sends(Event::Provider(who, booking, Question::Status)),
            HoldOutput::Submit(hotel, booking, command) => {
                let work = Hotels::order(hotel, booking, command, None);
                self.wants(work, Class::Money, Whose::Hold(who, booking));
            }
        }
    }
}
