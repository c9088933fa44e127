//! Whole lifecycles: a hold, paid at the sandbox, BOOKED, numbered, told to Kafka, shown by search, mailed to both; with every
//! service and server on this machine, and what each takes of the processor.

mod end;
mod traveller;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{
    failed::{Failed, expect},
    world::World,
};
use indicatif::{ProgressBar, ProgressDrawTarget};

use self::{end::Stores, traveller::Travellers};
use crate::{
    compare::bar,
    figures::{Figures, median, millis, percentile},
    freshness,
    load::{self, Count},
    on_sale,
    processes::Processes,
    way::Way,
};

/// Last rooms that are booked and looked for in search, one after the other, while all this goes on; so many at most.
const LOOKS: u64 = 400;
/// Between two looks: a tenth of what freshness may take, and few enough to leave the processors to what is measured.
const LOOK: Duration = Duration::from_millis(100);

/// Lets clients live lifecycles for so long, waits until the last one is whole, and tells rates and processors. As long before
/// that nothing is counted: Java servers compile what runs hot, and connections are opened.
pub(crate) async fn measure(
    world: &World,
    endpoints: &Path,
    (clients, long): (usize, Duration),
    figures: &mut Figures,
) -> Result<(), Failed> {
    let stores = Stores::of(world).await?;
    let orders = on_sale::orders(&stores.lags.booking).await?;
    let travellers: Arc<dyn Way> = Arc::new(Travellers::new(world)?);
    let cold = stores.ends().await?;
    let bar = bar(4);
    bar.set_message(format!("warming up: {clients} clients live"));
    let warmed = lived(load::closed(&travellers, &orders, clients, long).await?)?;
    bar.inc(1);
    stores.whole(&cold, warmed.booked(), &bar).await?;
    bar.inc(1);
    bar.set_message(format!("{clients} clients live for {} s", long.as_secs()));
    let (before, processes) = (stores.ends().await?, Processes::of(endpoints)?);
    let (began, over) = (Instant::now(), AtomicBool::new(false));
    let lives = async {
        let count = load::closed(&travellers, &orders, clients, long).await;
        over.store(true, Ordering::Relaxed);
        let count = lived(count?)?;
        bar.inc(1);
        stores.whole(&before, count.booked(), &bar).await?;
        Ok::<_, Failed>((count, began.elapsed()))
    };
    // One bar at a time.
    let looks = ProgressBar::with_draw_target(Some(LOOKS), ProgressDrawTarget::hidden());
    let (lived, looked) = tokio::join!(lives, freshness::times(world, LOOK, &over, &looks));
    bar.finish_and_clear();
    let ((count, took), looked) = (lived?, looked?);
    let each = processes.each(count.booked())?;
    world.audit().await?;
    figures.tell("clients, rooms", format!("{clients}, {}", orders.rooms()));
    figures.tell(
        "lifecycles, refused, failed",
        format!("{}, {}, {}", count.booked(), count.refused_us.len(), count.failed),
    );
    figures.tell("lifecycles/s, to the last mail", per_second(count.booked(), took).to_string());
    figures.tell("paid/s, while clients paid", count.rate().to_string());
    figures
        .tell("whole behind the last payment", format!("{} ms", took.saturating_sub(count.took).as_millis()));
    figures.tell("hold and payment, p50", millis(median(&count.booked_us)));
    figures.tell("hold and payment, p99", millis(percentile(&count.booked_us, 99)));
    figures.tell("booking to absence from search meanwhile, p50", millis(median(&looked)));
    figures.tell("booking to absence from search meanwhile, p99", millis(percentile(&looked, 99)));
    for (name, micros) in &each {
        figures.tell(&format!("processor of a lifecycle, {name}"), format!("{micros} us"));
    }
    let sum: u64 = each.iter().map(|(_, micros)| micros).sum();
    figures.tell("processor of a lifecycle, all", format!("{sum} us"));
    Ok(())
}

/// Few may fail: such an order may have been carried out, and is then in nobody's count.
fn lived(count: Count) -> Result<Count, Failed> {
    let few = count.failed <= count.booked() / 100;
    expect(few, || format!("{} lifecycles failed: {:?}", count.failed, count.failure))?;
    Ok(count)
}

fn per_second(count: u64, took: Duration) -> u64 {
    count.saturating_mul(1_000) / u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1)
}
