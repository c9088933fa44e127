//! A mail's letter, made from the event that means it.

use domain::{
    EventId, Language,
    event::{BookingEvent, CloudEvent, read_booking_event},
};
use lettre::message::Mailbox;
use platform::causes::BoxError;
use records::{InvoiceView, render_invoice};
use uuid::Uuid;

use crate::{
    domain::mails::{self, Kind},
    mailer::Letter,
    render::{Catalog, addressee},
    store::{DueMail, MailKey},
};

/// Who writes, and in which language to hotels.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The sender of every mail.
    pub from: Mailbox,
    /// The language of mails to hotels; none: the booking's.
    pub hotel_language: Option<Language>,
}

/// Writes letters.
pub struct Letters {
    catalog: Catalog,
    sender: Sender,
}

impl Letters {
    /// Letters in these words from this sender.
    pub const fn new(catalog: Catalog, sender: Sender) -> Self {
        Self { catalog, sender }
    }

    /// Made from event, recipient and kind alone, so that a second delivery of the same mail is recognised by mail readers.
    pub fn message_id(&self, key: &MailKey) -> String {
        message_id(key.event_id, &key.recipient, &key.kind, self.sender.from.email.domain())
    }

    /// The letter of a mail. An error is a mistake of ours, or of whoever wrote the event.
    pub fn of(&self, mail: &DueMail) -> Result<Letter, BoxError> {
        let kind = Kind::named(&mail.key.kind).ok_or("a mail of a kind that this version does not know")?;
        let read = read_booking_event(&mail.event)?;
        let (happening, event) = read.ok_or("an event of a type that this version does not know")?;
        let unpaid = mails::is_unpaid(happening, &event.data);
        let booking = &event.data.booking;
        let hotels = self.sender.hotel_language.as_ref().filter(|_| kind.is_for_hotel());
        Ok(Letter {
            from: self.sender.from.clone(),
            name: (!unpaid).then(|| addressee(kind, booking)).flatten(),
            address: mail.key.recipient.clone(),
            message_id: mail.message_id.clone(),
            written: self.catalog.write(
                kind,
                happening,
                &event.data,
                hotels.unwrap_or(&booking.facts.language),
            )?,
            page: invoice(kind, &event)?,
        })
    }
}

/// The invoice to attach, with its file name.
fn invoice(kind: Kind, event: &CloudEvent<BookingEvent>) -> Result<Option<(String, String)>, BoxError> {
    let booking = &event.data.booking;
    match &event.data.invoice {
        Some(invoice) if kind == Kind::BookedTraveller => {
            let page = render_invoice(booking, &InvoiceView::of_event(booking, invoice))?;
            Ok(Some((format!("{}.html", file_name(&invoice.number)), page)))
        }
        Some(_) | None => Ok(None),
    }
}

fn message_id(event: EventId, recipient: &str, kind: &str, domain: &str) -> String {
    let id = Uuid::new_v5(&event.uuid(), format!("{recipient} {kind}").as_bytes());
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
    fn a_message_id_is_the_same_for_the_same_event_recipient_and_kind_only() {
        let (one, other) = (testkit::unique_uuid().into(), testkit::unique_uuid().into());
        let id = |event, to, kind| message_id(event, to, kind, "vacancy.example");
        assert_eq!(id(one, "a@b.example", "booked_hotel"), id(one, "a@b.example", "booked_hotel"));
        assert_ne!(id(one, "a@b.example", "booked_hotel"), id(one, "b@b.example", "booked_hotel"));
        assert_ne!(id(one, "a@b.example", "booked_hotel"), id(other, "a@b.example", "booked_hotel"));
        assert_ne!(id(one, "a@b.example", "cancelled_hotel"), id(one, "a@b.example", "cancelled_traveller"));
        assert!(id(one, "a@b.example", "completed").ends_with("@vacancy.example>"));
    }

    #[test]
    fn a_files_name_is_plain() {
        assert_eq!(file_name("../PAR-2026-000042\r\n\""), "PAR-2026-000042");
    }
}
