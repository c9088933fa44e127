//! A case: what happens in one run, and how much goes wrong. Made of a seed, made smaller by leaving things out.

use std::collections::BTreeSet;

use booking_core::dice::Dice;

/// A seed, and what is left out of what it would make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    /// Numbers of happenings that do not happen.
    pub(crate) without: BTreeSet<usize>,
    /// Kinds of trouble that there are none of.
    pub(crate) spared: BTreeSet<Trouble>,
}

/// What a run is made of.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Units of doubles and suites, of either hotel.
    pub(crate) units: [u32; 4],
    /// Shards of each process: both hotels in one, or each in its own.
    pub(crate) shards: u8,
    /// In the order of their numbers, by time.
    pub(crate) happenings: Vec<(u64, Happening)>,
    pub(crate) odds: Odds,
    /// When trouble ends.
    pub(crate) calm_from: u64,
    /// Whether the stay passes at the end.
    pub(crate) to_the_end_of_the_stay: bool,
}

/// What happens at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    /// A guest asks for doubles and suites, by a name of their own or not.
    Wish(u64, [u8; 2], bool),
    /// A guest with a booking pays for it; another amount than asked, or a second time, as it comes.
    Pays(u64, Amount),
    /// The guest's checkout session ends unpaid.
    Declines(u64),
    /// The guest, or else the hotel, cancels.
    Cancels(u64, bool),
    /// An operator decides on what waits for that: book, or else send back.
    Reviews(u64, bool),
    /// A room has so many units now; a process hears of it, or none does.
    Quantity(usize, u32, bool),
    /// A night of a room costs so many cents now; a process hears of it, or none does.
    Price(usize, i64, bool),
    /// Sales of a room stop, or go on.
    Sales(usize, bool),
    /// A process dies, and comes back after so long.
    Dies(usize, u64),
    /// A process stands still for so long.
    Freezes(usize, u64),
    /// Somebody else holds a room's first night locked for so long.
    Locks(usize, u64),
    /// The provider does not answer for so long.
    ProviderAway(u64),
}

/// How much is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// What is asked.
    Asked,
    /// Something else.
    Other,
}

/// A kind of trouble between the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// The connection to the database is lost before COMMIT.
    Lost,
    /// The answer to COMMIT is lost.
    Unknown,
    /// A message takes long.
    Slow,
    /// A client asks a second time before it has its answer.
    Impatient,
    /// An answer does not reach its client.
    Deaf,
    /// A word of the provider is lost, and said again later.
    Unheard,
    /// A word of the provider, or a hint that a hold ends, comes twice.
    Twice,
    /// A record cannot be handled now.
    Unhandled,
    /// The log takes nothing, or its answer is lost.
    Unpublished,
    /// Nobody tells that a hold ends soon.
    Unhinted,
}

impl Trouble {
    pub(crate) const ALL: [(Self, &'static str); 10] = [
        (Self::Lost, "lost"),
        (Self::Unknown, "unknown"),
        (Self::Slow, "slow"),
        (Self::Impatient, "impatient"),
        (Self::Deaf, "deaf"),
        (Self::Unheard, "unheard"),
        (Self::Twice, "twice"),
        (Self::Unhandled, "unhandled"),
        (Self::Unpublished, "unpublished"),
        (Self::Unhinted, "unhinted"),
    ];
}

/// In one of how many times trouble happens; 0: never.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Odds([u64; 10]);

impl Odds {
    /// In one of how many times this happens.
    pub(crate) fn of(&self, trouble: Trouble) -> u64 {
        let mut all = Trouble::ALL.iter().zip(self.0);
        all.find_map(|((kind, _), odds)| (*kind == trouble).then_some(odds)).unwrap_or(0)
    }

    fn rolled(dice: &mut Dice) -> Self {
        // One run in four has no trouble but what happens by itself.
        let quiet = dice.one_in(4);
        Self(std::array::from_fn(|_| if quiet || dice.one_in(3) { 0 } else { 5 + dice.roll(20) }))
    }

    fn spare(&mut self, spared: &BTreeSet<Trouble>) {
        for ((kind, _), odds) in Trouble::ALL.iter().zip(&mut self.0) {
            if spared.contains(kind) {
                *odds = 0;
            }
        }
    }
}

impl Case {
    /// All of what the seed makes.
    pub(crate) const fn whole(seed: u64) -> Self {
        Self { seed, without: BTreeSet::new(), spared: BTreeSet::new() }
    }

    /// What happens.
    pub(crate) fn script(&self) -> Script {
        let mut dice = Dice::of(self.seed.wrapping_mul(2).wrapping_add(1));
        let mut units = |least, sides| least + u32::try_from(dice.roll(sides)).unwrap_or(0);
        let units = [units(2, 8), units(1, 2), units(1, 4), units(1, 1)];
        let shards = if dice.one_in(3) { 1 } else { 2 };
        let mut odds = Odds::rolled(&mut dice);
        odds.spare(&self.spared);
        let guests = 6 + dice.roll(16);
        let span = 1_000 + dice.roll(6_000);
        let mut all = Vec::new();
        for guest in 1..=guests {
            life(guest, span, &mut dice, &mut all);
        }
        beside(span, &mut dice, &mut all);
        all.sort_by_key(|(at, _)| *at);
        let calm_from = all.last().map_or(0, |(at, _)| *at + 100);
        let happenings = all.into_iter().enumerate().filter(|(number, _)| !self.without.contains(number));
        Script {
            units,
            shards,
            happenings: happenings.map(|(_, happening)| happening).collect(),
            odds,
            calm_from,
            to_the_end_of_the_stay: dice.one_in(3),
        }
    }

    /// The numbers of all that may happen.
    pub(crate) fn numbers(&self) -> Vec<usize> {
        let all = Self::whole(self.seed).script().happenings.len();
        (0..all).filter(|number| !self.without.contains(number)).collect()
    }
}

/// One guest: asks, and then does something about it or nothing.
fn life(guest: u64, span: u64, dice: &mut Dice, all: &mut Vec<(u64, Happening)>) {
    let asks = dice.roll(span);
    let doubles = [1, 1, 1, 2, 0];
    let doubles = usize::try_from(dice.roll(5)).ok().and_then(|nth| doubles.get(nth)).copied().unwrap_or(1);
    let suites = u8::from(doubles == 0 || dice.one_in(6));
    all.push((asks, Happening::Wish(guest, [doubles, suites], dice.one_in(2))));
    let mut after =
        |dice: &mut Dice, most: u64, happening| all.push((asks + 100 + dice.roll(most), happening));
    match dice.roll(12) {
        0..=3 => after(dice, 5_000, Happening::Pays(guest, Amount::Asked)),
        // Late: the hold is over by then, or just ending.
        4 | 5 => after(dice, 10_000, Happening::Pays(guest, Amount::Asked)),
        6 => {
            after(dice, 5_000, Happening::Pays(guest, Amount::Asked));
            after(dice, 9_000, Happening::Pays(guest, Amount::Asked));
        }
        7 => {
            after(dice, 5_000, Happening::Pays(guest, Amount::Other));
            after(dice, 9_000, Happening::Reviews(guest, dice_says(guest)));
        }
        8 => after(dice, 5_000, Happening::Declines(guest)),
        9 => {
            after(dice, 4_000, Happening::Pays(guest, Amount::Asked));
            after(dice, 8_000, Happening::Cancels(guest, dice_says(guest)));
        }
        10 => after(dice, 5_000, Happening::Cancels(guest, true)),
        _ => {}
    }
}

const fn dice_says(guest: u64) -> bool {
    guest.is_multiple_of(2)
}

/// What happens beside the guests.
fn beside(span: u64, dice: &mut Dice, all: &mut Vec<(u64, Happening)>) {
    let quiet = dice.one_in(4);
    let times = if quiet { 0 } else { dice.roll(9) };
    for _ in 0..times {
        let one = usize::try_from(dice.roll(2)).unwrap_or(0);
        let room = usize::try_from(dice.roll(4)).unwrap_or(0);
        let lasts = 100 + dice.roll(3_000);
        let happening = match dice.roll(10) {
            0 => Happening::Quantity(room, u32::try_from(dice.roll(6)).unwrap_or(0), dice.one_in(2)),
            1 => Happening::Sales(room, dice.one_in(2)),
            2 | 3 => Happening::Dies(one, lasts),
            4 => Happening::Freezes(one, lasts * 2),
            5 => Happening::Locks(room, lasts),
            6 => Happening::ProviderAway(lasts),
            7 | 8 => {
                let cents = 9_000 + 1_000 * i64::try_from(dice.roll(4)).unwrap_or(0);
                Happening::Price(room, cents, dice.one_in(2))
            }
            _ => Happening::Sales(room, true),
        };
        all.push((dice.roll(span + 6_000), happening));
    }
}
