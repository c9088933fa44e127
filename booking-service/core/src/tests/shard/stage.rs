//! A shard and its database, told by hand what the database answers.

use std::sync::Arc;

use crate::{
    Outcome, Plan, Refusal, Rules, Shard, Task, Wanted, Work, batch,
    books::Books,
    shard::{Answer, Bounds, Class, Effects, Input, Miss, No, Output, Ticket},
    tests::{
        batch::book,
        cuts::by,
        fixture::{DOUBLE, rules, snapshot},
    },
};

/// A shard and its database. What the shard wants done waits until the test does it.
pub(super) struct Stage {
    pub(super) shard: Shard,
    pub(super) books: Books,
    pub(super) wants: Vec<Output>,
    pub(super) effects: Vec<Effects>,
    pub(super) rules: Rules,
    pub(super) now: u64,
    answers: Vec<(Ticket, Answer)>,
}

impl Stage {
    pub(super) fn with(bounds: Bounds) -> Self {
        Self {
            shard: Shard::new(bounds),
            books: Books { rows: snapshot() },
            wants: Vec::new(),
            answers: Vec::new(),
            effects: Vec::new(),
            rules: rules(),
            now: 0,
        }
    }

    pub(super) fn new() -> Self {
        Self::with(Bounds::default())
    }

    /// Two batches side by side from the second work on.
    pub(super) fn side_by_side() -> Self {
        Self::with(Bounds { second_from: 1, ..Bounds::default() })
    }

    pub(super) fn tell(&mut self, input: Input) {
        for output in self.shard.step(input, &by(&self.rules)) {
            match output {
                Output::Answer(ticket, answer) => self.answers.push((ticket, answer)),
                Output::Done(_, effects) => self.effects.push(effects),
                Output::Load(..) | Output::Write(..) | Output::Lock(..) | Output::Look(..) => {
                    self.wants.push(output);
                }
            }
        }
    }

    pub(super) fn arrive(&mut self, ticket: u64, work: Work) {
        let class = match work.task {
            Task::Book(..) => Class::Book,
            Task::Command(_) => Class::Money,
        };
        self.tell(Input::Arrived(Ticket(ticket), class, Box::new(work)));
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.tell(Input::Tick(self.now));
    }

    pub(super) fn load(&mut self) -> (No, Wanted) {
        let Output::Load(no, wanted) = self.wants.remove(0) else { panic!("not to be loaded") };
        (no, wanted)
    }

    pub(super) fn write(&mut self) -> (No, Arc<Plan>, Option<No>) {
        let Output::Write(no, plan, after) = self.wants.remove(0) else { panic!("not to be written") };
        (no, plan, after)
    }

    /// Answers the load that waits first.
    pub(super) fn loads(&mut self) -> Wanted {
        let (no, wanted) = self.load();
        let read = self.books.load(&wanted);
        self.tell(Input::Loaded(no, Box::new(read)));
        wanted
    }

    /// Carries out the write that waits first.
    pub(super) fn writes(&mut self) {
        let (no, plan, _) = self.write();
        let written = self.books.commit(&plan).map_err(|_| Miss::Stale);
        self.tell(Input::Written(no, written));
    }

    pub(super) fn locks(&mut self) -> Vec<Work> {
        let Output::Lock(no, wanted, works) = self.wants.remove(0) else { panic!("not to be locked") };
        let read = self.books.load(&wanted);
        let (_, plan) = batch(&mut read.clone(), &works, &by(&self.rules));
        self.books.commit(&plan).unwrap();
        self.tell(Input::Second(no, Ok(Box::new(read))));
        works
    }

    /// Does what is wanted until nothing is.
    pub(super) fn runs(&mut self) {
        while let Some(first) = self.wants.first() {
            match first {
                Output::Load(..) => drop(self.loads()),
                Output::Write(..) => self.writes(),
                Output::Lock(..) => drop(self.locks()),
                Output::Look(..) | Output::Answer(..) | Output::Done(..) => drop(self.wants.remove(0)),
            }
        }
    }

    /// The answers since it was asked last.
    pub(super) fn heard(&mut self) -> Vec<(u64, Answer)> {
        self.answers.drain(..).map(|(Ticket(ticket), answer)| (ticket, answer)).collect()
    }

    pub(super) fn outcomes(&mut self) -> Vec<(u64, Outcome)> {
        let outcome = |(ticket, answer)| {
            let Answer::Outcome(outcome) = answer else { panic!("{ticket} was not decided: {answer:?}") };
            (ticket, outcome)
        };
        self.heard().into_iter().map(outcome).collect()
    }
}

pub(super) fn one(seed: u8) -> Work {
    book(seed, &[(DOUBLE, 1)])
}

pub(super) fn sold_out(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(Refusal::SoldOut(_)))
}
