//! 1,000 bookings a second over 10,000 rooms of the running product, every reader alive: what is acknowledged, how long an answer
//! takes, and how far relay and readers are behind.
//!
//! A booking made is a hold, which nobody pays: its events are those of a booking and of its nights, read by search, mgmt,
//! notification and archive. Nothing of it is mailed, and nothing is archived.

mod bookers;
mod looks;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};

use self::{
    bookers::{Bookers, agrees},
    looks::Looks,
};
use crate::{
    compare::bar,
    figures::{Figures, median, millis, percentile},
    lag::Lags,
    load::{self, Count},
    on_sale,
    orders::Orders,
    processes::Processes,
    way::Way,
};

/// The pace, whatever the machine can do.
const PER_SECOND: u64 = 1_000;
/// So much of it in answers is the pace: they are divided by a time that has the wait for the last one in it.
const KEPT_PERCENT: u64 = 95;

/// What one load came to.
struct Load {
    count: Count,
    /// When the last answer had come.
    ended: Instant,
    looks: Looks,
}

/// Orders at the pace for so long, and until all is read; and the same before that, which is not told: Java servers compile what runs
/// hot, and connections are opened. A machine that cannot keep the pace is told as such.
pub(crate) async fn measure(
    world: &World,
    endpoints: &Path,
    long: Duration,
    figures: &mut Figures,
) -> Result<(), Failed> {
    let lags = Lags::of(world)?;
    let orders = on_sale::orders(&lags.booking).await?;
    let bookers = Arc::new(Bookers::new(world)?);
    let way: Arc<dyn Way> = bookers.clone();
    let bar = bar(2);
    bar.set_message("warming up");
    under_load(&lags, &way, &orders, long).await?;
    bar.inc(1);
    bar.set_message(format!("{PER_SECOND} bookings/s"));
    let before = bookers.stored(&lags.booking).await?;
    let processes = Processes::of(endpoints)?;
    let load = under_load(&lags, &way, &orders, long).await?;
    let each = processes.each(load.count.booked())?;
    bar.finish_and_clear();
    let stored = bookers.stored(&lags.booking).await?;
    agrees(&load.count, stored.saturating_sub(before))?;
    world.audit().await?;
    figures.tell("rooms", orders.rooms().to_string());
    acknowledged(&load.count, figures);
    behind(&load, figures);
    for (name, micros) in &each {
        figures.tell(&format!("processor of a booking, {name}"), format!("{micros} us"));
    }
    let sum: u64 = each.iter().map(|(_, micros)| micros).sum();
    figures.tell("processor of a booking, all", format!("{sum} us"));
    Ok(())
}

async fn under_load(
    lags: &Lags,
    way: &Arc<dyn Way>,
    orders: &Arc<Orders>,
    long: Duration,
) -> Result<Load, Failed> {
    let over = AtomicBool::new(false);
    let load = async {
        let count = load::paced(way, orders, PER_SECOND, long).await;
        over.store(true, Ordering::Relaxed);
        (count, Instant::now())
    };
    let ((count, ended), looks) = tokio::join!(load, Looks::until_read(lags, &over));
    Ok(Load { count: count?, ended, looks: looks? })
}

fn acknowledged(count: &Count, figures: &mut Figures) {
    let Count { later, failed, .. } = count;
    figures.tell("bookings/s asked for", PER_SECOND.to_string());
    figures.tell("bookings/s acknowledged, to the last answer", count.rate().to_string());
    figures.tell("the pace was kept", if keeps(count) { "yes" } else { "no" });
    figures.tell(
        "booked, refused, told to come again, failed",
        format!("{}, {}, {later}, {failed}", count.booked(), count.refused_us.len()),
    );
    if let Some(failure) = &count.failure {
        figures.tell("the first that failed", failure.clone());
    }
    figures.tell("from when an order was due to its answer, p50", millis(median(&count.booked_us)));
    figures.tell("from when an order was due to its answer, p99", millis(percentile(&count.booked_us, 99)));
}

/// A refusal is an answer, too; to be told to come again is none.
fn keeps(count: &Count) -> bool {
    let answers = count.rate().saturating_add(count.refusals());
    answers.saturating_mul(100) >= PER_SECOND.saturating_mul(KEPT_PERCENT)
}

/// A lag that grows from the half to the end has no bound at this pace.
fn behind(load: &Load, figures: &mut Figures) {
    let Load { count, ended, looks } = load;
    let half = ended.checked_sub(count.took / 2).unwrap_or(*ended);
    figures.tell("looks at who is behind, one a second", looks.count().to_string());
    for name in looks.names() {
        let (most, half, end) = (looks.most(name), looks.at(half, name), looks.at(*ended, name));
        figures
            .tell(&format!("{name}: behind at most, half way, at the end"), format!("{most}, {half}, {end}"));
        let done = looks.done(*ended, name).unwrap_or_default();
        figures.tell(
            &format!("{name}: nothing left behind the last answer"),
            format!("{} ms", done.as_millis()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_the_pace_and_whoever_is_to_come_again_does_not() {
        let count = |booked, refused, later| Count {
            booked_us: vec![1; booked],
            refused_us: vec![1; refused],
            later,
            took: Duration::from_secs(1),
            ..Count::default()
        };
        assert!(keeps(&count(950, 10, 40)));
        assert!(!keeps(&count(700, 10, 290)));
    }
}
