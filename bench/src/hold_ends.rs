//! How late rooms come back: both ways in which Redis tells of holds, with Redis healthy, killed and flushed, with a provider that
//! hangs, and with thousands of holds that end in one second.
//!
//! Holds are made over HTTP as any. Their ends are then moved near, in MySQL and in what Redis was told: the product has no
//! hold shorter than a minute, and nobody makes 20,000 within one second.

mod ends;
mod hints;
mod trouble;

use std::{sync::Arc, time::Duration};

use chrono::NaiveDate;
use domain::{HotelId, RoomId};
use e2e::{
    failed::{Failed, expect},
    world::World,
};
use uuid::Uuid;

use self::{
    ends::{Near, Stores},
    hints::Hints,
    trouble::Trouble,
};
use crate::{
    compare::bar,
    figures::{Figures, median, millis, percentile},
    http::Product,
    load,
    order::Room,
    orders::{Choice, Orders},
    way::Way,
};

/// Clients that make the holds.
const CLIENTS: usize = 256;
/// Long enough for each crowd to be made.
const PATIENCE: Duration = Duration::from_mins(5);

/// Holds that end within a time, and what goes wrong meanwhile.
struct Row {
    holds: u32,
    within_ms: u32,
    trouble: Trouble,
}

/// A few a second, and one crowd.
const ROWS: [Row; 5] = [
    Row { holds: 1_000, within_ms: 10_000, trouble: Trouble::None },
    Row { holds: 1_000, within_ms: 10_000, trouble: Trouble::RedisKilled },
    Row { holds: 1_000, within_ms: 10_000, trouble: Trouble::RedisFlushed },
    Row { holds: 1_000, within_ms: 10_000, trouble: Trouble::ProviderHangs },
    Row { holds: 20_000, within_ms: 1_000, trouble: Trouble::None },
];

/// Every row with each way of hints; the service runs as before when it is over.
pub(crate) async fn measure(world: &World, figures: &mut Figures) -> Result<(), Failed> {
    let measured = rows(world, figures).await;
    hints::usual(world).await?;
    measured?;
    world.audit().await
}

async fn rows(world: &World, figures: &mut Figures) -> Result<(), Failed> {
    let stores = Stores::of(world)?;
    let bar = bar(2 * ROWS.len());
    for hints in [Hints::Keyspace, Hints::Queue] {
        hints::start(world, hints).await?;
        let product = Product::make(world).await?;
        for row in &ROWS {
            let late = late(world, &stores, &product, hints, row).await?;
            bar.suspend(|| figures.tell(&row.says(hints), told(&late)));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

impl Row {
    fn says(&self, hints: Hints) -> String {
        let Self { holds, within_ms, trouble } = self;
        format!("{hints}: {holds} holds within {} s, {trouble}: late p50, p99, longest", within_ms / 1_000)
    }
}

fn told(late: &[u64]) -> String {
    [median(late), percentile(late, 99), percentile(late, 100)].map(millis).join(", ")
}

/// By how much each end came late, in microseconds.
async fn late(
    world: &World,
    stores: &Stores,
    product: &Arc<Product>,
    hints: Hints,
    row: &Row,
) -> Result<Vec<u64>, Failed> {
    product.next_nights();
    held(product, row.holds).await?;
    let near = Near { hotel: product.hotel_id()?, from: ends::soon(world).await?, within_ms: row.within_ms };
    let moved = stores.move_near(&near, hints).await?;
    expect(moved == row.holds, || format!("{} holds made, {moved} found", row.holds))?;
    row.trouble.begin(world, stores).await?;
    let late = stores.all_end(&near).await;
    row.trouble.end(world).await?;
    late
}

/// Holds as travellers make them; of each night of the round alike.
async fn held(product: &Arc<Product>, count: u32) -> Result<(), Failed> {
    // The product chooses room and nights itself.
    let room = Room { hotel_id: HotelId::from_uuid(Uuid::nil()), room_id: RoomId::from_uuid(Uuid::nil()) };
    let orders = Choice::List((0..count).map(|_| (0, 0, 1)).collect());
    let orders = Arc::new(Orders::new(&[room], NaiveDate::default(), orders));
    let way: Arc<dyn Way> = product.clone();
    let made = load::closed(&way, &orders, CLIENTS, PATIENCE).await?;
    expect(made.booked() == u64::from(count), || {
        format!("{} of {count} holds were made: {:?}", made.booked(), made.failure)
    })
}
