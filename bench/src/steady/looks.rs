//! Looks at who is behind, one a second, from the first booking until nothing is left to read.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use e2e::failed::{Failed, expect};
use tokio::time::{MissedTickBehavior, interval};

use crate::lag::{Lags, Look};

/// Between two looks: the figure's grain. A look under load may take longer, and the next one comes behind it.
const EVERY: Duration = Duration::from_secs(1);
/// Whoever has not read it all by then is not behind but stands still.
const PATIENCE: Duration = Duration::from_mins(20);

/// In the order in which they were made.
pub(super) struct Looks(Vec<Look>);

impl Looks {
    /// Looks until the load is over and nothing is left. A look that fails, as Kafka's answer may take too long, is left out.
    pub(super) async fn until_read(lags: &Lags, over: &AtomicBool) -> Result<Self, Failed> {
        let (mut looks, mut ended) = (Vec::new(), None);
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if over.load(Ordering::Relaxed) {
                ended.get_or_insert_with(Instant::now);
            }
            let look = lags.look().await;
            let behind = look.as_ref().map_or_else(ToString::to_string, |look| format!("{:?}", look.behind));
            let is_read = look.as_ref().is_ok_and(|look| look.sum() == 0);
            looks.extend(look);
            if ended.is_some() && is_read {
                return Ok(Self(looks));
            }
            let patient = ended.is_none_or(|ended| ended.elapsed() < PATIENCE);
            expect(patient, || format!("not all is read: {behind}"))?;
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Who is looked at.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.0.first().map(|look| look.behind.keys().copied().collect()).unwrap_or_default()
    }

    /// How far one was behind when it was furthest.
    pub(super) fn most(&self, name: &str) -> u64 {
        self.0.iter().map(|look| look.of(name)).max().unwrap_or(0)
    }

    /// How far one was behind at the first look from a moment on.
    pub(super) fn at(&self, moment: Instant, name: &str) -> u64 {
        self.from(moment).next().map_or(0, |look| look.of(name))
    }

    /// How long behind the end nothing was left for one.
    pub(super) fn done(&self, end: Instant, name: &str) -> Option<Duration> {
        let look = self.from(end).find(|look| look.is_done(name))?;
        Some(look.ended.saturating_duration_since(end))
    }

    fn from(&self, moment: Instant) -> impl Iterator<Item = &Look> {
        self.0.iter().filter(move |look| look.began >= moment)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lag::OUTBOX;

    #[test]
    fn a_reader_is_done_when_nothing_is_left_to_publish_either() {
        let began = Instant::now();
        let seconds = |seconds| began + Duration::from_secs(seconds);
        let look = |at, outbox, reader| Look {
            began: seconds(at),
            ended: seconds(at) + Duration::from_millis(200),
            behind: BTreeMap::from([(OUTBOX, outbox), ("reader", reader)]),
        };
        let looks = Looks(vec![
            look(0, 0, 0),
            look(1, 3, 70),
            look(2, 4, 50),
            look(3, 1, 0),
            look(4, 0, 1),
            look(5, 0, 0),
        ]);
        assert_eq!((looks.most("reader"), looks.at(seconds(2), "reader")), (70, 50));
        assert_eq!(looks.done(seconds(2), "reader"), Some(Duration::from_millis(3_200)));
        assert_eq!(looks.done(seconds(2), OUTBOX), Some(Duration::from_millis(2_200)));
        assert_eq!(looks.done(seconds(6), "reader"), None);
    }
}
