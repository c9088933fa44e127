//! How many mails wait and how many are given up, as gauges.

use domain::ratio::gauge;
use platform::{
    app::Job,
    causes::BoxError,
    pace::{Found, Pace},
};

use crate::{settings::SendingSettings, store::Mails};

pub fn job(mails: Mails, settings: SendingSettings) -> Job {
    Job::new("gauges", move |shutdown| {
        let mails = mails.clone();
        let pace = Pace::new("gauges", settings.gauges_ms);
        pace.run(shutdown, move || look(mails.clone(), settings.most_waiting))
    })
}

async fn look(mails: Mails, most: u32) -> Result<Found, BoxError> {
    metrics::gauge!("notification_mails_waiting").set(gauge(mails.waiting(most).await?));
    metrics::gauge!("notification_mails_given_up").set(gauge(mails.count_given_up().await?));
    Ok(Found::All)
}
