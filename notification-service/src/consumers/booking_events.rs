//! `booking.events`: each event becomes its mails, put into the queue. Nothing is sent here, so no address and no mail server
//! holds a partition up.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::event::{BookingEvent, BookingHappening, CloudEvent, read_booking_event};
use events::consumer::{Handler, Record, Verdict, read_events, verdicts};
use platform::{
    causes::{BoxError, causes},
    mysql::DbError,
    pace::Wake,
};
use tokio::sync::Mutex;

use crate::{
    domain::mails::{self, Kind},
    letters::Letters,
    store::{MailKey, Mails, NewMail},
};

/// A count goes through all that wait, so one serves the batches of so long. Meanwhile a few more may come than may wait.
const COUNT_SERVES: Duration = Duration::from_secs(1);

/// Queues mails.
pub struct BookingEvents {
    letters: Arc<Letters>,
    mails: Mails,
    /// At most so many mails wait; the log keeps what comes beyond.
    most_waiting: u32,
    counted: LastCount,
    sending: Wake,
}

/// When it was counted last, and whether as many mails waited as may.
#[derive(Debug, Default)]
struct LastCount(Mutex<Option<(Instant, bool)>>);

#[async_trait]
impl Handler for BookingEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let events = read_events(records, read_booking_event);
        let read = records.iter().zip(&events);
        let read =
            read.filter_map(|(record, event)| Some((record.payload.as_deref()?, event.as_ref().ok()?)));
        let mails: Vec<NewMail<'_>> =
            read.flat_map(|(payload, event)| self.mails_of(event, payload)).collect();
        match self.queue(&mails).await {
            Ok(()) => verdicts(events, |_| Verdict::Done),
            Err(error) => verdicts(events, |(happening, event)| {
                let concerned = !mails::of(happening, &event.data).is_empty();
                if concerned { Verdict::retry(causes(&*error)) } else { Verdict::Done }
            }),
        }
    }
}

impl BookingEvents {
    /// Queues into this table and wakes the sending.
    pub fn new(letters: Arc<Letters>, mails: Mails, most_waiting: u32, sending: Wake) -> Self {
        Self { letters, mails, most_waiting, counted: LastCount::default(), sending }
    }

    /// All of them or, as far as the caller can know, none.
    async fn queue(&self, mails: &[NewMail<'_>]) -> Result<(), BoxError> {
        if mails.is_empty() {
            return Ok(());
        }
        let most = self.most_waiting;
        let count = async || Ok(self.mails.waiting(most).await? >= u64::from(most));
        if self.counted.is_full(Instant::now(), count).await? {
            return Err("as many mails as may wait are waiting; is the mail server away?".into());
        }
        self.mails.add(mails).await?;
        self.sending.wake();
        Ok(())
    }

    fn mails_of<'a>(
        &self,
        (happening, event): &(BookingHappening, CloudEvent<BookingEvent>),
        payload: &'a [u8],
    ) -> Vec<NewMail<'a>> {
        let kinds = mails::of(*happening, &event.data).iter();
        kinds.map(|kind| self.mail(*kind, *happening, event, payload)).collect()
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

impl LastCount {
    /// Whether as many wait as may, at `now` or shortly before it.
    async fn is_full(
        &self,
        now: Instant,
        count: impl AsyncFnOnce() -> Result<bool, DbError>,
    ) -> Result<bool, DbError> {
        let mut last = self.0.lock().await;
        if let Some((at, full)) = *last
            && now.saturating_duration_since(at) < COUNT_SERVES
        {
            return Ok(full);
        }
        let full = count().await?;
        *last = Some((now, full));
        Ok(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_waits_is_counted_once_a_second_however_many_events_come() {
        let (last, began, counts) = (LastCount::default(), Instant::now(), std::cell::Cell::new(0));
        for tenth in 0..25 {
            let now = began + Duration::from_millis(100 * tenth);
            let count = async || {
                counts.set(counts.get() + 1);
                Ok(counts.get() == 2)
            };
            assert_eq!(last.is_full(now, count).await.unwrap(), (10..20).contains(&tenth), "{tenth}");
        }
        assert_eq!(counts.get(), 3);
    }
}
