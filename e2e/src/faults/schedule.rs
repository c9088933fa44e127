//! What is broken, and when: drawn from a seed, so that a run's schedule can be run again.

use std::fmt;

use super::dice::Dice;

/// A process of ours that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) service: &'static str,
    /// The copy of booking-service beside the first one.
    pub(crate) second: bool,
}

impl fmt::Display for Process {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{}{}", self.service, if self.second { "-2" } else { "" })
    }
}

pub(crate) const FIRST: Process = Process { service: "booking-service", second: false };
pub(crate) const SECOND: Process = Process { service: "booking-service", second: true };
pub(crate) const ARCHIVER: Process = Process { service: "archival-service", second: false };
const HOTELS: Process = Process { service: "hotel-service", second: false };
/// Beside the two that decide and archive; all but the provider can be told to die somewhere, too.
pub(crate) const OTHERS: [Process; 5] = [
    HOTELS,
    Process { service: "search-service", second: false },
    Process { service: "booking-mgmt-service", second: false },
    Process { service: "notification-service", second: false },
    Process { service: "payment-sandbox", second: false },
];
/// What stands still: any of ours, half of the time one of the two that decide.
const FROZEN: [Process; 12] = {
    let [hotels, search, lists, mails, provider] = OTHERS;
    [FIRST, FIRST, FIRST, SECOND, SECOND, SECOND, ARCHIVER, hotels, search, lists, mails, provider]
};
const SERVERS: [&str; 7] =
    ["redis", "kafka", "elasticsearch", "cassandra", "greenmail", "mysql-hotel", "mysql-booking"];

/// A process that is told to die somewhere passes there up to so often before: it is to be in the middle of its work.
const PASSES: u64 = 20;
/// The hotels' prices move about once a second, and hotel-service passes its points only then.
const PASSES_OF_HOTELS: u64 = 4;

/// A place in the code of a service at which it dies when told so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CrashPoint {
    pub(crate) service: &'static str,
    pub(crate) name: String,
}

/// Kinds of trouble, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Crash,
    Kill,
    Both,
    Freeze,
    Server,
    Answers,
    Clock,
}

impl Kind {
    /// Each with its name and its share of a hundred.
    pub(crate) const ALL: [(Self, &'static str, u64); 7] = [
        (Self::Crash, "crash", 40),
        (Self::Kill, "kill", 22),
        (Self::Both, "both", 5),
        (Self::Freeze, "freeze", 8),
        (Self::Server, "server", 5),
        (Self::Answers, "answers", 14),
        (Self::Clock, "clock", 6),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| name)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(kind, ..)| *kind)
    }
}

/// One thing that is broken and made good again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Started so that it dies at the n-th time that it passes there; then started again.
    Crash { process: Process, point: String, nth: u64 },
    /// SIGKILL; started again after a while.
    Kill { process: Process, away_ms: u64 },
    /// Both copies of booking-service at once.
    Both { away_ms: u64 },
    /// SIGSTOP, and SIGCONT after a while.
    Freeze { process: Process, ms: u64 },
    /// A server is killed and started again after a while.
    Server { name: &'static str, away_ms: u64 },
    /// Answers are lost, requests sent twice or cut, for a while.
    Answers { lost: u64, twice: u64, cut: u64, ms: u64 },
    /// The services' clock goes five minutes forward.
    Clock,
}

impl fmt::Display for Step {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash { process, point, nth } => write!(text, "{process} dies at {point}, time {nth}"),
            Self::Kill { process, .. } => write!(text, "{process} killed"),
            Self::Both { .. } => write!(text, "both copies of booking-service killed"),
            Self::Freeze { process, ms } => write!(text, "{process} frozen for {ms} ms"),
            Self::Server { name, away_ms } => write!(text, "{name} killed, away for {away_ms} ms"),
            Self::Answers { lost, twice, cut, .. } => {
                write!(text, "answers lost {lost} %, requests twice {twice} %, cut {cut} %")
            }
            Self::Clock => write!(text, "clock five minutes forward"),
        }
    }
}

/// The steps of a seed, without end.
#[derive(Debug)]
pub(crate) struct Schedule {
    dice: Dice,
    points: Vec<CrashPoint>,
    /// Points that have not come since all were shuffled.
    deck: Vec<CrashPoint>,
    kinds: Vec<(Kind, u64)>,
}

impl Schedule {
    /// Of these kinds; of all if none are named. Without crash points, their share falls to the others.
    pub(crate) fn new(seed: u64, points: Vec<CrashPoint>, only: &[Kind]) -> Self {
        let wanted = |kind: Kind| {
            (only.is_empty() || only.contains(&kind)) && (kind != Kind::Crash || !points.is_empty())
        };
        let kinds =
            Kind::ALL.iter().filter(|(kind, ..)| wanted(*kind)).map(|(kind, _, share)| (*kind, *share));
        Self { dice: Dice::new(seed), kinds: kinds.collect(), points, deck: Vec::new() }
    }

    /// The pause before it in milliseconds, and what is broken then.
    pub(crate) fn next(&mut self) -> Option<(u64, Step)> {
        let pause_ms = 200 + self.dice.below(2_300);
        let kind = self.kind()?;
        Some((pause_ms, self.step(kind)?))
    }

    fn kind(&mut self) -> Option<Kind> {
        let all: u64 = self.kinds.iter().map(|(_, share)| share).sum();
        let mut at = self.dice.below(all);
        let found = self.kinds.iter().find(|(_, share)| {
            let here = at < *share;
            at = at.saturating_sub(*share);
            here
        });
        found.map(|(kind, _)| *kind)
    }

    /// Every point comes once before one comes again: drawn one by one, some would not come for long.
    fn deal(&mut self) -> Option<CrashPoint> {
        if self.deck.is_empty() {
            self.deck.clone_from(&self.points);
            self.dice.shuffle(&mut self.deck);
        }
        self.deck.pop()
    }

    fn crash(&mut self) -> Option<Step> {
        let CrashPoint { service, name } = self.deal()?;
        let second = service == SECOND.service && self.dice.percent(50);
        let passes = if service == HOTELS.service { PASSES_OF_HOTELS } else { PASSES };
        let nth = 1 + self.dice.below(passes);
        Some(Step::Crash { process: Process { service, second }, point: name, nth })
    }

    fn step(&mut self, kind: Kind) -> Option<Step> {
        let dice = &mut self.dice;
        Some(match kind {
            Kind::Crash => return self.crash(),
            Kind::Kill => {
                let process = match dice.below(10) {
                    0..=3 => FIRST,
                    4..=7 => SECOND,
                    8 => ARCHIVER,
                    _ => *dice.pick(&OTHERS)?,
                };
                Step::Kill { process, away_ms: dice.below(2_000) }
            }
            Kind::Both => Step::Both { away_ms: dice.below(3_000) },
            Kind::Freeze => {
                let process = *dice.pick(&FROZEN)?;
                Step::Freeze { process, ms: 500 + dice.below(9_500) }
            }
            Kind::Server => Step::Server { name: dice.pick(&SERVERS).copied()?, away_ms: dice.below(6_000) },
            Kind::Answers => Step::Answers {
                lost: dice.below(40),
                twice: dice.below(40),
                cut: dice.below(20),
                ms: 2_000 + dice.below(4_000),
            },
            Kind::Clock => Step::Clock,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(seed: u64, only: &[Kind]) -> Vec<(u64, Step)> {
        let points = vec![CrashPoint { service: "booking-service", name: "after-write".to_owned() }];
        let mut schedule = Schedule::new(seed, points, only);
        (0..200).filter_map(|_| schedule.next()).collect()
    }

    #[test]
    fn a_seed_gives_the_same_schedule_again() {
        assert_eq!(steps(4711, &[]), steps(4711, &[]));
        assert_ne!(steps(4711, &[]), steps(4712, &[]));
    }

    #[test]
    fn every_crash_point_comes_before_one_comes_again() {
        let point = |number: u32| CrashPoint { service: "booking-service", name: format!("point-{number}") };
        let mut schedule = Schedule::new(1, (0..29).map(point).collect(), &[Kind::Crash]);
        for _deck in 0..3 {
            let dealt = (0..29).filter_map(|_| match schedule.next() {
                Some((_, Step::Crash { point, .. })) => Some(point),
                Some(_) | None => None,
            });
            assert_eq!(dealt.collect::<std::collections::BTreeSet<_>>().len(), 29);
        }
    }

    #[test]
    fn every_kind_comes_and_only_the_named_ones_if_some_are_named() {
        let all = steps(1, &[]);
        let has = |found: fn(&Step) -> bool| all.iter().any(|(_, step)| found(step));
        assert!(
            has(|step| matches!(step, Step::Crash { .. })) && has(|step| matches!(step, Step::Both { .. }))
        );
        assert!(has(|step| matches!(step, Step::Server { .. })) && has(|step| *step == Step::Clock));
        let clocks = steps(1, &[Kind::Clock]);
        assert!(clocks.len() == 200 && clocks.iter().all(|(_, step)| *step == Step::Clock));
    }
}
