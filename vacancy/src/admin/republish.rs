//! `republish`: publishes hotels and rooms, nights, or events of bookings, again from the databases, so that a lost event log can be made anew.

mod args;
mod backlog;
mod source;

use hotel_service::republish::PassedBy;
use indicatif::HumanCount;
use platform::shutdown::Shutdown;

use self::source::{Mark, Source};
use super::{Failure, Stores, interrupt, seed::bar, tell::say};

pub use self::args::RepublishArgs;

/// What was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Republished {
    /// Hotels, rooms, nights or events of bookings put into the outbox.
    pub told: u64,
    /// Rows that could not be told. They hold nothing up, and the command fails for them in the end.
    pub passed_by: Vec<PassedBy>,
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
    match names(&done.passed_by) {
        None => Ok(()),
        Some(names) => Err(Failure::refused(
            names,
            "mend these rows, then tell them with `--hotel ID`, without `--raise-version` if the others were raised",
        )),
    }
}

/// The rows that were passed by, each with what is wrong with it; none if none was.
fn names(passed_by: &[PassedBy]) -> Option<String> {
    let rows = passed_by.iter().map(|PassedBy { row, why }| format!("\n  {row}: {why}"));
    let count = HumanCount(u64::try_from(passed_by.len()).unwrap_or(u64::MAX));
    (!passed_by.is_empty())
        .then(|| format!("{count} rows cannot be told and were passed by:{}", rows.collect::<String>()))
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
    let mut done = Republished::default();
    loop {
        let page = next_page(stores, &source, &mark).await;
        let page = page.map_err(|failure| failed_at(&failure, &mark, &done.passed_by))?;
        done.told = done.told.saturating_add(page.told);
        done.passed_by.extend(page.passed_by);
        bar.inc(page.seen);
        match page.next {
            None => break bar.finish_and_clear(),
            Some(next) => mark = next,
        }
        if shutdown.is_requested() {
            return Ok(Republished { stopped_at: Some(mark.key()), ..done });
        }
    }
    Ok(done)
}

async fn next_page(stores: &Stores, source: &Source, mark: &Mark) -> Result<source::Page, Failure> {
    backlog::until_low(source.pool(), &stores.settings.republish, source.service()).await?;
    source.tell(mark).await
}

/// The failure, and how to go on.
fn failed_at(failure: &Failure, mark: &Mark, passed_by: &[PassedBy]) -> Failure {
    let passed_by = names(passed_by).map_or_else(String::new, |names| format!("\n{names}"));
    let says = format!("{failure}\n  stopped behind {}{passed_by}", mark.key());
    Failure::refused(says, "what was told stays told; go on with `--after` and that key")
}
