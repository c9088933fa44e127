//! Random cuts of a list of works into batches: the same world, the same answers and the same events as one by one.

use chrono::TimeDelta;
use domain::{BookingId, EventId};
use proptest::prelude::*;

use crate::{
    Deciding, Need, Order, Outcome, Plan, PlannedEvent, Refusal, Remembered, Rules, Snapshot, Task, Work,
    batch,
    books::Books,
    create, decide,
    tests::{
        fixture::{HOTEL, World, ids, new_id, rules},
        model::{Action, action, asked, command, requantify},
    },
};

/// What happens: works, and what happens beside them.
enum Happening {
    Work(Box<Work>, Outcome),
    Beside(Action),
}

pub(super) fn order(booking_id: BookingId, command: crate::Command, seed: u128) -> Work {
    let (payment, keep, told, archived) = (None, None, None, None);
    let order = Order { booking_id, command, ids: ids(seed), payment, keep, told, archived };
    Work { hotel_id: HOTEL, task: Task::Command(Box::new(order)) }
}

pub(super) fn by(rules: &Rules) -> Deciding<'_> {
    Deciding { rules, body: &|_, _| Vec::new() }
}

/// Decided alone, by the two decisions themselves.
fn alone(snapshot: &Snapshot, work: &Work, rules: &Rules) -> Result<(Outcome, Plan), Refusal> {
    match &work.task {
        Task::Book(request, id) => {
            create(snapshot, request, *id, rules).map(|(created, plan)| (Outcome::Created(created), plan))
        }
        Task::Command(order) => {
            let booking = snapshot.booking(order.booking_id)?;
            let (decided, plan) = decide(snapshot, booking, &order.command, &order.ids, rules)?;
            Ok((Outcome::Decided(Box::new(decided)), plan))
        }
    }
}

/// The actions as works, carried out one by one, each as the world was then.
fn one_by_one(actions: &[Action]) -> (World, Vec<Happening>) {
    let (mut world, mut happenings) = (World::new(), Vec::new());
    for (count, action) in (1u8..).zip(actions) {
        let Some(work) = work(&world, count, action) else {
            beside(&mut world, action);
            happenings.push(Happening::Beside(action.clone()));
            continue;
        };
        let refused = |refusal| (Outcome::Refused(refusal), Plan::default());
        let (outcome, plan) = alone(&world.snapshot, &work, &world.rules).unwrap_or_else(refused);
        world.execute(&plan);
        happenings.push(Happening::Work(Box::new(work), outcome));
    }
    (world, happenings)
}

fn work(world: &World, count: u8, action: &Action) -> Option<Work> {
    let seed = u128::from(count);
    match action {
        Action::Book(doubles, suites) => {
            let request = asked(count, *doubles, *suites)?;
            Some(Work { hotel_id: HOTEL, task: Task::Book(Box::new(request), new_id(seed)) })
        }
        Action::On(index, word) => {
            let id = *world.snapshot.bookings.keys().nth(*index)?;
            Some(order(id, command(world, id, word), seed))
        }
        Action::Pass(_) | Action::Quantity(..) | Action::Stop(_) => None,
    }
}

fn beside(world: &mut World, action: &Action) {
    match action {
        Action::Pass(seconds) => world.pass(TimeDelta::seconds(*seconds)),
        Action::Quantity(double, quantity) => {
            let room = if *double { crate::tests::fixture::DOUBLE } else { crate::tests::fixture::SUITE };
            requantify(world, room, *quantity);
        }
        Action::Stop(stop) => {
            for stock in world.snapshot.rooms.values_mut() {
                stock.stop_sell = *stop;
                stock.stock_version += 1;
            }
        }
        Action::Book(..) | Action::On(..) => {}
    }
}

/// The same works in batches. `remembers`: every batch begins with rooms and hotels that it has not read.
struct Batched {
    world: World,
    remembers: bool,
    waiting: Vec<(Work, Outcome)>,
    fresh: bool,
}

impl Batched {
    /// One batch of those that wait, then these.
    fn run(&mut self, works: &mut Vec<(Work, Outcome)>) {
        let mut all = std::mem::take(&mut self.waiting);
        all.append(works);
        let mut snapshot = self.world.snapshot.clone();
        if self.remembers && !self.fresh {
            let (rooms, hotels) = (snapshot.rooms.keys().copied(), snapshot.hotels.keys().copied());
            snapshot.remembered = Remembered { rooms: rooms.collect(), hotels: hotels.collect() };
        }
        let list: Vec<Work> = all.iter().map(|(work, _)| work.clone()).collect();
        let (outcomes, plan) = batch(&mut snapshot, &list, &by(&self.world.rules));
        self.world.execute(&plan);
        snapshot.remembered = Remembered::default();
        assert_eq!(snapshot, self.world.snapshot, "the batch knows what it leaves");
        self.fresh = outcomes.contains(&Outcome::Again(Need::Fresh));
        for ((work, expected), outcome) in all.into_iter().zip(outcomes) {
            if let Outcome::Again(_) = outcome {
                self.waiting.push((work, expected));
            } else {
                assert_eq!(outcome, expected);
            }
        }
    }

    fn flush(&mut self, works: &mut Vec<(Work, Outcome)>) {
        self.run(works);
        while !self.waiting.is_empty() {
            let before = self.waiting.len();
            self.run(&mut Vec::new());
            assert!(self.waiting.len() < before || self.fresh, "somebody is always decided");
        }
    }
}

fn in_batches(happenings: Vec<Happening>, cuts: &[usize], remembers: bool) -> World {
    let mut batched = Batched { world: World::new(), remembers, waiting: Vec::new(), fresh: false };
    let mut sizes = cuts.iter().copied().cycle();
    let (mut works, mut size) = (Vec::new(), sizes.next().unwrap());
    for happening in happenings {
        match happening {
            Happening::Work(work, outcome) => works.push((*work, outcome)),
            Happening::Beside(action) => {
                batched.flush(&mut works);
                beside(&mut batched.world, &action);
            }
        }
        if works.len() >= size {
            batched.run(&mut works);
            size = sizes.next().unwrap();
        }
    }
    batched.flush(&mut works);
    batched.world
}

/// Events of one booking in their order; which booking comes first says nothing.
fn by_booking(mut events: Vec<PlannedEvent>) -> Vec<(EventId, i64)> {
    events.sort_by_key(|event| (event.body.booking.booking_id, event.body.booking.version));
    events.into_iter().map(|event| (event.event_id, event.body.booking.version)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_into_batches_makes_the_same_world_as_one_by_one(
        actions in proptest::collection::vec(action(), 1..50),
        cuts in proptest::collection::vec(1usize..12, 1..8),
        remembers in any::<bool>(),
    ) {
        let (world, happenings) = one_by_one(&actions);
        let batched = in_batches(happenings, &cuts, remembers);
        prop_assert_eq!(&world.snapshot, &batched.snapshot);
        prop_assert_eq!(by_booking(world.events), by_booking(batched.events));
    }

    #[test]
    fn many_plans_absorbed_into_one_write_what_they_write_one_after_the_other(
        actions in proptest::collection::vec(action(), 1..30),
    ) {
        let mut books = Books { rows: World::new().snapshot };
        let rules = rules();
        let works: Vec<Work> = (1u8..).zip(&actions).filter_map(|(count, action)| work(&World::new(), count, action)).collect();
        let (mut one, mut after) = (Plan::default(), books.rows.clone());
        for work in &works {
            if let Ok((_, plan)) = alone(&after, work, &rules) {
                after.advance(&plan);
                one.absorb(plan);
            }
        }
        prop_assert_eq!(books.commit(&one), Ok(()));
        prop_assert_eq!(books.rows, after);
    }
}
