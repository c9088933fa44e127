//! Whole lifecycles: a hold, paid at the sandbox, BOOKED, numbered, told to Kafka, shown by search, mailed to both; with every
//! service and server on this machine, and what each takes of the processor.

mod end;
mod processes;
mod traveller;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::NaiveDate;
use domain::{HotelId, RoomId};
use e2e::{
    failed::{Failed, expect},
    world::World,
};
use sqlx::MySqlPool;
use uuid::Uuid;

use self::{end::Stores, processes::Processes, traveller::Travellers};
use crate::{
    figures::{Figures, median, millis, percentile},
    freshness,
    load::{self, Count},
    machine::Machine,
    order::Room,
    orders::{Choice, Orders},
    scene::first_night,
    told::OrFailed as _,
    way::Way,
};

const ROOMS: u32 = 10_000;
/// Nights ahead that are booked.
const NIGHTS: u32 = 90;
/// Last rooms that are booked and looked for in search, one after the other, while all this goes on; so many at most.
const LOOKS: u32 = 400;
/// Between two looks: a tenth of what freshness may take, and few enough to leave the processors to what is measured.
const LOOK: Duration = Duration::from_millis(100);

/// Lets clients live lifecycles for so long, waits until the last one is whole, and tells rates and processors. As long before
/// that nothing is counted: Java servers compile what runs hot, and connections are opened.
pub(crate) async fn measure(
    world: &World,
    endpoints: &Path,
    clients: usize,
    long: Duration,
) -> Result<Figures, Failed> {
    let stores = Stores::of(world).await?;
    let rooms = rooms(&stores.booking).await?;
    let today: NaiveDate =
        sqlx::query_scalar("select utc_date()").fetch_one(&stores.booking).await.or_failed()?;
    let orders = Arc::new(Orders::new(&rooms, first_night(today), Choice::Uniform(NIGHTS)));
    let travellers: Arc<dyn Way> = Arc::new(Travellers::new(world)?);
    let cold = stores.ends().await?;
    let warmed = lived(load::closed(&travellers, &orders, clients, long).await?)?;
    stores.whole(&cold, warmed.booked()).await?;
    let (before, processes) = (stores.ends().await?, Processes::of(endpoints)?);
    let (began, over) = (Instant::now(), AtomicBool::new(false));
    let lives = async {
        let count = load::closed(&travellers, &orders, clients, long).await;
        over.store(true, Ordering::Relaxed);
        let count = lived(count?)?;
        stores.whole(&before, count.booked()).await?;
        Ok::<_, Failed>((count, began.elapsed()))
    };
    let (lived, looked) = tokio::join!(lives, freshness::times(world, LOOKS, LOOK, &over));
    let ((count, took), looked) = (lived?, looked?);
    let each = processes.each(count.booked())?;
    world.audit().await?;
    let mut figures = Figures::default();
    figures.tell("machine", Machine::this().to_string());
    figures.tell("clients, rooms", format!("{clients}, {}", rooms.len()));
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
    Ok(figures)
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

async fn rooms(booking: &MySqlPool) -> Result<Vec<Room>, Failed> {
    let sql =
        "select hotel_id, room_id from room_stock where is_active and hotel_active and not stop_sell limit ?";
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(sql).bind(ROOMS).fetch_all(booking).await.or_failed()?;
    expect(!rows.is_empty(), || "no room is on sale: `cargo xtask bench` brings sample data".to_owned())?;
    let room = |(hotel, room)| Room { hotel_id: HotelId::from_uuid(hotel), room_id: RoomId::from_uuid(room) };
    Ok(rows.into_iter().map(room).collect())
}
