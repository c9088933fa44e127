//! Mails as they arrived, by GreenMail's REST API.

use std::time::Duration;

use serde_json::Value;

use crate::{
    failed::Failed,
    wait::{Seen, until},
    world::World,
};

/// From the event to the mailbox: seconds; a minute on a busy machine.
const ARRIVES: Duration = Duration::from_mins(1);

/// How many mails an address has.
pub async fn count(world: &World, address: &str) -> Result<usize, Failed> {
    Ok(all(world, address).await?.len())
}

async fn all(world: &World, address: &str) -> Result<Vec<String>, Failed> {
    let url = format!("{}/api/user/{address}/messages", world.server("greenmail_url")?);
    let answer = world.get(&url).send().await?;
    Ok(answer.json.as_array().into_iter().flatten().map(whole).collect())
}

/// Waits for a mail to `address` whose text holds all of `words`.
pub async fn arrives(world: &World, address: &str, words: &[&str]) -> Result<String, Failed> {
    let what = format!("a mail to {address} with {}", words.join(", "));
    until(&what, ARRIVES, || async {
        let mails = all(world, address).await?;
        let found = mails.iter().find(|mail| words.iter().all(|word| mail.contains(word)));
        Ok(found.map_or_else(
            || Seen::NotYet(format!("{} other mails", mails.len())),
            |mail| Seen::Yes(mail.clone()),
        ))
    })
    .await
}

/// Subject and source of a mail, soft line breaks of quoted-printable joined.
fn whole(mail: &Value) -> String {
    let part = |name: &str| mail.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}\n{}", part("subject"), part("mimeMessage").replace("=\r\n", "").replace("=\n", ""))
}
