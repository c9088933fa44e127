//! Sends mails over SMTP.

use std::{
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Attachment, Mailbox, MultiPart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{self, AsyncSmtpTransportBuilder, PoolConfig},
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
    smtp: Arc<RwLock<AsyncSmtpTransport<Tokio1Executor>>>,
    builder: AsyncSmtpTransportBuilder,
    /// Keeps no connection, so that each question is asked as a newcomer asks it.
    newcomer: AsyncSmtpTransport<Tokio1Executor>,
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
        let builder = builder.timeout(Some(within));
        let newcomer = builder.clone().pool_config(PoolConfig::new().min_idle(0).max_size(0)).build();
        let builder = builder.pool_config(pool);
        Ok(Self { smtp: Arc::new(RwLock::new(builder.clone().build())), builder, newcomer, within })
    }

    /// Sends a mail; done when the server has taken it.
    pub async fn send(&self, letter: Letter) -> Result<(), SendError> {
        let message = message(letter)?;
        let smtp = self.smtp.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut sending = pin!(smtp.send(message));
        let Ok(sent) = timeout(self.within, &mut sending).await else {
            self.connect_anew(&smtp).await;
            return Err(SendError::TooSlow);
        };
        sent.map(drop).map_err(SendError::Smtp)
    }

    /// A dialogue that took too long goes back to its pool as it stands, and the late answer would be taken for the next
    /// mail's. So that pool is closed before the dialogue is let go; other mails under way in it end as they would.
    async fn connect_anew(&self, closed: &AsyncSmtpTransport<Tokio1Executor>) {
        *self.smtp.write().unwrap_or_else(PoisonError::into_inner) = self.builder.clone().build();
        // Idle connections are closed politely, within a moment.
        let _ = timeout(Duration::from_secs(1), closed.shutdown()).await;
    }

    /// Whether the server lets us in and answers.
    pub async fn answers(&self) -> bool {
        let asked = timeout(self.within, self.newcomer.test_connection()).await;
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
