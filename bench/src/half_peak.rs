//! How long a booking takes when the room is hot but nobody is at the limit: half of what each way does at most, evenly paced.

use std::{sync::Arc, time::Duration};

use e2e::failed::Failed;

use crate::{
    compare::{bar, verified},
    figures::{Figures, median, millis, percentile},
    ground::Ground,
    how::How,
    kind::Kind,
    load::{self, Count},
    orders::{Choice, Orders},
    scene::Scene,
    way::Way,
};

/// At which each way shows its most.
const CLIENTS: usize = 1_024;

/// Each way at its most, and then at half of that, round by round.
pub(crate) async fn measure(ground: &mut Ground, how: &How, figures: &mut Figures) -> Result<(), Failed> {
    let How { ways, rounds, .. } = how;
    let long = how.long();
    let bar = bar(rounds * ways.len());
    let mut seen: Vec<(Kind, u64, u64, u64)> = Vec::new();
    for _ in 0..*rounds {
        for way in ways {
            bar.set_message(way.name());
            let most = at(ground, *way, long, None).await?.rate();
            let half = at(ground, *way, long, Some(most / 2)).await?;
            seen.push((*way, most, median(&half.booked_us), percentile(&half.booked_us, 99)));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    for way in ways {
        let of = |figure: fn(&(Kind, u64, u64, u64)) -> u64| {
            median(&seen.iter().filter(|one| one.0 == *way).map(figure).collect::<Vec<_>>())
        };
        let (most, p50, p99) = (of(|one| one.1), of(|one| one.2), of(|one| one.3));
        let told = format!("{} of {most} bookings/s: p50 {}, p99 {}", most / 2, millis(p50), millis(p99));
        figures.tell(way.name(), told);
    }
    Ok(())
}

/// A round at the most, or at so many orders a second.
async fn at(ground: &mut Ground, kind: Kind, long: Duration, pace: Option<u64>) -> Result<Count, Failed> {
    ground.set(&Scene::HOT).await?;
    let orders = Arc::new(Orders::new(&ground.rooms, ground.first, Choice::Uniform(Scene::HOT.nights)));
    let way: Arc<dyn Way> = kind.begin(ground).await?.into();
    let count = match pace {
        Some(pace) => load::paced(&way, &orders, pace, long).await?,
        None => load::closed(&way, &orders, CLIENTS, long).await?,
    };
    way.finish().await?;
    verified(ground, &count).await?;
    Ok(count)
}
