//! Sends what waits: many mails side by side, few of them to one domain. Those of one booking that one process claims at once
//! go one after another in the order in which they are due; a mail that is put off lets the next one go first.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use delivery::Backoff;
use futures::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use platform::{
    app::Job,
    causes::{BoxError, causes},
    pace::Wake,
    shutdown::Shutdown,
};
use tokio::time::{Instant, MissedTickBehavior};

use super::recording::Recording;
use crate::{
    domain::{
        looking::{Look, Looking},
        places::{Places, TakenPlace},
        trying::{Next, Patience, Refusals, Reply, reply},
    },
    letters::Letters,
    mailer::{Mailer, SendError},
    settings::SendingSettings,
    store::{DueMail, MailKey, Mails},
};

/// Pauses while the server is away, between two questions whether it is back.
const AWAY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));

/// What sends.
pub struct Sending {
    mails: Mails,
    recording: Recording,
    letters: Arc<Letters>,
    mailer: Mailer,
    settings: SendingSettings,
    refusals: Mutex<Refusals>,
}

/// What became of one try.
enum Tried {
    Over,
    /// The server itself is in trouble: whoever comes next need not try.
    Away,
}

/// What a look has found, of how many, and the domains whose mails it passed over.
struct Claimed {
    due: Vec<DueMail>,
    asked: usize,
    passed_over: Vec<String>,
}

/// When a claimed mail's turn comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// As soon as it was claimed.
    AtOnce,
    /// After others of its booking or to its domain, while which its claim may have run out.
    Later,
    /// Not before the server is back.
    Never,
}

impl Sending {
    /// Sends what waits in this table.
    pub fn new(mails: Mails, letters: Arc<Letters>, mailer: Mailer, settings: SendingSettings) -> Self {
        let refusals = Mutex::new(Refusals::new(settings.refused_in_a_row));
        let recording = Recording::new(mails.clone());
        Self { mails, recording, letters, mailer, settings, refusals }
    }

    /// The job: woken by whoever queues, and looking on its own for what is due again.
    pub fn job(self, wake: Wake) -> Job {
        let sending = Arc::new(self);
        Job::new("sending mails", move |shutdown| {
            let (sending, wake) = (Arc::clone(&sending), wake.clone());
            async move {
                sending.run(&wake, &shutdown).await;
                Ok(())
            }
        })
    }

    /// Nothing but the end of the process ends this: a failing database would cut the dialogues under way, and their mails
    /// would be sent twice. So each question to it stands beside them, and a failure is told and asked again at the next look.
    async fn run(&self, wake: &Wake, shutdown: &Shutdown) {
        let mut places = Places::new(self.settings.side_by_side, self.settings.side_by_side_per_domain);
        let (mut claiming, mut under_way) = (FuturesUnordered::new(), FuturesUnordered::new());
        let mut looks = tokio::time::interval(Duration::from_millis(self.settings.every_ms));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut away, mut looking) = (false, Looking::default());
        looking.want();
        while !shutdown.is_requested() {
            let may_look = !away && places.free() > 0 && claiming.is_empty();
            let full = places.full_domains();
            let look = if may_look { looking.look(&full, std::time::Instant::now()) } else { Look::Never };
            if look == Look::Now {
                looking.looks();
                claiming.push(self.claim(full));
            }
            tokio::select! {
                Some((place, tried)) = under_way.next() => {
                    places.give_back(&place);
                    away |= matches!(tried, Tried::Away);
                    let turn = if away { Turn::Never } else { Turn::Later };
                    under_way.extend(places.begin().map(|(place, mail)| self.take_turn(place, mail, turn)));
                    looking.want();
                }
                Some(claimed) = claiming.next() => {
                    let Claimed { due, asked, passed_over } = claimed;
                    looking.found(due.len(), asked, passed_over, std::time::Instant::now());
                    let turn = if away { Turn::Never } else { Turn::AtOnce };
                    places.take_in(due);
                    // What waited before still waits: only these begin now.
                    under_way.extend(places.begin().map(|(place, mail)| self.take_turn(place, mail, turn)));
                }
                () = until(look) => {}
                () = wake.woken() => looking.want(),
                _ = looks.tick() => looking.want(),
                () = shutdown.requested() => break,
            }
            if away && under_way.is_empty() && claiming.is_empty() {
                self.wait_until_back(shutdown).await;
                away = false;
                looking.want();
            }
        }
        // What did not begin is due at once for others, whatever keeps those that did.
        let given_back = join_all(places.withdraw().into_iter().map(|mail| self.give_back(mail)));
        futures::join!(given_back, async { while under_way.next().await.is_some() {} });
    }

    async fn give_back(&self, mail: DueMail) {
        if let Err(error) = self.leave(&mail, "the service stopped before it was sent").await {
            tracing::warn!(
                error = causes(&*error),
                "a mail that did not begin waits until its claim runs out"
            );
        }
    }

    /// More than there are places: a backlog costs few looks, and who is claimed waits for a place here.
    async fn claim(&self, passed_over: Vec<String>) -> Claimed {
        let asked = self.settings.claim_at_once;
        let most = u32::try_from(asked).unwrap_or(u32::MAX);
        let due = self.mails.claim(most, &passed_over, self.lease()).await;
        let due = due.unwrap_or_else(|error| {
            tracing::warn!(error = causes(&error), "mails could not be claimed; they wait");
            Vec::new()
        });
        Claimed { due, asked, passed_over }
    }

    async fn take_turn(&self, place: TakenPlace, mail: DueMail, turn: Turn) -> (TakenPlace, Tried) {
        let tried = match turn {
            Turn::AtOnce => self.try_once(mail).await,
            Turn::Later => self.try_if_ours(mail).await,
            Turn::Never => self.leave(&mail, "the mail server is away").await,
        };
        let tried = tried.unwrap_or_else(|error| {
            // Its claim runs out, and it is sent again under the same Message-ID.
            tracing::warn!(error = causes(&*error), "what became of a mail could not be recorded");
            Tried::Over
        });
        (place, tried)
    }

    /// Once its claim has run out another process may have taken it over, and may have sent it. A claim of which three quarters are
    /// left outlasts the try and the record of it: it is longer than twice the time that a mail may take.
    async fn try_if_ours(&self, mut mail: DueMail) -> Result<Tried, BoxError> {
        let is_young = mail.claimed.elapsed() < self.lease() / 4;
        if is_young || self.mails.claim_again(&mut mail, self.lease()).await? {
            self.try_once(mail).await
        } else {
            Ok(Tried::Over)
        }
    }

    async fn try_once(&self, mail: DueMail) -> Result<Tried, BoxError> {
        let began = Instant::now();
        let letter = match self.letters.of(&mail) {
            Ok(letter) => letter,
            Err(error) => return self.give_up(&mail.key, &causes(&*error)).await,
        };
        match self.mailer.send(letter).await {
            Ok(()) => {
                self.refusals.lock().unwrap_or_else(PoisonError::into_inner).taken();
                count(&mail.key, "sent");
                metrics::histogram!("notification_mail_seconds").record(began.elapsed().as_secs_f64());
                self.recording.sent(mail.key).await?;
                Ok(Tried::Over)
            }
            Err(error) => self.not_sent(&mail, &error).await,
        }
    }

    async fn not_sent(&self, mail: &DueMail, error: &SendError) -> Result<Tried, BoxError> {
        let why = causes(error);
        let said = match error {
            SendError::Unwritable(_) | SendError::Address(_) => return self.give_up(&mail.key, &why).await,
            SendError::Smtp(error) => error.status().and_then(|code| reply(code.into())),
            SendError::TooSlow => None,
        };
        // Whatever it said, it may have said it to us and not to this mail: as a greeting, or to our login.
        if !self.mailer.answers().await {
            count(&mail.key, "later");
            self.mails.put_off(mail, Duration::ZERO, &why, false).await?;
            return Ok(Tried::Away);
        }
        let said = match said {
            Some(Reply::Never) if self.refuses_everybody(&mail.key.recipient) => Reply::Deferred,
            Some(said) => said,
            None => Reply::Deferred,
        };
        self.put_off_or_give_up(mail, said, &why).await
    }

    fn refuses_everybody(&self, recipient: &str) -> bool {
        let everybody = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).refused(recipient);
        if everybody {
            tracing::warn!(
                "the mail server refuses one recipient after the other, so perhaps us; their mails wait"
            );
        }
        everybody
    }

    async fn put_off_or_give_up(&self, mail: &DueMail, said: Reply, why: &str) -> Result<Tried, BoxError> {
        match self.patience().after(said, mail.attempts, mail.age) {
            Next::GivenUp => self.give_up(&mail.key, why).await,
            Next::After(pause) => {
                count(&mail.key, "later");
                self.mails.put_off(mail, pause, why, true).await?;
                Ok(Tried::Over)
            }
        }
    }

    async fn give_up(&self, key: &MailKey, why: &str) -> Result<Tried, BoxError> {
        count(key, "given_up");
        tracing::warn!(event_id = %key.event_id, kind = key.kind, "a mail is given up; `vacancy admin mails` lists it");
        self.mails.give_up(key, why).await?;
        Ok(Tried::Over)
    }

    /// Claimed, and not tried: due again at once.
    async fn leave(&self, mail: &DueMail, why: &str) -> Result<Tried, BoxError> {
        self.mails.put_off(mail, Duration::ZERO, why, false).await?;
        Ok(Tried::Over)
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

    const fn lease(&self) -> Duration {
        Duration::from_millis(self.settings.lease_ms)
    }

    const fn patience(&self) -> Patience {
        Patience {
            first: Duration::from_secs(self.settings.first_pause_s),
            most: Duration::from_secs(self.settings.most_pause_s),
            end: Duration::from_secs(self.settings.give_up_after_s),
            fewest: self.settings.fewest_tries,
        }
    }
}

/// Until a look that waits may begin.
async fn until(look: Look) {
    match look {
        Look::At(then) => tokio::time::sleep_until(then.into()).await,
        Look::Now | Look::Never => std::future::pending().await,
    }
}

fn count(key: &MailKey, outcome: &'static str) {
    metrics::counter!("notification_mails_total", "kind" => key.kind.clone(), "outcome" => outcome)
        .increment(1);
}
