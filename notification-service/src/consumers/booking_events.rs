//! `booking.events`: each event becomes its mails, claimed, sent, recorded.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::{
    EventId,
    event::{BookingEvent, BookingHappening, CloudEvent, read_booking_event},
};
use events::consumer::{Handler, Record, Verdict};
use lettre::message::Mailbox;
use platform::{causes::BoxError, mysql::DbError};
use records::{InvoiceView, render_invoice};
use uuid::Uuid;

use crate::{
    domain::mails::{self, Kind},
    mailer::{Letter, Mailer, SendError},
    render::{Catalog, addressee},
    store::{Claim, Mail, MailKey, SentMails},
};

/// Sends mails.
pub struct BookingEvents {
    catalog: Catalog,
    mailer: Mailer,
    sent: SentMails,
    from: Mailbox,
    hotel_language: Option<String>,
    /// Sent, and not recorded because the database was away: these are only recorded when they come again. At most as many
    /// as records side by side, each twice.
    unrecorded: Mutex<HashSet<MailKey>>,
}

/// Who writes, and in which language to hotels.
pub struct Sender {
    /// The sender of every mail.
    pub from: Mailbox,
    /// The language of mails to hotels; none: the booking's.
    pub hotel_language: Option<String>,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error(transparent)]
    Later(BoxError),
    #[error(transparent)]
    Never(BoxError),
}

impl From<DbError> for NotSent {
    fn from(error: DbError) -> Self {
        Self::Later(error.into())
    }
}

#[async_trait]
impl Handler for BookingEvents {
    async fn handle(&self, record: &Record) -> Verdict {
        let Some(payload) = &record.payload else { return Verdict::Done };
        match read_booking_event(payload) {
            Ok(Some((happening, event))) => self.send_all(happening, &event).await,
            Ok(None) => Verdict::passed_by(record),
            Err(error) => Verdict::reject(format!("not an event of booking.events: {error}")),
        }
    }
}

impl BookingEvents {
    /// Mails in these words, sent by this client.
    pub fn new(catalog: Catalog, mailer: Mailer, sent: SentMails, sender: Sender) -> Self {
        let Sender { from, hotel_language } = sender;
        Self { catalog, mailer, sent, from, hotel_language, unrecorded: Mutex::default() }
    }

    /// Each mail has its chance, whatever became of the one before; then the worst of it is the verdict.
    async fn send_all(&self, happening: BookingHappening, event: &CloudEvent<BookingEvent>) -> Verdict {
        let mut verdict = Verdict::Done;
        for kind in mails::of(happening, &event.data) {
            let outcome = self.send(*kind, event).await;
            let word = match &outcome {
                Ok(()) => "sent",
                Err(NotSent::Later(_)) => "later",
                Err(NotSent::Never(_)) => "refused",
            };
            metrics::counter!("notification_mails_total", "kind" => kind.name(), "outcome" => word)
                .increment(1);
            verdict = match (outcome, verdict) {
                (Ok(()), before) => before,
                (Err(NotSent::Later(error)), _) => Verdict::Retry(error),
                (Err(NotSent::Never(_)), Verdict::Retry(before)) => Verdict::Retry(before),
                (Err(NotSent::Never(error)), Verdict::Done | Verdict::Reject(_)) => {
                    Verdict::reject(format!("{}: {}", kind.name(), platform::causes::causes(&*error)))
                }
            };
        }
        verdict
    }

    async fn send(&self, kind: Kind, event: &CloudEvent<BookingEvent>) -> Result<(), NotSent> {
        let mail = self.mail(kind, event);
        if self.is_unrecorded(&mail.key) {
            return self.record(&mail.key).await;
        }
        match self.sent.claim(&mail).await? {
            Claim::Sent => return Ok(()),
            Claim::Busy => return Err(NotSent::Later("another process is sending this mail".into())),
            Claim::Ours => {}
        }
        let sent = match self.letter(kind, event, &mail) {
            Ok(letter) => self.mailer.send(letter).await.map_err(not_sent),
            Err(error) => Err(NotSent::Never(error)),
        };
        match sent {
            Ok(()) => self.record(&mail.key).await,
            Err(why) => {
                let (NotSent::Later(error) | NotSent::Never(error)) = &why;
                let (text, is_final) = (platform::causes::causes(&**error), matches!(why, NotSent::Never(_)));
                self.sent.release(&mail.key, &text, is_final).await?;
                Err(why)
            }
        }
    }

    fn mail(&self, kind: Kind, event: &CloudEvent<BookingEvent>) -> Mail {
        let booking = &event.data.booking;
        let recipient = kind.address(booking).to_owned();
        let message_id = message_id(event.id, &recipient, self.from.email.domain());
        Mail {
            key: MailKey { event_id: event.id, recipient },
            kind: kind.name(),
            booking_id: booking.booking_id,
            message_id,
        }
    }

    fn letter(&self, kind: Kind, event: &CloudEvent<BookingEvent>, mail: &Mail) -> Result<Letter, BoxError> {
        let booking = &event.data.booking;
        let own = booking.facts.language.primary();
        let language = self.hotel_language.as_ref().filter(|_| kind.is_for_hotel()).unwrap_or(&own);
        let page = match &event.data.invoice {
            Some(invoice) if kind == Kind::BookedTraveller => {
                let page = render_invoice(booking, &InvoiceView::of_event(booking, invoice))?;
                Some((format!("{}.html", file_name(&invoice.number)), page))
            }
            Some(_) | None => None,
        };
        Ok(Letter {
            from: self.from.clone(),
            name: addressee(kind, booking),
            address: mail.key.recipient.clone(),
            message_id: mail.message_id.clone(),
            written: self.catalog.write(kind, &event.data, language)?,
            page,
        })
    }

    async fn record(&self, key: &MailKey) -> Result<(), NotSent> {
        let recorded = self.sent.record_sent(key).await;
        let mut unrecorded = self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.is_ok() {
            unrecorded.remove(key);
        } else {
            unrecorded.insert(key.clone());
        }
        Ok(recorded?)
    }

    fn is_unrecorded(&self, key: &MailKey) -> bool {
        self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }
}

fn not_sent(error: SendError) -> NotSent {
    match error {
        SendError::NotNow(_) => NotSent::Later(error.into()),
        SendError::Refused(_) | SendError::Unwritable(_) | SendError::Address(_) => {
            NotSent::Never(error.into())
        }
    }
}

/// Made from event and recipient alone, so that a second delivery of the same mail is recognised by mail readers.
fn message_id(event: EventId, recipient: &str, domain: &str) -> String {
    let id = Uuid::new_v5(&event.uuid(), recipient.as_bytes());
    format!("<{}@{domain}>", id.as_simple())
}

/// What is safe in a file's name.
fn file_name(number: &str) -> String {
    number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_the_same_for_the_same_event_and_recipient_only() {
        let (one, other) = (testkit::unique_uuid().into(), testkit::unique_uuid().into());
        let id = |event, to| message_id(event, to, "vacancy.example");
        assert_eq!(id(one, "a@b.example"), id(one, "a@b.example"));
        assert_ne!(id(one, "a@b.example"), id(one, "b@b.example"));
        assert_ne!(id(one, "a@b.example"), id(other, "a@b.example"));
        assert!(id(one, "a@b.example").ends_with("@vacancy.example>"));
    }

    #[test]
    fn a_files_name_is_plain() {
        assert_eq!(file_name("../PAR-2026-000042\r\n\""), "PAR-2026-000042");
    }
}
