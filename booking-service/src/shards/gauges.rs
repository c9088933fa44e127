//! What a shard tells of itself in metrics.

use std::time::{Duration, Instant};

use booking_core::shard::{Answer, Class, Refused, Standing};
use domain::ratio::gauge;

/// How often its gauges are set: counting what waits costs a look at every hotel's line.
const EVERY: Duration = Duration::from_millis(250);

/// The gauges of one shard.
pub(super) struct Gauges {
    shard: String,
    told: Instant,
    bisected: u64,
    followed: u64,
}

impl Gauges {
    pub(super) fn new(no: u8) -> Self {
        Self { shard: no.to_string(), told: Instant::now(), bisected: 0, followed: 0 }
    }

    /// Sets them, if it is time.
    pub(super) fn tell(&mut self, standing: impl FnOnce() -> Standing) {
        if self.told.elapsed() < EVERY {
            return;
        }
        self.told = Instant::now();
        let now = standing();
        let waiting =
            [("money", now.money), ("book", now.book), ("upkeep", now.upkeep), ("undecided", now.held)];
        for (class, depth) in waiting {
            metrics::gauge!("booking_mailbox_depth", "shard" => self.shard.clone(), "class" => class)
                .set(size(depth));
        }
        let age = Duration::from_millis(now.oldest_ms).as_secs_f64();
        metrics::gauge!("booking_mailbox_age_seconds", "shard" => self.shard.clone()).set(age);
        metrics::gauge!("booking_batches_in_flight", "shard" => self.shard.clone()).set(size(now.in_flight));
        metrics::gauge!("booking_set_aside", "shard" => self.shard.clone()).set(size(now.set_aside));
        metrics::gauge!("booking_rooms_active", "shard" => self.shard.clone()).set(size(now.rooms));
        metrics::gauge!("booking_nights_remembered", "shard" => self.shard.clone()).set(size(now.nights));
        let cut = now.bisected.saturating_sub(std::mem::replace(&mut self.bisected, now.bisected));
        metrics::counter!("booking_batches_bisected_total").increment(cut);
        let more = now.followed.saturating_sub(std::mem::replace(&mut self.followed, now.followed));
        metrics::counter!("booking_followers_total").increment(more);
    }
}

/// Counts works that were not decided, by their class: which of them is full.
pub(super) fn answered(class: Class, answer: &Answer) {
    let why = match answer {
        Answer::Outcome(_) => return,
        Answer::Overloaded => "overloaded",
        Answer::InProgress => "request_in_progress",
        Answer::Unavailable => "unavailable",
        Answer::Failed => "failed",
    };
    metrics::counter!("booking_works_refused_total", "why" => why, "class" => word(class)).increment(1);
}

/// Counts works that the rules refused.
pub(super) fn refused(refused: Refused) {
    for ((code, fresh), works) in refused {
        let fresh = if fresh { "true" } else { "false" };
        metrics::counter!("booking_refusals_total", "code" => code, "fresh" => fresh).increment(works);
    }
}

/// A class, as metrics and logs call it.
pub(super) const fn word(class: Class) -> &'static str {
    match class {
        Class::Money => "money",
        Class::Book => "book",
        Class::Upkeep => "upkeep",
    }
}

/// A number of things, as gauges and histograms take it.
pub(super) fn size(count: usize) -> f64 {
    gauge(u64::try_from(count).unwrap_or(u64::MAX))
}
