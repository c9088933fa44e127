//! `dlq`: what a consumer group refused. Replay hands it to that group's own handler.

mod handlers;

use clap::Subcommand;
use events::dlq::{DeadLetters, Letter};

use super::{Failure, Group, Stores, failure::IS_IT_UP, tell::say};

/// `dlq ...`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DlqCommand {
    /// The letters of a group, oldest first per partition.
    List {
        /// The group.
        #[arg(long)]
        group: String,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// One letter, whole.
    Show {
        /// The group.
        #[arg(long)]
        group: String,
        /// PARTITION/OFFSET, as `list` shows it.
        letter: String,
    },
    /// Hand letters to the group's handler, one after the other, until one is refused again.
    Replay {
        /// The group.
        #[arg(long)]
        group: String,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Forget letters, oldest first.
    Discard {
        /// The group.
        #[arg(long)]
        group: String,
        /// How many: there is no default on purpose.
        #[arg(long)]
        limit: usize,
    },
}

/// Does it and says what came of it.
pub(crate) async fn run(stores: &Stores, command: &DlqCommand) -> Result<(), Failure> {
    match command {
        DlqCommand::List { group, limit } => list(&letters(stores, group)?, *limit).await,
        DlqCommand::Show { group, letter } => show(stores, group, letter).await,
        DlqCommand::Replay { group, limit } => replay(stores, group, *limit).await,
        DlqCommand::Discard { group, limit } => {
            let gone = letters(stores, group)?.discard(*limit).await;
            let gone = gone.map_err(Failure::doing("discarding letters", IS_IT_UP))?;
            say(format!("{gone} letters of {group} are gone"));
            Ok(())
        }
    }
}

fn known(group: &str) -> Result<Group, Failure> {
    let says = || format!("`{group}` is no group of ours; there are {}", Group::names());
    Group::named(group).ok_or_else(|| Failure::refused(says(), "take one of them"))
}

fn letters(stores: &Stores, group: &str) -> Result<DeadLetters, Failure> {
    let group = known(group)?;
    Ok(DeadLetters::new(stores.kafka.clone(), stores.settings.named(group.topic), group.name))
}

async fn list(letters: &DeadLetters, limit: usize) -> Result<(), Failure> {
    let found = letters.list(limit).await.map_err(Failure::doing("reading the letters", IS_IT_UP))?;
    for letter in &found {
        say(format!("{}/{}  {}  {}", letter.partition, letter.offset, letter.record.key, letter.reason));
    }
    say(format!(
        "{} letters{}",
        found.len(),
        if found.len() == limit { ", perhaps more: raise --limit" } else { "" }
    ));
    Ok(())
}

async fn show(stores: &Stores, group: &str, place: &str) -> Result<(), Failure> {
    let wrong = || Failure::refused(format!("`{place}` is no PARTITION/OFFSET"), "copy one from `dlq list`");
    let (partition, offset) = place.split_once('/').ok_or_else(wrong)?;
    let (partition, offset) = (partition.parse().map_err(|_| wrong())?, offset.parse().map_err(|_| wrong())?);
    let within = stores.settings.audit.letters;
    let found = letters(stores, group)?.show(partition, offset, within).await;
    let found = found.map_err(Failure::doing("reading the letters", IS_IT_UP))?;
    let letter = found.ok_or_else(|| Failure::refused("there is no such letter", "see `dlq list`"))?;
    whole(&letter);
    Ok(())
}

fn whole(letter: &Letter) {
    let record = &letter.record;
    say(format!("refused   {}", letter.reason));
    say(format!("record    {}/{} offset {}", record.topic, record.partition, record.offset));
    say(format!("key       {}", record.key));
    for (name, value) in &record.headers {
        say(format!("header    {name}: {value}"));
    }
    match &record.payload {
        Some(payload) => say(String::from_utf8_lossy(payload)),
        None => say("(a tombstone)"),
    }
}

async fn replay(stores: &Stores, group: &str, limit: usize) -> Result<(), Failure> {
    let letters = letters(stores, group)?;
    let handler = handlers::of(&stores.settings, group)?;
    let done =
        letters.replay(&handler, limit).await.map_err(Failure::doing("replaying letters", IS_IT_UP))?;
    say(format!("{} letters of {group} were handled and are gone", done.handled));
    let Some((letter, why)) = done.stopped else { return Ok(()) };
    let says = format!("letter {}/{} stopped it: {why}", letter.partition, letter.offset);
    Err(Failure::refused(
        says,
        "mend what it complains about and replay again, or `dlq discard --limit 1` it",
    ))
}
