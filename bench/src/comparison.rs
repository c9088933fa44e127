//! Which rooms and which orders each comparison of ways has.

use std::time::Duration;

use e2e::failed::Failed;

use crate::{
    chart::Charted,
    compare::{self, Hellos, Plan},
    ground::Ground,
    how::How,
    orders::{Choice, Cumulative, shuffled},
    report::{Report, against, besides},
    scene::Scene,
};

/// However slow a way is: until all orders are given.
const TO_THE_LAST: Duration = Duration::from_mins(10);
/// A page cache that a table of 1,000,000 bookings fits.
const POOL_MIB: u64 = 4_096;
const HOT: Comparison = Comparison {
    scene: Scene::HOT,
    choice: anywhere,
    to_the_last: false,
    all_clients: false,
    charted: Charted::Bookings,
};
const MANY_ROOMS: Scene = Scene { rooms: 10_000, rooms_per_hotel: 10, nights: 30, ..Scene::HOT };

/// A comparison of ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparison {
    scene: Scene,
    choice: fn(&Scene) -> Choice,
    /// Not for a time, but until all is sold.
    to_the_last: bool,
    /// At all numbers of clients.
    all_clients: bool,
    charted: Charted,
}

impl Comparison {
    /// One room that nobody sells out, at all numbers of clients.
    pub(crate) const HOT_ROOM: Self = Self { all_clients: true, ..HOT };
    /// The same on a table that is not empty.
    pub(crate) const HOT_ROOM_FILLED: Self = Self { scene: Scene { filled: 1_000_000, ..Scene::HOT }, ..HOT };
    /// Many rooms alike.
    pub(crate) const ROOMS: Self = Self { scene: MANY_ROOMS, ..HOT };
    /// Many rooms, few of which most want.
    pub(crate) const ROOMS_ZIPF: Self = Self { scene: MANY_ROOMS, choice: zipf, ..HOT };
    /// Rooms with one unit for one night.
    pub(crate) const SINGLE_UNITS: Self = Self {
        scene: Scene { rooms: 30_000, rooms_per_hotel: 10, units: 1, nights: 1, ..Scene::HOT },
        choice: each_twice,
        to_the_last: true,
        ..HOT
    };
    /// One hotel to its last unit.
    pub(crate) const HOTEL: Self = Self {
        scene: Scene { units: 7_000, nights: 60, ..Scene::HOT },
        choice: a_tenth_more,
        to_the_last: true,
        ..HOT
    };
    /// A room that is sold out at once.
    pub(crate) const REFUSALS: Self =
        Self { scene: Scene { units: 500, ..Scene::HOT }, charted: Charted::Refusals, ..HOT };

    /// Runs it and writes what it came to.
    pub(crate) async fn measure(
        self,
        ground: &mut Ground,
        how: &How,
        name: &str,
        title: &str,
    ) -> Result<(), Failed> {
        if self.scene.filled > 0 {
            ground.set_pool(POOL_MIB).await?;
        }
        e2e::say!("{title}: {}", ground.durability);
        let plan = self.plan(how);
        let rounds = compare::run(ground, &plan).await?;
        let report = Report {
            name,
            title,
            rounds: &rounds,
            hellos: &Hellos::new(),
            conditions: how.conditions(&ground.durability),
            charted: self.charted,
            seconds: plan.longest.as_secs(),
            notes: [against(&rounds, how.many()), besides(&rounds)].concat(),
        };
        report.write(&how.results)
    }

    fn plan(self, how: &How) -> Plan {
        Plan {
            scene: self.scene,
            choice: self.choice,
            ways: how.ways.clone(),
            clients: if self.all_clients { how.clients.clone() } else { vec![how.many()] },
            rounds: how.rounds,
            longest: if self.to_the_last { TO_THE_LAST } else { how.long() },
        }
    }
}

fn anywhere(scene: &Scene) -> Choice {
    Choice::Uniform(scene.nights)
}

fn zipf(scene: &Scene) -> Choice {
    Choice::Zipf(scene.nights, Cumulative::of(scene.rooms))
}

/// Each room for its one night, twice.
fn each_twice(scene: &Scene) -> Choice {
    let rooms = || 0..usize::try_from(scene.rooms).unwrap_or(0);
    Choice::List(shuffled(rooms().chain(rooms()).map(|room| (room, 0, 1)).collect()))
}

/// Stays of three nights that fill the hotel to the last unit, and a tenth more of them, which find no room.
fn a_tenth_more(scene: &Scene) -> Choice {
    let units = scene.units.saturating_add(scene.units / 10);
    let stays = (0..scene.nights / 3).map(|block| block * 3);
    Choice::List(shuffled(stays.flat_map(|night| (0..units).map(move |_| (0, night, 3))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(comparison: Comparison) -> Vec<(usize, u32, u8)> {
        let Choice::List(list) = (comparison.choice)(&comparison.scene) else { panic!("no list") };
        list
    }

    #[test]
    fn the_hotel_is_asked_for_to_the_last_unit_of_each_night_and_a_tenth_more() {
        let orders = list(Comparison::HOTEL);
        let of = |block: u32| orders.iter().filter(|order| (order.1, order.2) == (block * 3, 3)).count();
        assert!((0..20).all(|block| of(block) == 7_700));
        assert_eq!(orders.len(), 20 * 7_700);
    }

    #[test]
    fn every_single_unit_is_asked_for_twice() {
        let mut rooms: Vec<usize> = list(Comparison::SINGLE_UNITS).iter().map(|(room, ..)| *room).collect();
        rooms.sort_unstable();
        assert_eq!(rooms, (0..60_000).map(|place| place / 2).collect::<Vec<_>>());
    }
}
