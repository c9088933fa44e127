//! Ways side by side: in turn, on tables emptied before each round, the totals verified after each.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use e2e::failed::{Failed, expect};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    figures::{median, percentile},
    ground::{Ground, Totals},
    kind::Kind,
    load::{self, Count},
    orders::{Choice, Orders},
    processor,
    scene::Scene,
    way::Way,
};

/// What is measured.
pub(crate) struct Plan {
    pub(crate) scene: Scene,
    pub(crate) choice: fn(&Scene) -> Choice,
    pub(crate) ways: Vec<Kind>,
    pub(crate) clients: Vec<usize>,
    pub(crate) rounds: usize,
    /// How long a round lasts, at most where the orders end.
    pub(crate) longest: Duration,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Round {
    pub(crate) bookings: u64,
    pub(crate) bookings_per_s: u64,
    pub(crate) refusals_per_s: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) refused_p99_us: u64,
    /// None over HTTP, where more processes than these two take part.
    #[serde(flatten)]
    pub(crate) processor: Option<Processor>,
    /// How long what was acknowledged took to be stored, behind the last answer.
    pub(crate) settled_ms: u64,
    /// Units of nights that nobody got.
    pub(crate) left: u64,
    pub(crate) told_to_come_again: u64,
}

/// What a booking took of the processor: of the server, and of clients and way together.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Processor {
    pub(crate) mysqld_us: u64,
    pub(crate) bench_us: u64,
}

/// Rounds of a route that does nothing, by clients.
pub(crate) type Hellos = BTreeMap<usize, Vec<Round>>;

/// A way at so many clients.
pub(crate) type Cell = (usize, Kind);

/// All rounds of all cells.
pub(crate) type Rounds = BTreeMap<Cell, Vec<Round>>;

/// Runs the ways in turn, round by round.
pub(crate) async fn run(ground: &mut Ground, plan: &Plan) -> Result<Rounds, Failed> {
    let mut rounds = Rounds::new();
    let all = plan.clients.len() * plan.rounds * plan.ways.len();
    let bar = bar(all);
    for clients in &plan.clients {
        for _ in 0..plan.rounds {
            for way in &plan.ways {
                bar.set_message(format!("{} with {clients} clients", way.name()));
                let round = round(ground, plan, *way, *clients).await;
                let round = round
                    .map_err(|failed| Failed::new(format!("{}, {clients} clients: {failed}", way.name())))?;
                rounds.entry((*clients, *way)).or_default().push(round);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(rounds)
}

/// A bar for so many rounds.
pub(crate) fn bar(rounds: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(rounds).unwrap_or(0));
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} [{elapsed_precise}, {eta} left] {msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

async fn round(ground: &mut Ground, plan: &Plan, kind: Kind, clients: usize) -> Result<Round, Failed> {
    ground.set(&plan.scene).await?;
    let orders = Arc::new(Orders::new(&ground.rooms, ground.first, (plan.choice)(&plan.scene)));
    let way: Arc<dyn Way> = kind.begin(ground).await?.into();
    let server = processor::mysqld(&ground.pool).await?;
    let before = (processor::taken(&server)?, processor::taken("self")?);
    let count = load::closed(&way, &orders, clients, plan.longest).await?;
    let settling = std::time::Instant::now();
    way.finish().await?;
    let settled = settling.elapsed();
    let after = (processor::taken(&server)?, processor::taken("self")?);
    let totals = verified(ground, &count).await?;
    let each = |taken: u64| taken.checked_div(count.booked()).unwrap_or(0);
    Ok(Round {
        processor: Some(Processor {
            mysqld_us: each(after.0.saturating_sub(before.0)),
            bench_us: each(after.1.saturating_sub(before.1)),
        }),
        settled_ms: u64::try_from(settled.as_millis()).unwrap_or(u64::MAX),
        left: totals.left,
        ..Round::of(&count)
    })
}

/// That hardly an order failed.
pub(crate) fn few_failed(count: &Count) -> Result<(), Failed> {
    let few = count.failed <= count.booked() / 100;
    expect(few, || format!("{} orders failed: {}", count.failed, count.failure.clone().unwrap_or_default()))
}

/// That what was acknowledged is stored, and nothing else, and that hardly an order failed.
pub(crate) async fn verified(ground: &Ground, count: &Count) -> Result<Totals, Failed> {
    few_failed(count)?;
    let totals = ground.totals().await?;
    totals.agree(count.booked(), count.failed)?;
    Ok(totals)
}

impl Round {
    /// What clients counted.
    pub(crate) fn of(count: &Count) -> Self {
        Self {
            bookings: count.booked(),
            bookings_per_s: count.rate(),
            refusals_per_s: count.refusals(),
            p50_us: median(&count.booked_us),
            p99_us: percentile(&count.booked_us, 99),
            refused_p99_us: percentile(&count.refused_us, 99),
            processor: None,
            settled_ms: 0,
            left: 0,
            told_to_come_again: count.later,
        }
    }
}

/// The median of one of the figures of a cell.
pub(crate) fn middle(rounds: &Rounds, cell: Cell, figure: impl Fn(&Round) -> u64) -> Option<u64> {
    let values: Vec<u64> = rounds.get(&cell)?.iter().map(figure).collect();
    Some(median(&values))
}
