//! Where the processor goes: one booking on a hot room, in microseconds of all cores, beside what was reckoned.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use booking_core::{Created, Deciding, Outcome, Task, Wanted, Work, batch};
use booking_service::store::{Ledger as _, mysql::MySqlLedger};
use e2e::failed::{Failed, expect};
use platform::mysql::Tx;

use crate::{
    compare::bar,
    figures::{Figures, micros},
    ground::Ground,
    kind::Kind,
    load,
    order::Order,
    orders::{Choice, Orders},
    processor,
    request::{Requests, rules},
    scene::Scene,
    told::OrFailed as _,
    way::Way,
};

const CLIENTS: usize = 1_024;
/// Works of a batch, and rows of an insert.
const BATCH: usize = 1_024;
const INSERTS: usize = 40;

/// What is reckoned for the row with its unique keys and indexes; for the rest of MySQL's part (the look-up of the key, open
/// holds, outbox, nights, stock, COMMIT); for the decision; the facts as JSON; and for text, mailbox and answer.
const RECKONED: [u64; 5] = [48, 10, 4, 5, 6];

/// Measures whole and parts, and tells them beside what was reckoned.
pub(crate) async fn measure(
    ground: &mut Ground,
    long: Duration,
    figures: &mut Figures,
) -> Result<(), Failed> {
    let bar = bar(3);
    bar.set_message(format!("ours with {CLIENTS} clients"));
    let (whole_mysqld, whole_own) = whole(ground, long).await?;
    bar.inc(1);
    bar.set_message("bare inserts");
    let row = row(ground).await?;
    bar.inc(1);
    bar.set_message("the rules alone");
    let (deciding, json) = decision(ground).await?;
    bar.finish_and_clear();
    let rest_of_mysqld = whole_mysqld.saturating_sub(row);
    let rest_of_own = whole_own.saturating_sub(deciding).saturating_sub(json);
    let parts = [
        ("the row with its unique keys and indexes, bare inserts", row),
        ("MySQL besides: keys, holds, outbox, nights, stock, COMMIT", rest_of_mysqld),
        ("the decision, with its nights and plan", deciding),
        ("facts to JSON", json),
        ("the process besides: text, mailbox, answer, and the clients", rest_of_own),
    ];
    for ((part, measured), reckoned) in parts.into_iter().zip(RECKONED) {
        figures.tell(part, format!("{measured} us (reckoned {reckoned})"));
    }
    let reckoned: u64 = RECKONED.iter().sum();
    figures
        .tell("a booking, both processes", format!("{} us (reckoned {reckoned})", whole_mysqld + whole_own));
    Ok(())
}

/// Ours at 1,024 clients: what a booking takes of the server's processor, and of this process's.
async fn whole(ground: &mut Ground, long: Duration) -> Result<(u64, u64), Failed> {
    ground.set(&Scene::HOT).await?;
    let orders = Arc::new(Orders::new(&ground.rooms, ground.first, Choice::Uniform(Scene::HOT.nights)));
    let way: Arc<dyn Way> = Kind::Ours.begin(ground).await?.into();
    let server = processor::mysqld(&ground.pool).await?;
    let before = (processor::taken(&server)?, processor::taken("self")?);
    let count = load::closed(&way, &orders, CLIENTS, long).await?;
    way.finish().await?;
    let each = |now: u64, before: u64| now.saturating_sub(before) / count.booked().max(1);
    Ok((each(processor::taken(&server)?, before.0), each(processor::taken("self")?, before.1)))
}

fn some(ground: &Ground, count: usize) -> Vec<Order> {
    let orders = Orders::new(&ground.rooms, ground.first, Choice::Uniform(Scene::HOT.nights));
    std::iter::from_fn(|| orders.next()).take(count).collect()
}

/// Nothing but the rows, many at once, by one writer.
async fn row(ground: &mut Ground) -> Result<u64, Failed> {
    ground.set(&Scene::HOT).await?;
    let server = processor::mysqld(&ground.pool).await?;
    let before = processor::taken(&server)?;
    for _ in 0..INSERTS {
        let orders = some(ground, BATCH);
        let mut tx = Tx::begin(&ground.pool).await.or_failed()?;
        ground.rows.bookings(&orders).build().execute(tx.conn()).await.or_failed()?;
        tx.commit().await.or_failed()?;
    }
    let rows = u64::try_from(INSERTS * BATCH).unwrap_or(u64::MAX);
    Ok(processor::taken(&server)?.saturating_sub(before) / rows)
}

/// The rules alone, on what was read once: for the decision, and for the facts as JSON.
async fn decision(ground: &mut Ground) -> Result<(u64, u64), Failed> {
    ground.set(&Scene::HOT).await?;
    let (requests, rules) = (Requests::new()?, rules()?);
    let mut works = Vec::new();
    let mut wanted = Wanted::default();
    for order in some(ground, BATCH) {
        let task = Task::Book(Box::new(requests.of(&order)?), order.booking_id);
        let work = Work { hotel_id: order.room.hotel_id, task };
        wanted.merge(work.wanted());
        works.push(work);
    }
    let mut snapshot = MySqlLedger::new(ground.pool.clone()).load(&wanted).await.or_failed()?;
    let began = Instant::now();
    let (outcomes, _plan) =
        batch(&mut snapshot, &works, &Deciding { rules: &rules, body: &|_, _| Vec::new() });
    let deciding = began.elapsed();
    let mut facts = Vec::new();
    for outcome in &outcomes {
        if let Outcome::Created(Created::New(record)) = outcome {
            facts.push(&record.facts);
        }
    }
    expect(facts.len() == BATCH, || "the rules refused what nobody sells out".to_owned())?;
    let began = Instant::now();
    let bytes = facts.iter().map(|facts| serde_json::to_vec(facts).map(|json| json.len()));
    let written: usize = bytes.sum::<Result<_, _>>()?;
    let json = began.elapsed();
    expect(written > 0, || "no facts were written".to_owned())?;
    let each = |time| micros(time) / u64::try_from(BATCH).unwrap_or(1);
    Ok((each(deciding), each(json)))
}
