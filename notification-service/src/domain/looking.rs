//! When it is looked for due mails: at once, but not again and again past all that wait for a full domain.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// A look that passes over the mails of full domains goes through all of them. Behind one that found too few the next waits so
/// long, unless one of those domains has a place again.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether it is to be looked, and what the last look passed over.
#[derive(Debug, Default)]
pub struct Looking {
    wanted: bool,
    passed_over: Option<(Instant, BTreeSet<String>)>,
}

/// Whether to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Now.
    Now,
    /// Not before then, unless a domain has a place again.
    At(Instant),
    /// Not before something happens.
    Never,
}

impl Looking {
    /// Something may be due that was not.
    pub const fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether to look, with these domains full.
    pub fn look(&self, full: &[String], now: Instant) -> Look {
        let Some((at, passed)) = self.passed_over.as_ref().filter(|_| self.wanted) else {
            return if self.wanted { Look::Now } else { Look::Never };
        };
        let still_full = passed.iter().all(|domain| full.contains(domain));
        match at.checked_add(PAUSE) {
            Some(then) if still_full && then > now => Look::At(then),
            Some(_) | None => Look::Now,
        }
    }

    /// It is looked now.
    pub const fn looks(&mut self) {
        self.wanted = false;
    }

    /// A look has ended that was to find `asked` and passed over these domains.
    pub fn found(&mut self, found: usize, asked: usize, passed_over: Vec<String>, now: Instant) {
        let is_short = found < asked && !passed_over.is_empty();
        self.passed_over = is_short.then(|| (now, passed_over.into_iter().collect()));
        self.wanted |= found > 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(domains: &[&str]) -> Vec<String> {
        domains.iter().map(|domain| (*domain).to_owned()).collect()
    }

    #[test]
    fn nobody_looks_before_something_may_be_due() {
        let (mut looking, now) = (Looking::default(), Instant::now());
        assert_eq!(looking.look(&[], now), Look::Never);
        looking.want();
        assert_eq!(looking.look(&[], now), Look::Now);
        looking.looks();
        looking.found(0, 12, Vec::new(), now);
        assert_eq!(looking.look(&[], now), Look::Never);
        looking.looks();
        looking.found(12, 12, Vec::new(), now);
        assert_eq!(looking.look(&[], now), Look::Now, "there may be more");
    }

    #[test]
    fn a_look_past_full_domains_that_found_too_few_is_not_repeated_at_once() {
        let (mut looking, now) = (Looking::default(), Instant::now());
        looking.found(1, 8, full(&["slow.example"]), now);
        looking.want();
        assert_eq!(looking.look(&full(&["slow.example", "x.example"]), now), Look::At(now + PAUSE));
        assert_eq!(looking.look(&full(&["slow.example"]), now + PAUSE), Look::Now);
        assert_eq!(looking.look(&full(&["x.example"]), now), Look::Now, "slow.example has a place again");
        looking.found(8, 8, full(&["slow.example"]), now);
        assert_eq!(
            looking.look(&full(&["slow.example"]), now),
            Look::Now,
            "it found all that it was to find"
        );
    }
}
