//! `audit`: checks every invariant (domain.md) that the stores can show. It reads, and changes nothing.
//!
//! Each check is a file. Those within the booking database see it as of one moment; those that compare stores say what has
//! not converged, and are tried again while `--wait` lasts.

mod archive;
mod bookings;
mod drained;
mod events;
mod holds;
mod keys;
mod log;
mod lost;
mod mails;
mod money;
mod money_rule;
mod nights;
mod owed;
mod papers;
mod prices;
mod report;
mod search;
mod search_rule;
mod stock;
mod tally;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use platform::causes::BoxError;

use super::{Failure, Stores, duration};

pub use report::{Audited, Outcome};
pub(crate) use report::{exit_code, verdict};
pub use tally::Tally;

/// `audit`.
#[derive(Debug, Clone, clap::Args)]
pub struct AuditArgs {
    /// Wait so long at most until nothing is under way any more: outboxes empty, consumers at the end, stores alike.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration::parse)]
    pub wait: Duration,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Only the checks of these names.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
}

/// One check.
#[async_trait]
pub trait Check: Send + Sync {
    /// Its name in one word.
    fn name(&self) -> &'static str;
    /// What it makes sure of.
    fn promise(&self) -> &'static str;
    /// Whether a breach may heal by itself because stores are still converging.
    fn converges(&self) -> bool {
        false
    }
    /// Looks at everything there is.
    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError>;
}

/// Every check, in the order in which they are run: first whether anything is still under way.
pub fn checks() -> Vec<Box<dyn Check>> {
    let drained = drained::checks();
    let rest: Vec<Box<dyn Check>> = vec![
        Box::new(nights::Nights),
        Box::new(prices::Prices),
        Box::new(holds::Holds),
        Box::new(log::Transitions),
        Box::new(log::Versions),
        Box::new(events::Events),
        Box::new(keys::Keys),
        Box::new(money::Money),
        Box::new(owed::Owed),
        Box::new(papers::Papers),
        Box::new(lost::Lost),
        Box::new(archive::Archive),
        Box::new(stock::Stock),
        Box::new(search::Search),
        Box::new(mails::Mails),
    ];
    drained.into_iter().chain(rest).collect()
}

/// Refuses names of checks that there are none of.
pub(crate) fn known(names: &[String]) -> Result<(), Failure> {
    let all: Vec<&str> = checks().iter().map(|check| check.name()).collect();
    match names.iter().find(|name| !all.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Failure::refused(
            format!("there is no check `{name}`; there are {}", all.join(", ")),
            "take one of them",
        )),
    }
}

/// Runs the checks that are asked for. A check that fails is told as such; the others go on.
pub async fn audit(stores: &Stores, args: &AuditArgs, mut told: impl FnMut(&Audited)) -> Vec<Audited> {
    let deadline = Instant::now().checked_add(args.wait);
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let mut all = Vec::new();
    for check in checks().into_iter().filter(|check| wanted(check.name())) {
        let audited = settled(stores, &*check, deadline).await;
        told(&audited);
        all.push(audited);
    }
    all
}

async fn settled(stores: &Stores, check: &dyn Check, deadline: Option<Instant>) -> Audited {
    let pause = Duration::from_millis(stores.settings.audit.wait_ms);
    loop {
        let begun = Instant::now();
        let result = check.run(stores).await;
        let audited = Audited::of(check, result, begun.elapsed());
        let again = deadline.is_some_and(|deadline| Instant::now() < deadline);
        if audited.outcome == Outcome::Clean || !again || !check.converges() {
            return audited;
        }
        tokio::time::sleep(pause).await;
    }
}
