//! What clients ask for, one order after the other: which room, which nights.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{Days, NaiveDate};

use crate::order::{Order, Room};

/// How the next order is chosen.
#[derive(Debug)]
pub(crate) enum Choice {
    /// Any room alike, one or two nights, within so many nights.
    Uniform(u32),
    /// The k-th room with weight 1/k, one or two nights, within so many nights.
    Zipf(u32, Cumulative),
    /// These, and no more: room by its place, first night, nights.
    List(Vec<(usize, u32, u8)>),
}

/// Sums of weights 1/k.
#[derive(Debug)]
pub(crate) struct Cumulative(Vec<u64>);

/// Orders for the rooms of a scene.
#[derive(Debug)]
pub(crate) struct Orders {
    rooms: Vec<Room>,
    first: NaiveDate,
    choice: Choice,
    given: AtomicUsize,
}

impl Cumulative {
    /// For so many rooms.
    pub(crate) fn of(rooms: u32) -> Self {
        let mut sum = 0_u64;
        let weights = (1..=u64::from(rooms)).map(|k| 1_000_000_000 / k);
        Self(
            weights
                .map(|weight| {
                    sum = sum.saturating_add(weight);
                    sum
                })
                .collect(),
        )
    }

    fn pick(&self, random: u64) -> usize {
        let total = self.0.last().copied().unwrap_or(1);
        let at = random % total;
        self.0.partition_point(|sum| *sum <= at)
    }
}

impl Orders {
    /// For these rooms, from this night on.
    pub(crate) fn new(rooms: &[Room], first: NaiveDate, choice: Choice) -> Self {
        Self { rooms: rooms.to_vec(), first, choice, given: AtomicUsize::new(0) }
    }

    /// How many rooms there are to choose from.
    pub(crate) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// The next order; none when all of a list are given.
    pub(crate) fn next(&self) -> Option<Order> {
        let random: u64 = rand::random();
        let (room, night, nights) = match &self.choice {
            Choice::Uniform(within) => (below(random, self.rooms.len()), night(*within), stay()),
            Choice::Zipf(within, weights) => (weights.pick(random), night(*within), stay()),
            Choice::List(list) => *list.get(self.given.fetch_add(1, Ordering::Relaxed))?,
        };
        let first = self.first.checked_add_days(Days::new(u64::from(night)))?;
        self.rooms.get(room).map(|room| Order::new(*room, first, nights))
    }
}

fn below(random: u64, count: usize) -> usize {
    let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
    usize::try_from(random % count).unwrap_or(0)
}

/// Any first night of a stay of two that fits.
fn night(within: u32) -> u32 {
    rand::random::<u32>() % within.saturating_sub(1).max(1)
}

fn stay() -> u8 {
    1 + u8::from(rand::random::<bool>())
}

/// In a random order, by Fisher and Yates.
pub(crate) fn shuffled<T>(mut items: Vec<T>) -> Vec<T> {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rand::random(), last.saturating_add(1)));
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_room_is_asked_for_twice_as_often_as_the_second() {
        let weights = Cumulative::of(3);
        let total = 1_000_000_000 + 500_000_000 + 333_333_333;
        assert_eq!(
            [0, 999_999_999, 1_000_000_000, 1_500_000_000, total - 1].map(|at| weights.pick(at)),
            [0, 0, 1, 2, 2]
        );
        assert_eq!(weights.pick(total), 0);
    }

    #[test]
    fn a_shuffled_list_is_the_same_list() {
        let mut list = shuffled((0..1_000).collect());
        assert!(list.windows(2).any(|pair| pair[0] > pair[1]));
        list.sort_unstable();
        assert_eq!(list, (0..1_000).collect::<Vec<_>>());
    }
}
