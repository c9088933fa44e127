//! Sends mails over SMTP.

use std::time::Duration;

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Attachment, Mailbox, MultiPart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{self, PoolConfig},
};
use platform::{clock::SystemClock, settings::Secret};
use serde::Deserialize;
use tokio::time::timeout;

use crate::render::Written;

/// `[smtp]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct SmtpSettings {
    pub url: Secret,
    pub timeout_ms: u64,
    pub most_connections: u32,
}

/// A mail, ready to be sent.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who writes.
    pub from: Mailbox,
    /// The reader's name, one line; none where it may be a stranger's text.
    pub name: Option<String>,
    /// The reader's address.
    pub address: String,
    /// With the angle brackets.
    pub message_id: String,
    /// What it says.
    pub written: Written,
    /// A page to attach, with its file name.
    pub page: Option<(String, String)>,
}

/// A mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The server did not take it, or did not answer.
    #[error("the mail server did not take the mail")]
    Smtp(#[source] smtp::Error),
    /// It took too long.
    #[error("the mail server took too long over the mail")]
    TooSlow,
    /// It cannot be written as a mail at all.
    #[error("the mail cannot be written")]
    Unwritable(#[from] lettre::error::Error),
    /// The address is not one.
    #[error("the address cannot be written to")]
    Address(#[from] lettre::address::AddressError),
}

/// An SMTP client with a few connections.
#[derive(Clone)]
pub struct Mailer {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    /// The client bounds connecting only, so a whole mail is bounded here.
    within: Duration,
}

impl Mailer {
    /// Whether this is a mail server's address.
    pub fn understands(url: &str) -> bool {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).is_ok()
    }

    /// A client of the settings' server, within a runtime. Nothing is connected yet.
    pub fn new(settings: &SmtpSettings) -> Result<Self, smtp::Error> {
        let pool = PoolConfig::new().min_idle(0).max_size(settings.most_connections);
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.url.expose())?;
        let within = Duration::from_millis(settings.timeout_ms);
        Ok(Self { smtp: builder.timeout(Some(within)).pool_config(pool).build(), within })
    }

    /// Sends a mail; done when the server has taken it.
    pub async fn send(&self, letter: Letter) -> Result<(), SendError> {
        let message = message(letter)?;
        let sent = timeout(self.within, self.smtp.send(message)).await.map_err(|_| SendError::TooSlow)?;
        sent.map(drop).map_err(SendError::Smtp)
    }

    /// Whether the server lets us in and answers.
    pub async fn answers(&self) -> bool {
        let asked = timeout(self.within, self.smtp.test_connection()).await;
        asked.is_ok_and(|answer| answer.is_ok_and(|answers| answers))
    }
}

/// The mail as MIME. Names and subject are encoded by the builder, which also keeps line breaks out of headers.
fn message(letter: Letter) -> Result<Message, SendError> {
    let Letter { from, name, address, message_id, written, page } = letter;
    let to = Mailbox::new(name, address.parse::<Address>()?);
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let language = HeaderName::new_from_ascii_str("Content-Language");
    let both = MultiPart::alternative_plain_html(written.text, written.html);
    let body = match page {
        None => MultiPart::mixed().multipart(both),
        Some((file, page)) => {
            let attached = Attachment::new(file).body(page, ContentType::TEXT_HTML);
            MultiPart::mixed().multipart(both).singlepart(attached)
        }
    };
    Ok(Message::builder()
        .from(from)
        .to(to)
        .subject(written.subject)
        .date(SystemClock.read().utc().into())
        .message_id(Some(message_id))
        // RFC 3834: no holiday reply comes back.
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .raw_header(HeaderValue::new(language, written.language.to_owned()))
        .multipart(body)?)
}
