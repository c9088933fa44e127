//! Whether mails go out: what was given up of late, and what waits for longer than mails are tried.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use notification_service::{NotificationApp, adapters};
use platform::{causes::BoxError, clock::DbClock};

use super::{Check, Tally};
use crate::admin::{Stores, settings};

pub(super) struct Mails;

#[async_trait]
impl Check for Mails {
    fn name(&self) -> &'static str {
        "mails"
    }

    fn promise(&self) -> &'static str {
        "no mail was given up of late, and none waits for longer than it is tried"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let audit = &stores.settings.audit;
        let file = stores.settings.service_settings.notification.as_ref();
        let service = settings::of_service::<NotificationApp>(file)?;
        let mails = adapters::mails(&service)?;
        let mut tally = Tally::new(audit.shown);
        tally.looked_at(mails.waiting(service.sending.most_waiting).await?);
        let sending = service.sending;
        let longest = Duration::from_secs(sending.give_up_after_s.saturating_add(sending.most_pause_s));
        let late = mails.overdue(longest).await?;
        if late > 0 {
            tally.breach(|| {
                format!("{late} mails wait for longer than {longest:?}: does notification-service run?")
            });
        }
        given_up(stores, &mails, &mut tally).await?;
        Ok(tally)
    }
}

/// An operator has so many hours to look at a mail; later it is told by the gauge alone.
async fn given_up(
    stores: &Stores,
    mails: &notification_service::store::Mails,
    tally: &mut Tally,
) -> Result<(), BoxError> {
    let audit = &stores.settings.audit;
    let now = DbClock::new(stores.booking.clone()).real().await?;
    let late = now.plus(-TimeDelta::hours(i64::from(audit.given_up_hours)));
    let mut after = None;
    loop {
        let page = mails.given_up(after.as_ref(), audit.page).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.place());
        for mail in &page {
            tally.look();
            if mail.since < late {
                return Ok(());
            }
            let (kind, booking) = (&mail.key.kind, mail.booking_id);
            tally.breach(|| {
                format!(
                    "mail {kind} about booking {booking}: given up since {}: {}",
                    mail.since, mail.last_error
                )
            });
        }
    }
}
