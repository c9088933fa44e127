//! A mail address of one's own, read through GreenMail's REST interface.

use std::time::Duration;

use serde::Deserialize;

use crate::{stack, unique::unique_word, wait::eventually};

/// An address that only this test writes to.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// Such as `t3f2a9c81d04@mail.example`.
    pub address: String,
}

/// A mail as it came.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// Its subject, decoded.
    #[serde(default)]
    pub subject: String,
    /// Its Content-Type.
    #[serde(default, rename = "contentType")]
    pub content_type: String,
    /// The whole mail: headers, parts, attachments.
    #[serde(default, rename = "mimeMessage")]
    pub source: String,
}

/// A fresh address.
pub fn mailbox() -> Mailbox {
    Mailbox { address: format!("{}@mail.example", unique_word()) }
}

impl Mailbox {
    /// The mails that have come, oldest first.
    pub async fn mails(&self) -> Vec<Mail> {
        let url = format!("{}/api/user/{}/messages", stack::greenmail_url(), self.address);
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
        let answer =
            client.get(url).send().await.expect("GreenMail answers (cargo xtask stack up --instance test)");
        // An address that nobody has written to is unknown there.
        if answer.status().is_success() { answer.json().await.unwrap_or_default() } else { Vec::new() }
    }

    /// Waits until `count` mails have come and gives them.
    pub async fn wait_for(&self, count: usize, deadline: Duration) -> Vec<Mail> {
        eventually(deadline, || async move {
            let mails = self.mails().await;
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}
