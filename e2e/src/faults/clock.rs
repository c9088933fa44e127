//! The services' clock is the database's and an offset, which a run moves: from one to the other.

use chrono::{DateTime, NaiveDate};

use super::history::{Entry, Micros, What};

/// The offsets of a run, each from when it may have been there on, and until when the one before it may have been.
#[derive(Debug)]
pub(crate) struct Clock(Vec<Moved>);

#[derive(Debug, Clone, Copy)]
struct Moved {
    from: Micros,
    surely: Micros,
    offset: i64,
}

impl Clock {
    pub(crate) fn of(history: &[Entry]) -> Self {
        let moved = |entry: &Entry| match entry.what {
            What::Clock { offset_us } => {
                Some(Moved { from: entry.invoke, surely: entry.complete, offset: offset_us })
            }
            What::Room { .. }
            | What::Book { .. }
            | What::Cancel { .. }
            | What::Pay { .. }
            | What::Price { .. }
            | What::Fault { .. }
            | What::Away { .. } => None,
        };
        let mut all: Vec<Moved> = history.iter().filter_map(moved).collect();
        all.sort_by_key(|one| one.from);
        Self(all)
    }

    /// The day in UTC that it showed at this moment, once it had gone all its way; none where that is no day.
    pub(crate) fn day(&self, at: Micros) -> Option<NaiveDate> {
        let offset = self.0.last().map_or(0, |last| last.offset);
        DateTime::from_timestamp_micros(at.saturating_add(offset)).map(|at| at.date_naive())
    }

    /// The first moment at which the services' clock may have shown this.
    pub(crate) fn earliest(&self, shown: Micros) -> Micros {
        let shows = |one: &Moved| shown.saturating_sub(one.offset).max(one.from);
        self.0.iter().map(shows).min().unwrap_or(shown)
    }

    /// The last moment at which it may have shown this: a clock that is moved forward shows later moments from then on.
    pub(crate) fn latest(&self, shown: Micros) -> Micros {
        let ends = self.0.iter().skip(1).map(|next| next.surely).chain([Micros::MAX]);
        let shows = |(one, end): (&Moved, Micros)| {
            let at = shown.saturating_sub(one.offset);
            (at >= one.from).then_some(at.min(end))
        };
        self.0.iter().zip(ends).filter_map(shows).max().unwrap_or(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_moved_clock_shows_was_shown_within_bounds() {
        let moved = |at: Micros, offset_us: i64| Entry {
            process: 0,
            invoke: at,
            complete: at + 2,
            what: What::Clock { offset_us },
        };
        let clock = Clock::of(&[moved(0, 0), moved(100, 50)]);
        assert_eq!((clock.earliest(40), clock.latest(40)), (40, 40), "before it was moved");
        assert_eq!((clock.earliest(130), clock.latest(130)), (100, 102), "jumped over");
        assert_eq!((clock.earliest(170), clock.latest(170)), (120, 120), "after it was moved");
    }
}
