//! Sends what waits: many mails side by side, those of one booking in order, each on its own.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use delivery::Backoff;
use domain::BookingId;
use futures::{StreamExt as _, stream::FuturesUnordered};
use platform::{
    app::Job,
    causes::{BoxError, causes},
    pace::Wake,
    shutdown::Shutdown,
};
use tokio::time::{Instant, MissedTickBehavior};

use crate::{
    domain::trying::{Next, Patience, Reply, reply},
    letters::Letters,
    mailer::{Mailer, SendError},
    settings::SendingSettings,
    store::{DueMail, End, MailKey, Mails},
};

/// Pauses while the server is away, between two questions whether it is back.
const AWAY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));

/// What sends.
pub struct Sending {
    mails: Mails,
    letters: Arc<Letters>,
    mailer: Mailer,
    settings: SendingSettings,
}

/// What became of one try.
enum Tried {
    Over,
    /// The server itself is in trouble: whoever comes next need not try.
    Away,
}

/// Claimed mails in the order of their bookings.
#[derive(Default)]
struct Claimed(HashMap<BookingId, VecDeque<DueMail>>);

impl Sending {
    /// Sends what waits in this table.
    pub const fn new(mails: Mails, letters: Arc<Letters>, mailer: Mailer, settings: SendingSettings) -> Self {
        Self { mails, letters, mailer, settings }
    }

    /// The job: woken by whoever queues, and looking on its own for what is due again.
    pub fn job(self, wake: Wake) -> Job {
        let sending = Arc::new(self);
        Job::new("sending mails", move |shutdown| {
            let (sending, wake) = (Arc::clone(&sending), wake.clone());
            async move { sending.run(&wake, &shutdown).await }
        })
    }

    /// A slow address takes one of the places, and nobody else waits for it. Ends when what is under way has ended.
    async fn run(&self, wake: &Wake, shutdown: &Shutdown) -> Result<(), BoxError> {
        let (mut claimed, mut under_way) = (Claimed::default(), FuturesUnordered::new());
        let mut looks = tokio::time::interval(Duration::from_millis(self.settings.every_ms));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut away = false;
        while !shutdown.is_requested() {
            tokio::select! {
                Some((booking, tried)) = under_way.next() => {
                    away |= matches!(tried, Tried::Away);
                    while let Some(next) = claimed.next_of(booking) {
                        if away {
                            self.leave(&next).await?;
                        } else {
                            under_way.push(self.send(next));
                            break;
                        }
                    }
                }
                () = wake.woken() => {}
                _ = looks.tick() => {}
                () = shutdown.requested() => break,
            }
            if away && under_way.is_empty() {
                self.wait_until_back(shutdown).await;
                away = false;
            }
            while !away && under_way.len() < self.settings.side_by_side {
                let due = self.claim(self.settings.side_by_side.saturating_sub(under_way.len())).await?;
                if due.is_empty() {
                    break;
                }
                under_way.extend(
                    due.into_iter().filter_map(|mail| claimed.take_in(mail)).map(|mail| self.send(mail)),
                );
            }
        }
        while under_way.next().await.is_some() {}
        Ok(())
    }

    async fn claim(&self, free: usize) -> Result<Vec<DueMail>, BoxError> {
        let most = u32::try_from(free).unwrap_or(u32::MAX);
        Ok(self.mails.claim(most, Duration::from_millis(self.settings.lease_ms)).await?)
    }

    async fn send(&self, mail: DueMail) -> (BookingId, Tried) {
        let booking = mail.booking_id;
        let tried = self.try_once(mail).await.unwrap_or_else(|error| {
            // Its claim runs out, and it is sent again under the same Message-ID.
            tracing::warn!(error = causes(&*error), "what became of a mail could not be recorded");
            Tried::Over
        });
        (booking, tried)
    }

    async fn try_once(&self, mail: DueMail) -> Result<Tried, BoxError> {
        let began = Instant::now();
        let letter = match self.letters.of(&mail) {
            Ok(letter) => letter,
            Err(error) => return self.give_up(&mail.key, &causes(&*error)).await,
        };
        match self.mailer.send(letter).await {
            Ok(()) => {
                count(&mail.key, "sent");
                metrics::histogram!("notification_mail_seconds").record(began.elapsed().as_secs_f64());
                self.mails.end(&mail.key, End::Sent, "").await?;
                Ok(Tried::Over)
            }
            Err(error) => self.not_sent(&mail, &error).await,
        }
    }

    async fn not_sent(&self, mail: &DueMail, error: &SendError) -> Result<Tried, BoxError> {
        let why = causes(error);
        let said = match error {
            SendError::Smtp(error) => error.status().and_then(|code| reply(code.into())),
            SendError::TooSlow => None,
            SendError::Unwritable(_) | SendError::Address(_) => Some(Reply::Never),
        };
        let Some(said) = said else {
            // No word about this mail. Does the server answer at all?
            if !self.mailer.answers().await {
                count(&mail.key, "later");
                self.mails.put_off(&mail.key, Duration::ZERO, &why, false).await?;
                return Ok(Tried::Away);
            }
            return self.put_off_or_give_up(mail, Reply::Deferred, &why).await;
        };
        self.put_off_or_give_up(mail, said, &why).await
    }

    async fn put_off_or_give_up(&self, mail: &DueMail, said: Reply, why: &str) -> Result<Tried, BoxError> {
        match self.patience().after(said, mail.attempts, mail.age) {
            Next::GivenUp => self.give_up(&mail.key, why).await,
            Next::After(pause) => {
                count(&mail.key, "later");
                self.mails.put_off(&mail.key, pause, why, true).await?;
                Ok(Tried::Over)
            }
        }
    }

    async fn give_up(&self, key: &MailKey, why: &str) -> Result<Tried, BoxError> {
        count(key, "given_up");
        tracing::warn!(event_id = %key.event_id, kind = key.kind, "a mail is given up; `vacancy admin mails` lists it");
        self.mails.end(key, End::GivenUp, why).await?;
        Ok(Tried::Over)
    }

    /// Claimed, and not tried since the server is away.
    async fn leave(&self, mail: &DueMail) -> Result<(), BoxError> {
        Ok(self.mails.put_off(&mail.key, Duration::ZERO, "the mail server is away", false).await?)
    }

    async fn wait_until_back(&self, shutdown: &Shutdown) {
        tracing::warn!("the mail server does not answer; mails wait");
        let mut failures = 1;
        while shutdown.unless_requested(tokio::time::sleep(AWAY.delay(failures))).await.is_some() {
            if self.mailer.answers().await {
                tracing::info!("the mail server answers again");
                break;
            }
            failures = failures.saturating_add(1);
        }
    }

    const fn patience(&self) -> Patience {
        Patience {
            first: Duration::from_secs(self.settings.first_pause_s),
            most: Duration::from_secs(self.settings.most_pause_s),
            end: Duration::from_secs(self.settings.give_up_after_s),
        }
    }
}

impl Claimed {
    /// Takes a mail in; gives it back at once if no other of its booking is under way.
    fn take_in(&mut self, mail: DueMail) -> Option<DueMail> {
        if let Some(waiting) = self.0.get_mut(&mail.booking_id) {
            waiting.push_back(mail);
            return None;
        }
        self.0.insert(mail.booking_id, VecDeque::new());
        Some(mail)
    }

    /// The booking's mail under way is over: the next one, if any.
    fn next_of(&mut self, booking: BookingId) -> Option<DueMail> {
        let next = self.0.get_mut(&booking).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.0.remove(&booking);
        }
        next
    }
}

fn count(key: &MailKey, outcome: &'static str) {
    metrics::counter!("notification_mails_total", "kind" => key.kind.clone(), "outcome" => outcome)
        .increment(1);
}
