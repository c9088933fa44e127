//! `booking.events`: each event becomes its mails, put into the queue. Nothing is sent here, so no address and no mail server
//! holds a partition up.

use std::sync::Arc;

use async_trait::async_trait;
use domain::event::{BookingEvent, BookingHappening, CloudEvent, read_booking_event};
use events::consumer::{Handler, Record, Verdict};
use platform::{causes::BoxError, pace::Wake};

use crate::{
    domain::mails::{self, Kind},
    letters::Letters,
    store::{MailKey, Mails, NewMail},
};

/// Queues mails.
pub struct BookingEvents {
    letters: Arc<Letters>,
    mails: Mails,
    /// At most so many mails wait; the log keeps what comes beyond.
    most_waiting: u32,
    sending: Wake,
}

#[async_trait]
impl Handler for BookingEvents {
    async fn handle(&self, record: &Record) -> Verdict {
        let Some(payload) = &record.payload else { return Verdict::Done };
        match read_booking_event(payload) {
            Ok(Some((happening, event))) => match self.queue(happening, &event, payload).await {
                Ok(()) => Verdict::Done,
                Err(error) => Verdict::Retry(error),
            },
            Ok(None) => Verdict::passed_by(record),
            Err(error) => Verdict::reject(format!("not an event of booking.events: {error}")),
        }
    }
}

impl BookingEvents {
    /// Queues into this table and wakes the sending.
    pub const fn new(letters: Arc<Letters>, mails: Mails, most_waiting: u32, sending: Wake) -> Self {
        Self { letters, mails, most_waiting, sending }
    }

    async fn queue(
        &self,
        happening: BookingHappening,
        event: &CloudEvent<BookingEvent>,
        payload: &[u8],
    ) -> Result<(), BoxError> {
        let kinds = mails::of(happening, &event.data);
        if kinds.is_empty() {
            return Ok(());
        }
        if self.mails.waiting(self.most_waiting).await? >= u64::from(self.most_waiting) {
            return Err("as many mails as may wait are waiting; is the mail server away?".into());
        }
        for kind in kinds {
            self.mails.add(&self.mail(*kind, happening, event, payload)).await?;
        }
        self.sending.wake();
        Ok(())
    }

    fn mail<'a>(
        &self,
        kind: Kind,
        happening: BookingHappening,
        event: &CloudEvent<BookingEvent>,
        payload: &'a [u8],
    ) -> NewMail<'a> {
        let booking = &event.data.booking;
        let key = MailKey {
            event_id: event.id,
            recipient: kind.address(booking).to_owned(),
            kind: kind.name().to_owned(),
        };
        NewMail {
            message_id: self.letters.message_id(&key),
            key,
            booking_id: booking.booking_id,
            user_id: booking.user_id,
            event: payload,
            unpaid: mails::is_unpaid(happening, &event.data),
        }
    }
}
