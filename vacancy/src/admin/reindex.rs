//! `reindex`: rebuilds the search index from the compacted topics, with search-service's own code and settings.

use std::time::Duration;

use indicatif::{HumanCount, ProgressBar};
use search_service::{SearchApp, reindex::reindex};

use super::{
    Failure, interrupt,
    settings::{self, Settings},
    tell::say,
};

const NEXT: &str =
    "searches go on with the old index; see that Kafka and Elasticsearch answer, then run it again";

/// Rebuilds the index and says what it did. Ctrl-C gives it up and leaves the old index.
pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    let search = settings::of_service::<SearchApp>(settings.service_settings.search.as_ref())?;
    let shutdown = interrupt::on_ctrl_c();
    let spinner =
        ProgressBar::new_spinner().with_message("reading hotel.events and availability.events to their end");
    spinner.enable_steady_tick(Duration::from_millis(120));
    let done = reindex(&search, &shutdown).await;
    spinner.finish_and_clear();
    let done = done.map_err(Failure::doing("rebuilding the index", NEXT))?;
    say(format!("index    {}", done.index));
    say(format!("replaced {}", done.replaced.join(", ")));
    if !done.orphans.is_empty() {
        say(format!("removed  {}, left behind by killed rebuilds", done.orphans.join(", ")));
    }
    say(format!("rooms    {} that can be found", HumanCount(done.visible_rooms)));
    say(format!("took     {:.1} s", done.took.as_secs_f64()));
    Ok(())
}
