//! `republish`: publishes hotels and rooms, or nights, again from the databases, so that a lost event log can be made anew.

mod backlog;
mod source;

use clap::ArgGroup;
use indicatif::HumanCount;
use platform::shutdown::Shutdown;
use uuid::Uuid;

use self::source::{Mark, Source};
use super::{Failure, Stores, interrupt, seed::bar, tell::say};

/// `republish`.
#[derive(Debug, Clone, clap::Args)]
#[command(group(ArgGroup::new("what").required(true)), after_help = TEACHES)]
pub struct RepublishArgs {
    /// Hotels, then rooms, to hotel.events: for search-service and for the stock of booking-service.
    #[arg(long, group = "what")]
    pub hotels: bool,
    /// Nights from today on, to availability.events: for search-service.
    #[arg(long, group = "what")]
    pub nights: bool,
    /// Only this hotel.
    #[arg(long, value_name = "ID")]
    pub hotel: Option<Uuid>,
    /// Go on behind this key: a run that stopped prints it.
    #[arg(long, value_name = "KEY", conflicts_with = "hotel")]
    pub after: Option<String>,
    /// Raise the versions by `republish.raise_by`, so that readers take what they would drop as old: only for a database
    /// that was restored to an earlier moment.
    #[arg(long)]
    pub raise_version: bool,
}

const TEACHES: &str = "\
Every hotel, room or night is put into the outbox of its service once more, as it is now and under the version it has; the
service's relay publishes it. Readers that know it drop it, readers that lost it take it: nothing is harmed by too much. It
may run while everything runs, waits while more than republish.most_waiting events are not published yet, and can be stopped
and continued.

Kafka was lost, or a topic was emptied or made again:
    vacancy admin republish --hotels        first, so that nights find their rooms
    vacancy admin republish --nights
    vacancy admin reindex                   if the search index is not right by then
    vacancy admin audit --wait 60s

The hotel database was restored to an earlier moment, and readers have seen higher versions:
    vacancy admin republish --hotels --raise-version

One hotel that search shows wrongly:
    vacancy admin republish --hotels --hotel 0193a5bf-1111-7c3a-9b1f-2f6a1c9d8e70";

/// What was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Republished {
    /// Hotels, rooms or nights put into the outbox.
    pub told: u64,
    /// Where it stopped; none when it came to its end.
    pub stopped_at: Option<String>,
}

/// Does it and says what came of it. Ctrl-C stops it behind a page.
pub(crate) async fn run(stores: &Stores, args: &RepublishArgs) -> Result<(), Failure> {
    let shutdown = interrupt::on_ctrl_c();
    let done = republish(stores, args, &shutdown).await?;
    say(format!("{} events are in the outbox", HumanCount(done.told)));
    match done.stopped_at {
        Some(key) => say(format!("stopped; go on with --after {key}")),
        None => say("the service publishes them; `vacancy admin audit --wait 60s` tells when it has"),
    }
    Ok(())
}

/// Puts it all into the outbox, page by page.
pub async fn republish(
    stores: &Stores,
    args: &RepublishArgs,
    shutdown: &Shutdown,
) -> Result<Republished, Failure> {
    let mut mark = Mark::of(args)?;
    let source = Source::of(stores, args).await?;
    let total = source.count().await?;
    let bar = bar(total, source.what());
    let mut told = 0u64;
    loop {
        let page = next_page(stores, &source, &mark).await.map_err(|failure| failed_at(&failure, &mark))?;
        told = told.saturating_add(page.told);
        bar.inc(page.told);
        match page.next {
            None => break bar.finish_and_clear(),
            Some(next) => mark = next,
        }
        if shutdown.is_requested() {
            return Ok(Republished { told, stopped_at: Some(mark.key()) });
        }
    }
    Ok(Republished { told, stopped_at: None })
}

async fn next_page(stores: &Stores, source: &Source, mark: &Mark) -> Result<source::Page, Failure> {
    backlog::until_low(source.pool(), &stores.settings.republish, source.service()).await?;
    source.tell(mark).await
}

/// The failure, and how to go on.
fn failed_at(failure: &Failure, mark: &Mark) -> Failure {
    let says = format!("{failure}\n  stopped behind {}", mark.key());
    Failure::refused(says, "what was told stays told; go on with `--after` and that key")
}
