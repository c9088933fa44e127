//! Whoever asks: guests, the provider's words, jobs. Who hears nothing, or that it is not known, asks again under the same key.

use booking_core::{
    Command, Created, KeepAnswer, Need, Outcome, Task, Work,
    hold_ends::{HoldDone, HoldInput},
    shard::{Answer, Class, Input, No, Output, Ticket},
    step::{Quiet, Step},
};
use domain::BookingId;

use crate::{
    asked::{Asked, Attempt, Guest, Whose},
    case::Trouble,
    hotels::{Hotels, named_by},
    planted::Planted,
    process::{ShardId, Who},
    world::{Event, World},
};

/// So often a guest asks; then the key tells what has become of it.
const MOST_TRIES: u32 = 40;
/// How often a process tells a busy shard the time.
const TICK_MS: u64 = 25;

impl World<'_> {
    /// Somebody wants this, and asks for it now.
    pub(crate) fn wants(&mut self, work: Work, class: Class, whose: Whose) {
        let asked = self.asked.len();
        self.asked.push(Asked { work, class, whose, tries: 0, done: false });
        self.asks(asked);
        if self.happens_now(Trouble::Impatient) {
            let wait = self.dice.roll(400);
            self.after(wait, Event::Asks(asked));
        }
    }

    /// A command on a booking: its hotel is looked up.
    pub(crate) fn order(&self, booking: BookingId, command: Command, keep: Option<KeepAnswer>) -> Work {
        let [first, _] = self.hotels.ids;
        // One that is not there is nobody's.
        let hotel = self.database.hotel_of(booking).unwrap_or(first);
        Hotels::order(hotel, booking, command, keep)
    }

    /// One try, at a process that lives.
    pub(crate) fn asks(&mut self, nth: usize) {
        let who = match self.asked.get(nth).map(|asked| asked.whose.clone()) {
            Some(Whose::Hold(who, _)) => Some(who),
            _ => self.any_process(),
        };
        let seed = self.next_seed();
        let Some(asked) = self.asked.get_mut(nth).filter(|asked| !asked.done) else { return };
        let Some(who) = who else { return self.after(300, Event::Asks(nth)) };
        asked.tries += 1;
        let work = named_by(asked.work.clone(), seed);
        self.attempts.insert(seed.0, Attempt { asked: nth, who, work, arrived: None, answered: false });
        self.sends(Event::Arrives(who, Ticket(seed.0)));
    }

    pub(crate) fn arrives(&mut self, who: Who, ticket: Ticket) {
        if self.process(who).is_none() {
            return self.unanswered(ticket);
        }
        if self.swallows(ticket) {
            return;
        }
        let Some(hotel) = self.attempts.get(&ticket.0).map(|attempt| attempt.work.hotel_id) else { return };
        let id = self.shard_of(who, hotel);
        if self.shard(id).is_some_and(|shard| shard.machine.is_idle()) {
            // It was last told the time long ago.
            self.tell(id, Input::Tick(self.now_ms));
        }
        let moment = (self.step, self.now());
        let Some(attempt) = self.attempts.get_mut(&ticket.0) else { return };
        attempt.arrived = Some(moment);
        let (work, asked) = (attempt.work.clone(), attempt.asked);
        let class = self.asked.get(asked).map_or(Class::Upkeep, |asked| asked.class);
        self.tell(id, Input::Arrived(ticket, class, Box::new(work)));
    }

    /// A mistake of the edge: money is answered and left alone.
    fn swallows(&mut self, ticket: Ticket) -> bool {
        let Some(attempt) = self.attempts.get(&ticket.0) else { return false };
        let Some(Asked { whose: Whose::Word(number, booking, crate::provider::Word::Captured(_)), .. }) =
            self.asked.get(attempt.asked)
        else {
            return false;
        };
        let stored = self.database.books.rows.bookings.get(booking);
        let swallowed = match self.planted {
            Some(Planted::SecondCaptureIgnored) => stored.is_some_and(|booking| booking.paid_by().is_some()),
            Some(Planted::LatePaymentIgnored) => {
                stored.is_some_and(|booking| booking.record.status.has_ended())
            }
            _ => false,
        };
        let (number, nth) = (*number, attempt.asked);
        if swallowed {
            self.provider.unheard.remove(&number);
            self.asked.get_mut(nth).into_iter().for_each(|asked| asked.done = true);
        }
        swallowed
    }

    pub(crate) fn tick(&mut self, id: ShardId) {
        if let Some(shard) = self.shard(id) {
            shard.ticking = false;
            self.tell(id, Input::Tick(self.now_ms));
        }
    }

    /// A shard is told something, and what it says is done.
    pub(crate) fn tell(&mut self, id: ShardId, input: Input) {
        self.step += 1;
        let (step, rules) = (self.step, &self.hotels.rules);
        let process = self.processes.get_mut(id.who.number).filter(|one| one.who == id.who && one.alive);
        let Some(shard) = process.and_then(|process| process.shards.get_mut(id.nth)) else { return };
        self.checker.told(id, &input, step);
        let batch = no(&input);
        let by = booking_core::Deciding { rules, body: &|_, _| Vec::new() };
        let outputs = shard.machine.step(input, &by);
        for output in outputs {
            match output {
                Output::Answer(ticket, answer) => self.answered(id, batch, ticket, answer),
                Output::Done(_, effects) => self.committed_batch(&effects),
                Output::Load(..) | Output::Write(..) | Output::Lock(..) | Output::Look(..) => {
                    self.call(id, output);
                }
            }
        }
        let Some(shard) = self.shard(id) else { return };
        if !shard.ticking && !shard.machine.is_idle() {
            shard.ticking = true;
            self.after(TICK_MS, Event::Tick(id));
        }
    }

    fn answered(&mut self, id: ShardId, batch: Option<No>, ticket: Ticket, answer: Answer) {
        self.trace.note(|| format!("        answer {ticket:?} {}", in_short(&answer)));
        let decided = self.checker.decided_at(id, batch, self.step);
        let Some(attempt) = self.attempts.get_mut(&ticket.0) else { return };
        attempt.answered = true;
        let nth = attempt.asked;
        let verdict = self.check_answer(ticket, &answer, decided);
        self.verdict(verdict);
        if self.happens_now(Trouble::Deaf) && !matches!(self.whose(nth), Some(Whose::Hold(..))) {
            return self.after(600, Event::Asks(nth));
        }
        self.heard(nth, answer);
    }

    fn whose(&self, nth: usize) -> Option<Whose> {
        self.asked.get(nth).map(|asked| asked.whose.clone())
    }

    fn heard(&mut self, nth: usize, answer: Answer) {
        let Some(whose) = self.whose(nth) else { return };
        let outcome = match answer {
            Answer::Outcome(Outcome::Again(Need::Archive(id))) => return self.asks_the_archive(nth, id),
            Answer::Outcome(outcome) => Some(outcome),
            Answer::Unavailable | Answer::InProgress | Answer::Overloaded | Answer::Failed => None,
        };
        match whose {
            Whose::Hold(who, booking) => {
                self.done(nth);
                let done = outcome.map_or(HoldDone::Undecided, |outcome| hold_done(&outcome));
                self.holds(who, Some(HoldInput::Done(booking, done)));
            }
            Whose::Job => self.done(nth),
            Whose::Guest(guest) => match outcome {
                Some(outcome) => {
                    self.knows(guest, &outcome);
                    self.done(nth);
                }
                None => self.later(nth),
            },
            Whose::Word(number, ..) => {
                if outcome.is_some() {
                    self.provider.unheard.remove(&number);
                    self.done(nth);
                } else {
                    self.later(nth);
                }
            }
        }
    }

    fn done(&mut self, nth: usize) {
        self.asked.get_mut(nth).into_iter().for_each(|asked| asked.done = true);
    }

    fn knows(&mut self, guest: u64, outcome: &Outcome) {
        let record = match outcome {
            Outcome::Created(Created::New(record) | Created::Repeat(record)) => Some(record.as_ref()),
            Outcome::Created(Created::RepeatArchived(id)) => self.database.archive.get(id).map(AsRef::as_ref),
            Outcome::Decided(_)
            | Outcome::Kept(_)
            | Outcome::Refused(_)
            | Outcome::Again(_)
            | Outcome::Unreadable(_) => None,
        };
        if let Some(record) = record {
            let known = Guest { booking: record.booking_id, due: record.facts.price.due_now };
            self.guests.entry(guest).or_insert(known);
        }
    }

    fn asks_the_archive(&mut self, nth: usize, id: BookingId) {
        let record = self.database.archive.get(&id).cloned();
        if let Some(asked) = self.asked.get_mut(nth)
            && let Task::Command(order) = &mut asked.work.task
        {
            order.archived = record;
        }
        self.after(5, Event::Asks(nth));
    }

    fn later(&mut self, nth: usize) {
        let wait = 50 + self.dice.roll(500);
        match self.asked.get_mut(nth) {
            Some(asked) if asked.tries >= MOST_TRIES => asked.done = true,
            Some(_) => self.after(wait, Event::Asks(nth)),
            None => {}
        }
    }

    /// The connection is gone, and with it the answer.
    pub(crate) fn unanswered(&mut self, ticket: Ticket) {
        let Some(attempt) = self.attempts.get_mut(&ticket.0).filter(|attempt| !attempt.answered) else {
            return;
        };
        attempt.answered = true;
        let nth = attempt.asked;
        match self.whose(nth) {
            Some(Whose::Guest(_) | Whose::Word(..)) => self.after(300, Event::Asks(nth)),
            Some(Whose::Hold(..) | Whose::Job) | None => self.done(nth),
        }
    }
}

/// Which batch this tells of.
const fn no(input: &Input) -> Option<No> {
    match input {
        Input::Loaded(no, _)
        | Input::NotLoaded(no)
        | Input::Written(no, _)
        | Input::Second(no, _)
        | Input::Locked(no, _) => Some(*no),
        Input::Arrived(..)
        | Input::Forget(_)
        | Input::ForgetHotel(_)
        | Input::Reconnected
        | Input::Tick(_)
        | Input::Close => None,
    }
}

fn hold_done(outcome: &Outcome) -> HoldDone {
    let Outcome::Decided(decided) = outcome else { return HoldDone::Ended };
    match &decided.step {
        Step::Quiet(Quiet::NotYet(Some(at))) => HoldDone::NotYet(*at),
        Step::Change(change) if change.transition.is_none() => {
            HoldDone::NotYet(decided.after.hold_expires_at)
        }
        Step::Change(_) | Step::Quiet(_) => HoldDone::Ended,
        Step::AskProvider(_) => HoldDone::Undecided,
    }
}

fn in_short(answer: &Answer) -> String {
    let whole = format!("{answer:?}");
    whole.chars().take(160).collect()
}
