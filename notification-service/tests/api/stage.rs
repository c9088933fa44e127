//! A running service with its own topic, database and mailboxes.

use std::{sync::Arc, time::Duration};

use domain::{
    Email,
    booking::{BookingRecord, BookingStatus, LatePayment, StatusReason},
    event::{
        BookingEvent, BookingHappening, CloudEvent, CreditNoteFacts, InvoiceFacts, Occurrence, RefundFacts,
    },
};
use notification_service::{NotificationApp, settings::Settings};
use platform::{
    app::{App as _, Running, launch},
    settings::Loader,
};
use testkit::{
    mail::{Mail, Mailbox},
    unique_uuid,
};

/// Longer than anything takes here on a loaded machine.
pub(crate) const SOON: Duration = Duration::from_mins(1);

pub(crate) struct Stage {
    pub(crate) db: testkit::mysql::Lease,
    pub(crate) kafka: testkit::kafka::Lease,
    pub(crate) topic: String,
    pub(crate) dead_letters: String,
    pub(crate) traveller: Mailbox,
    pub(crate) hotel: Mailbox,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let (db, kafka) = (testkit::mysql::notification().await, testkit::kafka::lease());
        let topic = kafka.topic("booking.events").await;
        let dead_letters = kafka.topic("booking.events.dlq").await;
        Self {
            db,
            kafka,
            topic,
            dead_letters,
            traveller: testkit::mail::mailbox(),
            hotel: testkit::mail::mailbox(),
        }
    }

    pub(crate) async fn start(&self) -> Running {
        self.start_with(&testkit::stack::smtp_url()).await
    }

    pub(crate) async fn start_with(&self, smtp_url: &str) -> Running {
        self.start_as(self.settings(smtp_url)).await
    }

    pub(crate) async fn start_as(&self, settings: Settings) -> Running {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        launch::<NotificationApp>(settings, listener).await.unwrap()
    }

    pub(crate) fn settings(&self, smtp_url: &str) -> Settings {
        Loader::new(NotificationApp::DEFAULT_TOML)
            .set("mysql.url", self.db.url.as_str())
            .set("kafka.brokers", self.kafka.brokers.as_str())
            .set("consumer.group", self.kafka.name("notification"))
            .set("consumer.topic", self.topic.as_str())
            .set("consumer.first_wait_ms", 50)
            .set("consumer.most_wait_ms", 300)
            .set("sending.every_ms", 100)
            .set("smtp.timeout_ms", 5000)
            .set("smtp.url", smtp_url)
            .load()
            .unwrap()
    }

    /// A BOOKED booking between this stage's mailboxes.
    pub(crate) fn booking(&self) -> BookingRecord {
        let mut booking = testkit::booking::record();
        booking.status = BookingStatus::Booked;
        Arc::make_mut(&mut booking.facts).email_verified = true;
        Arc::make_mut(&mut booking.facts).booker.email = Email::parse(&self.traveller.address).unwrap();
        Arc::make_mut(&mut booking.facts).hotel.email = Email::parse(&self.hotel.address).unwrap();
        booking
    }

    pub(crate) async fn publish(
        &self,
        happening: BookingHappening,
        booking: &BookingRecord,
    ) -> CloudEvent<BookingEvent> {
        let event = event(happening, booking.clone());
        self.publish_again(&event).await;
        event
    }

    pub(crate) async fn publish_again(&self, event: &CloudEvent<BookingEvent>) {
        let payload = serde_json::to_vec(event).unwrap();
        self.kafka.write(&self.topic, &event.subject, Some(&payload), &[]).await;
    }

    /// Publishes a mail to the traveller that comes after all the others, and gives all of both.
    pub(crate) async fn drained(&self, booking: &BookingRecord, travellers: usize) -> (Vec<Mail>, Vec<Mail>) {
        self.publish(BookingHappening::Completed, booking).await;
        let to_traveller = self.traveller.wait_for(travellers + 1, SOON).await;
        (to_traveller, self.hotel.mails().await)
    }
}

pub(crate) fn event(happening: BookingHappening, booking: BookingRecord) -> CloudEvent<BookingEvent> {
    let amount = booking.facts.price.due_now;
    let gives_back = matches!(happening, BookingHappening::Refunded | BookingHappening::LatePaymentRefunded)
        || booking.status_reason.is_some();
    let refund = gives_back.then(|| RefundFacts { refund_id: unique_uuid().into(), amount });
    let invoice = (happening == BookingHappening::Invoiced).then(|| InvoiceFacts {
        invoice_id: unique_uuid().into(),
        number: "PAR-2026-000042".to_owned(),
        issued_at: booking.created_at,
        credit_note: None,
    });
    let occurrence = Occurrence {
        kind: happening.kind(),
        subject: booking.booking_id.to_string(),
        time: booking.updated_at,
    };
    let data = BookingEvent { booking, from: None, actor: None, refund, invoice };
    CloudEvent::new(unique_uuid().into(), "/vacancy/booking-service", occurrence, data)
}

pub(crate) fn with_credit_note(mut event: CloudEvent<BookingEvent>) -> CloudEvent<BookingEvent> {
    let amount = event.data.booking.facts.price.due_now;
    let note = CreditNoteFacts {
        credit_note_id: unique_uuid().into(),
        number: "PAR-C2026-000001".to_owned(),
        amount,
    };
    event.data.invoice.as_mut().unwrap().credit_note = Some(note);
    event
}

pub(crate) fn cancelled(booking: &BookingRecord, reason: StatusReason) -> BookingRecord {
    BookingRecord {
        status: BookingStatus::Cancelled,
        status_reason: Some(reason),
        cancelled_at: Some(booking.updated_at),
        ..booking.clone()
    }
}

pub(crate) fn late(booking: &BookingRecord, late: LatePayment) -> BookingRecord {
    BookingRecord { late_payment: Some(late), ..booking.clone() }
}

pub(crate) fn subjects(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.subject.as_str()).collect()
}

/// The mail's source with quoted-printable's soft line breaks taken out.
pub(crate) fn unfolded(mail: &Mail) -> String {
    mail.source.replace("\r\n", "\n").replace("=\n", "")
}

/// A header's value.
pub(crate) fn header(mail: &Mail, name: &str) -> String {
    let source = unfolded(mail);
    let line =
        source.lines().find(|line| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase())));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// The Message-ID of an event's mail to this address.
pub(crate) fn message_id(event: &CloudEvent<BookingEvent>, recipient: &str, kind: &str) -> String {
    let id = uuid::Uuid::new_v5(&event.id.uuid(), format!("{recipient} {kind}").as_bytes());
    format!("<{}@vacancy.example>", id.as_simple())
}

/// The end of a booking that nobody had paid.
pub(crate) fn ended_unpaid(booking: &BookingRecord, reason: StatusReason) -> CloudEvent<BookingEvent> {
    let mut event = event(BookingHappening::Cancelled, cancelled(booking, reason));
    event.data.from = Some(BookingStatus::Reserved);
    event
}
