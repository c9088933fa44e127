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
use platform::clock::SystemClock;

use crate::{render::Written, settings::SmtpSettings};

/// Replies by which a server says that it will never take this mail (RFC 5321, 4.2.3). Others, such as a failed login, may
/// be ours to mend, so they are tried again.
const NEVER: [u16; 6] = [550, 551, 552, 553, 554, 556];

/// A mail, ready to be sent.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who writes.
    pub from: Mailbox,
    /// The reader's name, one line.
    pub name: String,
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
    /// The server will never take this mail.
    #[error("the mail server refuses the mail")]
    Refused(#[source] smtp::Error),
    /// The server is away, or busy, or does not know us.
    #[error("the mail server does not take the mail now")]
    NotNow(#[source] smtp::Error),
    /// It cannot be written as a mail at all.
    #[error("the mail cannot be written")]
    Unwritable(#[from] lettre::error::Error),
    /// The address is not one.
    #[error("the address cannot be written to")]
    Address(#[from] lettre::address::AddressError),
}

/// An SMTP client with a few connections.
#[derive(Clone)]
pub struct Mailer(AsyncSmtpTransport<Tokio1Executor>);

impl Mailer {
    /// Whether this is a mail server's address.
    pub fn understands(url: &str) -> bool {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).is_ok()
    }

    /// A client of the settings' server, within a runtime. Nothing is connected yet.
    pub fn new(settings: &SmtpSettings) -> Result<Self, smtp::Error> {
        let pool = PoolConfig::new().min_idle(0).max_size(settings.most_connections);
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.url.expose())?;
        Ok(Self(builder.timeout(Some(Duration::from_millis(settings.timeout_ms))).pool_config(pool).build()))
    }

    /// Sends a mail; done when the server has taken it.
    pub async fn send(&self, letter: Letter) -> Result<(), SendError> {
        let message = message(letter)?;
        self.0.send(message).await.map(drop).map_err(|error| {
            let code = error.status().map(u16::from);
            if code.is_some_and(|code| NEVER.contains(&code)) {
                SendError::Refused(error)
            } else {
                SendError::NotNow(error)
            }
        })
    }
}

/// The mail as MIME. Names and subject are encoded by the builder, which also keeps line breaks out of headers.
fn message(letter: Letter) -> Result<Message, SendError> {
    let Letter { from, name, address, message_id, written, page } = letter;
    let to = Mailbox::new(Some(name), address.parse::<Address>()?);
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
