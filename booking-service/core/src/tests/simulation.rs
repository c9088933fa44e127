//! Shards of two processes on one database, under a seeded scheduler: answers in any order and late, misses, batches taken
//! back, connections lost before and after COMMIT, rooms changed beside them, clients that ask again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::TimeDelta;
use domain::{BookingId, RoomId, booking::BookingRecord};

use crate::{
    Claim, Created, Digest, Need, Outcome, Refusal, Request, Rules, Shard, ShortNight, Task, Work, batch,
    books::Books,
    invoice::Series,
    shard::{Answer, Bounds, Class, Input, Miss, No, Output, Ticket},
    tests::{
        batch::{asked_for, book},
        cuts::{by, order},
        fixture::{DOUBLE, SUITE, World, new_ids, room, rules, settled},
        model::{Word, command, money_is_conserved, nights_add_up},
    },
};

/// Sebastiano Vigna's `SplitMix64`: small, and the same everywhere for ever.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(sides).unwrap()).unwrap()
    }

    fn one_in(&mut self, sides: usize) -> bool {
        sides > 0 && self.roll(sides) == 0
    }
}

/// What is under way between a shard and its database.
enum Call {
    Do(Output),
    Tell(Input),
}

struct Process {
    shard: Shard,
    calls: Vec<Call>,
    /// Whether a batch that others wait for was committed.
    committed: BTreeMap<No, bool>,
}

/// How much goes wrong, in one of so many calls; 0: nothing.
#[derive(Clone, Copy)]
struct Trouble {
    lock: usize,
    lost: usize,
    unknown: usize,
    stock: usize,
}

const NONE: Trouble = Trouble { lock: 0, lost: 0, unknown: 0, stock: 0 };
const MUCH: Trouble = Trouble { lock: 9, lost: 11, unknown: 7, stock: 5 };

struct Simulation {
    dice: Dice,
    books: Books,
    archive: BTreeMap<BookingId, Arc<BookingRecord>>,
    processes: Vec<Process>,
    trouble: Trouble,
    rules: Rules,
    now_ms: u64,
    seed: u128,
    /// What was asked under each ticket.
    asked: BTreeMap<u64, Work>,
    finished: Vec<(u64, Outcome)>,
    sold_out: Vec<ShortNight>,
    made: BTreeMap<Digest, BookingId>,
    known: Vec<BookingId>,
}

impl Simulation {
    fn new(seed: u64, processes: usize, units: u32, trouble: Trouble) -> Self {
        let mut books = Books { rows: crate::tests::fixture::snapshot() };
        books.rows.rooms.insert(DOUBLE, room(DOUBLE, units));
        books.rows.rooms.insert(SUITE, room(SUITE, 2));
        let bounds = Bounds { second_from: 2, works: 6, money_first: 3, scarce: 2, ..Bounds::default() };
        let process =
            |_| Process { shard: Shard::new(bounds.clone()), calls: Vec::new(), committed: BTreeMap::new() };
        Self {
            dice: Dice::of(seed),
            books,
            archive: BTreeMap::new(),
            processes: (0..processes).map(process).collect(),
            trouble,
            rules: rules(),
            now_ms: 0,
            seed: 1_000,
            asked: BTreeMap::new(),
            finished: Vec::new(),
            sold_out: Vec::new(),
            made: BTreeMap::new(),
            known: Vec::new(),
        }
    }

    fn tell(&mut self, process: usize, input: Input) {
        let one = &mut self.processes[process];
        let outputs = one.shard.step(input, &by(&self.rules));
        for output in outputs {
            match output {
                Output::Answer(ticket, answer) => self.answered(ticket, answer),
                Output::Done(..) => {}
                Output::Load(..) | Output::Write(..) | Output::Lock(..) | Output::Look(..) => {
                    self.processes[process].calls.push(Call::Do(output));
                }
            }
        }
    }

    fn ask(&mut self, ticket: u64, work: Work) {
        let process = self.dice.roll(self.processes.len());
        let class = match work.task {
            Task::Book(..) => Class::Book,
            Task::Command(_) => Class::Money,
        };
        self.asked.insert(ticket, work.clone());
        self.tell(process, Input::Arrived(Ticket(ticket), class, Box::new(work)));
    }

    /// Who got no answer asks again: the same key, and ids of its own.
    fn answered(&mut self, Ticket(ticket): Ticket, answer: Answer) {
        match answer {
            Answer::Outcome(Outcome::Again(Need::Archive(id))) => {
                let mut work = self.asked[&ticket].clone();
                if let Task::Command(order) = &mut work.task {
                    order.archived = Some(self.archive[&id].clone());
                }
                self.ask(ticket, work);
            }
            Answer::Outcome(outcome) => self.heard(ticket, outcome),
            Answer::Unavailable | Answer::InProgress => {
                self.seed += 1;
                let mut work = self.asked[&ticket].clone();
                match &mut work.task {
                    Task::Book(_, ids) => *ids = new_ids(self.seed),
                    Task::Command(order) => order.ids = crate::tests::fixture::ids(self.seed),
                }
                self.ask(ticket, work);
            }
            Answer::Overloaded | Answer::Failed => panic!("{ticket} got {answer:?}"),
        }
    }

    fn heard(&mut self, ticket: u64, outcome: Outcome) {
        match &outcome {
            Outcome::Created(Created::New(record) | Created::Repeat(record)) => {
                let id = record.booking_id;
                let there = self.books.rows.bookings.contains_key(&id) || self.archive.contains_key(&id);
                assert!(there, "{ticket} was told of a booking that is not there");
                let Task::Book(request, _) = &self.asked[&ticket].task else { panic!("not asked for") };
                let first = *self.made.entry(request.key.scope).or_insert(id);
                assert_eq!(first, id, "one booking for one key");
                self.known.push(id);
            }
            Outcome::Refused(Refusal::SoldOut(short)) => self.sold_out.extend(short),
            Outcome::Created(Created::RepeatArchived(_))
            | Outcome::Decided(_)
            | Outcome::Kept(_)
            | Outcome::Refused(_)
            | Outcome::Again(_)
            | Outcome::Unreadable(_) => {}
        }
        self.finished.push((ticket, outcome));
    }

    /// One thing more happens: a call is carried out, an answer comes in, or time passes.
    fn goes_on(&mut self) {
        let process = self.dice.roll(self.processes.len());
        let calls = self.processes[process].calls.len();
        if calls == 0 || self.dice.one_in(8) {
            self.now_ms += u64::try_from(self.dice.roll(60)).unwrap();
            (0..self.processes.len()).for_each(|process| self.tell(process, Input::Tick(self.now_ms)));
            return;
        }
        let nth = self.dice.roll(calls);
        match self.processes[process].calls.swap_remove(nth) {
            Call::Tell(input) => self.tell(process, input),
            Call::Do(output) => {
                let call = self.does(process, output);
                self.processes[process].calls.push(call);
            }
        }
    }

    fn does(&mut self, process: usize, output: Output) -> Call {
        match output {
            Output::Load(no, _) if self.dice.one_in(self.trouble.lost) => Call::Tell(Input::NotLoaded(no)),
            Output::Load(no, wanted) => Call::Tell(Input::Loaded(no, Box::new(self.books.load(&wanted)))),
            Output::Write(no, plan, after) => {
                let before =
                    after.map_or(Some(true), |after| self.processes[process].committed.get(&after).copied());
                let written = match before {
                    None => return Call::Do(Output::Write(no, plan, after)),
                    Some(false) => Err(Miss::TakenBack),
                    Some(true) => self.writes(|books| books.commit(&plan).map_err(|_| Miss::Stale)),
                };
                self.processes[process].committed.insert(no, written.is_ok());
                Call::Tell(Input::Written(no, written))
            }
            Output::Lock(no, wanted, works) => {
                let rules = self.rules.clone();
                let second = self.writes(|books| {
                    let read = books.load(&wanted);
                    let (_, plan) = batch(&mut read.clone(), &works, &by(&rules));
                    books.commit(&plan).expect("nothing moves under locks");
                    Ok(Box::new(read))
                });
                Call::Tell(Input::Second(no, second))
            }
            Output::Look(no, claims) => {
                let locked = |claim: &Claim| matches!(claim, Claim::Night(_)) && self.dice.one_in(3);
                Call::Tell(Input::Locked(no, claims.into_iter().filter(locked).collect()))
            }
            Output::Answer(..) | Output::Done(..) => panic!("no call"),
        }
    }

    /// Writes, or something is in the way, or the answer is lost.
    fn writes<T>(&mut self, write: impl FnOnce(&mut Books) -> Result<T, Miss>) -> Result<T, Miss> {
        if self.dice.one_in(self.trouble.lock) {
            return Err(Miss::LockTimeout);
        }
        if self.dice.one_in(self.trouble.lost) {
            return Err(Miss::Lost);
        }
        let lost = self.dice.one_in(self.trouble.unknown);
        if lost && self.dice.one_in(2) {
            return Err(Miss::Unknown);
        }
        let written = write(&mut self.books);
        if lost { Err(Miss::Unknown) } else { written }
    }

    fn comes_to_rest(&mut self) {
        for _ in 0..200_000 {
            let quiet = |process: &Process| process.shard.is_idle() && process.calls.is_empty();
            if self.processes.iter().all(quiet) {
                return;
            }
            self.goes_on();
        }
        panic!("it never comes to rest");
    }

    /// A room gets another quantity; a process hears of it, or none does.
    fn stock_changes(&mut self) {
        let (room, quantity) =
            ([DOUBLE, SUITE][self.dice.roll(2)], u32::try_from(self.dice.roll(5)).unwrap());
        let stock = self.books.rows.rooms.get_mut(&room).unwrap();
        stock.quantity = quantity;
        stock.stock_version += 1;
        for ((of, _), night) in &mut self.books.rows.nights {
            if *of == room {
                *night = night.map(|night| night.with_quantity(quantity));
            }
        }
        if self.dice.one_in(2) {
            let process = self.dice.roll(self.processes.len());
            self.tell(process, Input::Forget(room));
        }
    }

    /// A booking that has ended and settled goes to the archive.
    fn purges(&mut self) {
        let ended = |id: &BookingId| {
            let booking = self.books.rows.bookings.get(id);
            booking.is_some_and(|booking| {
                booking.record.status.has_ended() && settled(booking) && Series::needed(booking).is_empty()
            })
        };
        if let Some(id) = self.known.iter().find(|id| ended(id)).copied()
            && let Some(booking) = self.books.purge(id)
        {
            self.archive.insert(id, Arc::new(booking.record));
        }
    }

    fn world(&self) -> World {
        let mut world = World::new();
        world.snapshot = self.books.rows.clone();
        world
    }
}

fn units_of(work: &Work) -> u32 {
    match &work.task {
        Task::Book(request, _) => request.stay.units().values().sum(),
        Task::Command(_) => 0,
    }
}

/// New bookings of one or two doubles, some of them with the key of another.
fn crowd(simulation: &mut Simulation, count: u64) {
    for ticket in 1..=count {
        let units = u8::try_from(1 + simulation.dice.roll(2)).unwrap();
        let mut work = book(u8::try_from(ticket).unwrap(), &[(DOUBLE, units)]);
        if simulation.dice.one_in(5)
            && let Task::Book(request, _) = &simulation.asked.get(&(ticket / 2)).unwrap_or(&work).task
        {
            work = asked_for(Request::clone(request), new_ids(500 + u128::from(ticket)));
        }
        simulation.ask(ticket, work);
        (0..simulation.dice.roll(6)).for_each(|_| simulation.goes_on());
    }
    simulation.comes_to_rest();
}

#[test]
fn whatever_goes_wrong_nothing_is_sold_twice_lost_or_refused_while_there_is_a_unit() {
    for seed in 0..200 {
        let mut simulation = Simulation::new(seed, 2, 20, Trouble { stock: 0, ..MUCH });
        crowd(&mut simulation, 40);
        assert_eq!(simulation.finished.len(), 40, "seed {seed}: everybody is answered once");
        nights_add_up(&simulation.world());
        let left = simulation.books.rows.night(DOUBLE, crate::tests::fixture::dates().start_date()).available;
        for short in &simulation.sold_out {
            assert!(left < short.wanted, "seed {seed}: sold out was said, and {left} are left");
        }
        let made: BTreeSet<BookingId> = simulation.made.values().copied().collect();
        assert_eq!(made, simulation.books.rows.bookings.keys().copied().collect(), "seed {seed}");
    }
}

#[test]
fn who_comes_first_is_served_first_whatever_goes_wrong() {
    for seed in 0..300 {
        let trouble = if seed % 2 == 0 { NONE } else { Trouble { stock: 0, unknown: 0, ..MUCH } };
        let mut simulation = Simulation::new(seed, 1, 20, trouble);
        for ticket in 1..=40u64 {
            simulation.ask(ticket, book(u8::try_from(ticket).unwrap(), &[(DOUBLE, 1)]));
            (0..simulation.dice.roll(6)).for_each(|_| simulation.goes_on());
        }
        simulation.comes_to_rest();
        let served =
            |(ticket, outcome): &(u64, Outcome)| matches!(outcome, Outcome::Created(_)).then_some(*ticket);
        let served: BTreeSet<u64> = simulation.finished.iter().filter_map(served).collect();
        assert_eq!(served, (1..=20).collect(), "seed {seed}");
    }
}

#[test]
fn a_small_party_does_not_overtake_a_large_one_that_can_be_served() {
    for seed in 0..200 {
        let mut simulation = Simulation::new(seed, 1, 9, NONE);
        let works: Vec<Work> = (1..=10).map(|n| book(n, &[(DOUBLE, 1 + n % 3)])).collect();
        let (mut left, mut expected) = (9, BTreeSet::new());
        for (ticket, work) in (1..).zip(&works) {
            if units_of(work) <= left {
                left -= units_of(work);
                expected.insert(ticket);
            }
            simulation.ask(ticket, work.clone());
            (0..simulation.dice.roll(4)).for_each(|_| simulation.goes_on());
        }
        simulation.comes_to_rest();
        let served = simulation.finished.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Created(_)));
        assert_eq!(served.map(|(ticket, _)| *ticket).collect::<BTreeSet<u64>>(), expected, "seed {seed}");
    }
}

fn word(dice: &mut Dice) -> Word {
    let n = u8::try_from(dice.roll(3)).unwrap();
    match dice.roll(12) {
        0 | 1 => Word::Paid(n),
        2 => Word::PaidOther(n),
        3 => Word::Ended,
        4 => Word::Said(n % 2),
        5 => Word::SaidPaid(n),
        6 => Word::Cancel(n == 0),
        7 => Word::StayEnded,
        8 => Word::Voided,
        9 => Word::Refunded(n.into()),
        10 => Word::Review(n == 0),
        _ => Word::Number,
    }
}

fn act(simulation: &mut Simulation, ticket: u64) {
    let known = simulation.known.len();
    if known == 0 || simulation.dice.one_in(3) {
        let rooms: [(RoomId, u8); 2] = [(DOUBLE, 1), (SUITE, 1)];
        let units = &rooms[simulation.dice.roll(2)..];
        return simulation.ask(ticket, book(u8::try_from(ticket).unwrap(), units));
    }
    let id = simulation.known[simulation.dice.roll(known)];
    let word = word(&mut simulation.dice);
    let mut world = simulation.world();
    if let Some(record) = simulation.archive.get(&id) {
        let revived = world.snapshot.revive(record).map(|booking| (id, booking));
        world.snapshot.bookings.extend(revived);
    }
    if world.snapshot.bookings.contains_key(&id) {
        simulation.ask(ticket, order(id, command(&world, id, &word), 2_000 + u128::from(ticket)));
    }
}

#[test]
fn lives_of_bookings_keep_rooms_money_and_numbers_whatever_goes_wrong() {
    for seed in 0..400 {
        let mut simulation = Simulation::new(seed, 2, 3, MUCH);
        for ticket in 1..=60u64 {
            act(&mut simulation, ticket);
            (0..simulation.dice.roll(12)).for_each(|_| simulation.goes_on());
            if simulation.dice.one_in(MUCH.stock) {
                simulation.stock_changes();
            }
            if simulation.dice.one_in(6) {
                simulation.books.rows.now = simulation.books.rows.now.plus(TimeDelta::seconds(100));
            }
            simulation.purges();
        }
        simulation.comes_to_rest();
        let world = simulation.world();
        nights_add_up(&world);
        money_is_conserved(&world);
    }
}
