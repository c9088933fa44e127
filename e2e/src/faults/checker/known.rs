//! A history, sorted by what it is about.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::faults::{
    clock::Clock,
    history::{End, Entry, Made, Micros, Units, What},
    snapshot::Snapshot,
};

/// All that was asked for under one key.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) key: &'a str,
    pub(super) user_id: Uuid,
    pub(super) units: &'a [Units],
    /// Whether a try may have been carried out behind the last answer.
    pub(super) loose: bool,
    /// Each time: when it was asked, when it was answered, and what.
    pub(super) times: Vec<(Micros, Micros, &'a End)>,
    /// The booking that the stores have of it.
    pub(super) stored: Option<Uuid>,
}

/// An operation on a booking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done<'a> {
    pub(super) invoke: Micros,
    pub(super) complete: Micros,
    pub(super) how: &'a str,
    pub(super) end: &'a End,
}

/// A process or server that was away, and came back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Away<'a> {
    pub(super) name: &'a str,
    pub(super) frozen: bool,
    pub(super) from: Micros,
    pub(super) to: Micros,
}

#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) rooms: BTreeMap<Uuid, u32>,
    pub(super) asked: Vec<Asked<'a>>,
    pub(super) cancels: BTreeMap<Uuid, Vec<Done<'a>>>,
    pub(super) pays: BTreeMap<Uuid, Vec<Done<'a>>>,
    /// Of rooms whose price moves: from when on it is that perhaps, and for certain.
    pub(super) prices: BTreeMap<Uuid, Vec<(Micros, Micros, i64)>>,
    pub(super) away: Vec<Away<'a>>,
    /// When the clock was moved.
    pub(super) moved: Vec<(Micros, Micros)>,
    pub(super) clock: Clock,
    /// The day of the last entry, by the services' clock.
    pub(super) today: NaiveDate,
}

impl Asked<'_> {
    /// The first answer that it was made, and when that was.
    pub(super) fn made(&self) -> Option<(&Made, Micros)> {
        let answers = self.times.iter().filter(|(_, _, end)| matches!(end, End::Made(_)));
        let (_, complete, end) = answers.min_by_key(|(_, complete, _)| *complete)?;
        if let End::Made(made) = end { Some((made, *complete)) } else { None }
    }

    /// When it was first asked for.
    pub(super) fn invoke(&self) -> Micros {
        self.times.iter().map(|(invoke, ..)| *invoke).min().unwrap_or(Micros::MAX)
    }
}

impl<'a> Known<'a> {
    pub(super) fn of(history: &'a [Entry], snapshot: &Snapshot) -> Self {
        let clock = Clock::of(history);
        let last = history.iter().map(|entry| entry.complete).max().unwrap_or(0);
        let today = clock.day(last).unwrap_or(NaiveDate::MIN);
        let mut known = Self {
            rooms: BTreeMap::new(),
            asked: Vec::new(),
            cancels: BTreeMap::new(),
            pays: BTreeMap::new(),
            prices: BTreeMap::new(),
            away: Vec::new(),
            moved: Vec::new(),
            clock,
            today,
        };
        let stored: BTreeMap<Uuid, Uuid> =
            snapshot.bookings.iter().map(|(id, booking)| (booking.user_id, *id)).collect();
        let mut keys: BTreeMap<&str, Asked<'a>> = BTreeMap::new();
        for entry in history {
            known.take(entry, &mut keys);
        }
        known.asked = keys.into_values().collect();
        known.asked.iter_mut().for_each(|asked| asked.stored = stored.get(&asked.user_id).copied());
        known
    }

    fn take(&mut self, entry: &'a Entry, keys: &mut BTreeMap<&'a str, Asked<'a>>) {
        let (invoke, complete) = (entry.invoke, entry.complete);
        match &entry.what {
            What::Room { room_id, quantity, .. } => {
                self.rooms.insert(*room_id, *quantity);
            }
            What::Book { key, user_id, units, loose, end } => {
                let asked = keys.entry(key).or_insert_with(|| Asked {
                    key,
                    user_id: *user_id,
                    units,
                    loose: false,
                    times: Vec::new(),
                    stored: None,
                });
                asked.loose |= *loose;
                asked.times.push((invoke, complete, end));
            }
            What::Cancel { booking_id, end } => {
                let done = Done { invoke, complete, how: "", end };
                self.cancels.entry(*booking_id).or_default().push(done);
            }
            What::Pay { booking_id, how, end } => {
                self.pays.entry(*booking_id).or_default().push(Done { invoke, complete, how, end });
            }
            What::Price { room_id, price, seen } => {
                let certain = if *seen { complete } else { Micros::MAX };
                self.prices.entry(*room_id).or_default().push((invoke, certain, *price));
            }
            What::Away { name, frozen } => {
                self.away.push(Away { name, frozen: *frozen, from: invoke, to: complete });
            }
            // For who reads the history.
            What::Fault { .. } => {}
            What::Clock { .. } => self.moved.push((invoke, complete)),
        }
    }
}
