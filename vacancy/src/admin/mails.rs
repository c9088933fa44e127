//! `mails`: those that were given up, and their way back into the queue.

use clap::Subcommand;
use domain::Instant;
use indicatif::ProgressBar;
use notification_service::{
    NotificationApp, adapters,
    store::{GivenUp, Mails, Place},
};
use serde_json::{Value, json};

use super::{
    Failure,
    failure::IS_IT_UP,
    settings::{self, Settings},
    tell::say,
};

/// Mails read at once by `retry --all`.
const AT_ONCE: u32 = 100;
const SEE: &str = "`vacancy admin mails list` shows what is given up";

/// `mails ...`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum MailsCommand {
    /// Mails that are not tried any more, the newest first: Message-ID, kind, address, booking, tries, since when and why.
    #[command(after_help = "\
A mail is given up when the mail server refuses it for good (a 5yz reply), or 48 hours after its event. The last column is
what the server said. Retry it once that is mended; a mail to an address that does not exist may stay: it is forgotten after
60 days.

Examples:
    vacancy admin mails list
    vacancy admin mails list --limit 20 --after 2026-11-26T09:00:00.000000Z/e3b0c4@vacancy.example
    vacancy admin mails list --json | jq -r '.items[].recipient'")]
    List {
        /// At most so many.
        #[arg(long, default_value_t = AT_ONCE, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Only older ones: what the list before ends with.
        #[arg(long, value_name = "SINCE/MESSAGE-ID", value_parser = place)]
        after: Option<Place>,
        /// Print JSON: `items` and `next`, which is `--after` of the next call.
        #[arg(long)]
        json: bool,
    },
    /// Put mails into the queue again, with all their patience: the running service sends them.
    #[command(after_help = "\
The Message-ID stays the same, so a mail that had arrived after all is recognised by whoever reads it. A mail that is not
given up is left alone.

Examples:
    vacancy admin mails retry e3b0c4@vacancy.example
    vacancy admin mails retry --all")]
    Retry {
        /// Message-IDs, as `list` shows them.
        #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "MESSAGE-ID")]
        ids: Vec<String>,
        /// Everything that is given up now.
        #[arg(long)]
        all: bool,
    },
}

/// Does it and says what came of it.
pub(crate) async fn run(settings: &Settings, command: &MailsCommand) -> Result<(), Failure> {
    let mails = queue(settings)?;
    match command {
        MailsCommand::List { limit, after, json } => list(&mails, *limit, after.as_ref(), *json).await,
        MailsCommand::Retry { all: true, .. } => retry_all(&mails).await,
        MailsCommand::Retry { ids, .. } => retry(&mails, ids).await,
    }
}

fn queue(settings: &Settings) -> Result<Mails, Failure> {
    let service = settings::of_service::<NotificationApp>(settings.service_settings.notification.as_ref())?;
    adapters::mails(&service).map_err(Failure::doing("connecting as notification-service", IS_IT_UP))
}

async fn page(mails: &Mails, after: Option<&Place>, most: u32) -> Result<Vec<GivenUp>, Failure> {
    mails.given_up(after, most).await.map_err(Failure::doing("reading the mails", IS_IT_UP))
}

async fn list(mails: &Mails, limit: u32, after: Option<&Place>, json: bool) -> Result<(), Failure> {
    let found = page(mails, after, limit).await?;
    let is_full = u32::try_from(found.len()).is_ok_and(|count| count >= limit);
    let next = found.last().filter(|_| is_full).map(|last| written(&last.place()));
    if json {
        let items: Vec<_> = found.iter().map(item).collect();
        say(json!({ "items": items, "next": next }));
        return Ok(());
    }
    for mail in &found {
        say(row(mail));
    }
    say(format!(
        "{} mails{}",
        found.len(),
        next.map_or_else(String::new, |next| format!(", older ones: --after {next}"))
    ));
    Ok(())
}

fn row(mail: &GivenUp) -> String {
    let (id, booking, since) = (bare(&mail.message_id), mail.booking_id, mail.since);
    let (tries, why) = (mail.attempts, mail.last_error.as_str());
    format!("{id}  {}  {}  {booking}  {tries}  {since}  {why}", mail.key.kind, mail.key.recipient)
}

fn item(mail: &GivenUp) -> Value {
    json!({
        "message_id": bare(&mail.message_id), "kind": mail.key.kind, "recipient": mail.key.recipient,
        "booking_id": mail.booking_id, "event_id": mail.key.event_id, "attempts": mail.attempts,
        "since": mail.since, "last_error": mail.last_error,
    })
}

async fn retry(mails: &Mails, ids: &[String]) -> Result<(), Failure> {
    for id in ids {
        let found = mails.given_up_as(&format!("<{}>", bare(id))).await;
        let found = found.map_err(Failure::doing("reading the mails", IS_IT_UP))?;
        let refused = || Failure::refused(format!("no mail {} is given up", bare(id)), SEE);
        if !try_again(mails, &found.ok_or_else(refused)?).await? {
            return Err(refused());
        }
        say(format!("{} waits to be sent", bare(id)));
    }
    Ok(())
}

/// From the newest to the oldest: what is given up anew meanwhile is newer, and not met again.
async fn retry_all(mails: &Mails) -> Result<(), Failure> {
    let total = mails.count_given_up().await.map_err(Failure::doing("counting the mails", IS_IT_UP))?;
    let bar = ProgressBar::new(total).with_message("mails");
    let (mut after, mut put_back) = (None, 0u64);
    loop {
        let found = page(mails, after.as_ref(), AT_ONCE).await?;
        let Some(last) = found.last() else { break };
        after = Some(last.place());
        for mail in &found {
            put_back = put_back.saturating_add(u64::from(try_again(mails, mail).await?));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    say(format!("{put_back} mails wait to be sent"));
    Ok(())
}

async fn try_again(mails: &Mails, mail: &GivenUp) -> Result<bool, Failure> {
    mails
        .try_again(&mail.key)
        .await
        .map_err(Failure::doing("putting a mail back", "run it again: what waits is left alone"))
}

/// A Message-ID without its angle brackets, which a shell would take for itself.
fn bare(message_id: &str) -> &str {
    message_id.trim_start_matches('<').trim_end_matches('>')
}

fn written(place: &Place) -> String {
    format!("{}/{}", place.since, bare(&place.message_id))
}

fn place(text: &str) -> Result<Place, String> {
    let wrong = || "is like 2026-11-26T09:00:00.000000Z/MESSAGE-ID, as `list` ends with".to_owned();
    let (since, id) = text.split_once('/').ok_or_else(wrong)?;
    let since: Instant = since.parse().map_err(|_| wrong())?;
    Ok(Place { since, message_id: format!("<{}>", bare(id)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_is_written() {
        let since = "2026-11-26T09:00:00.000001Z".parse().unwrap();
        let there = Place { since, message_id: "<a1@vacancy.example>".to_owned() };
        assert_eq!(written(&there), "2026-11-26T09:00:00.000001Z/a1@vacancy.example");
        assert_eq!(place(&written(&there)), Ok(there));
        assert!(place("yesterday/x").is_err() && place("x").is_err());
    }
}
