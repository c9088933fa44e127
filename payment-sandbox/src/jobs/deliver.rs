//! Delivers callbacks: signed by Standard Webhooks, tried again with growing waits, those of one payment in order.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use delivery::Backoff;
use domain::PaymentId;
use platform::{app::Job, causes::BoxError, clock::SystemClock, shutdown::Shutdown, trace::TraceContext};
use reqwest::Client;
use tokio::{sync::Mutex, task::JoinSet, time::Instant as Monotonic};

use crate::{
    domain::{
        Decided,
        entry::Entry,
        message::{CallbackSignature, Message},
    },
    journal::JournalError,
    settings::CallbackSettings,
    store::Store,
};

/// How old a replayed callback says it is, in seconds: well beyond any tolerance.
const STALE_S: i64 = 3_600;

/// Carries callbacks to the merchant.
#[derive(Clone)]
pub struct Courier(Arc<Carrying>);

struct Carrying {
    client: Client,
    settings: CallbackSettings,
    store: Arc<Store>,
    /// Failures since the start; a restart tries at once.
    failed: Mutex<HashMap<u64, Failed>>,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    attempts: u32,
    next: Monotonic,
}

impl Courier {
    /// A courier for this store's callbacks.
    pub fn new(client: Client, settings: CallbackSettings, store: Arc<Store>) -> Self {
        Self(Arc::new(Carrying { client, settings, store, failed: Mutex::default() }))
    }

    pub fn job(&self) -> Job {
        let courier = self.clone();
        Job::new("callbacks", move |shutdown| courier.clone().run(shutdown))
    }

    /// As many as may be under way at once are, as long as so many are due: one that the merchant is slow over holds none up but
    /// those of its payment.
    async fn run(self, shutdown: Shutdown) -> Result<(), BoxError> {
        let carrying = &self.0;
        // Tasks of their own: this loop waits for the same locks as they do.
        let (mut under_way, mut payments) = (JoinSet::new(), HashSet::new());
        while !shutdown.is_requested() {
            let free = carrying.settings.most_at_once.saturating_sub(under_way.len());
            for (number, message) in carrying.ready(free, &payments).await? {
                payments.insert(message.payment_id);
                under_way.spawn(Arc::clone(carrying).carry(number, message));
            }
            let may_begin = under_way.len() < carrying.settings.most_at_once;
            tokio::select! {
                Some(carried) = under_way.join_next() => {
                    payments.remove(&carried??);
                    // Whatever else has ended makes room too, for one look.
                    while let Some(carried) = under_way.try_join_next() {
                        payments.remove(&carried??);
                    }
                }
                more = carrying.more(), if may_begin => more?,
                () = shutdown.requested() => break,
            }
        }
        while let Some(carried) = under_way.join_next().await {
            carried??;
        }
        Ok(())
    }
}

impl Carrying {
    /// Returns when it is worth looking again: something was queued, or what waits may have fallen due.
    async fn more(&self) -> Result<(), JournalError> {
        if self.store.look(|book, _| book.waiting().next().is_some()).await? {
            let poll = Duration::from_millis(self.settings.poll_ms);
            let _woken_or_not = tokio::time::timeout(poll, self.store.queued()).await;
        } else {
            self.store.queued().await;
        }
        Ok(())
    }

    /// The first callback of each payment but these, if it is due and does not wait after a failure; so many at most.
    async fn ready(
        &self,
        most: usize,
        under_way: &HashSet<PaymentId>,
    ) -> Result<Vec<(u64, Message)>, JournalError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let failed = self.failed.lock().await;
        let now = Monotonic::now();
        self.store
            .look(|book, time| {
                let mut seen = HashSet::new();
                // A payment's callbacks go in the order in which they fall due.
                book.waiting()
                    .take_while(|(_, message)| message.due_at <= time)
                    .filter(|(_, message)| !under_way.contains(&message.payment_id))
                    .filter(|(_, message)| seen.insert(message.payment_id))
                    .filter(|(number, _)| failed.get(number).is_none_or(|failed| failed.next <= now))
                    .take(most)
                    .map(|(number, message)| (number, message.clone()))
                    .collect()
            })
            .await
    }

    /// Carries it once and tells whose it was.
    async fn carry(self: Arc<Self>, number: u64, message: Message) -> Result<PaymentId, BoxError> {
        let delivered = self.send(&message).await;
        let outcome = if delivered { "delivered" } else { "failed" };
        metrics::counter!("sandbox_callbacks_total", "outcome" => outcome).increment(1);
        let end = if delivered {
            Some(Entry::Delivered { number })
        } else if self.note_failure(number, &message).await {
            None
        } else {
            Some(Entry::GivenUp { number })
        };
        if let Some(end) = end {
            self.failed.lock().await.remove(&number);
            self.store.decide(|_, _, _| Decided { entries: vec![end], answer: () }).await?;
        }
        Ok(message.payment_id)
    }

    /// Whether the merchant took it.
    async fn send(&self, message: &Message) -> bool {
        let real = SystemClock.read().utc().timestamp();
        let timestamp =
            if message.signature == CallbackSignature::Stale { real.saturating_sub(STALE_S) } else { real };
        let signed_body = if message.signature == CallbackSignature::Bad { "forged" } else { &message.body };
        let signature = self.settings.secret.signature(&message.webhook_id, timestamp, signed_body);
        let call = self
            .client
            .post(&self.settings.url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.webhook_id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body(message.body.clone());
        let trace = message.traceparent.as_deref().and_then(TraceContext::parse);
        let call =
            trace.iter().fold(call, |call, trace| call.header("traceparent", trace.child().to_string()));
        match call.send().await {
            Ok(answer) if answer.status().is_success() => true,
            Ok(answer) => {
                let status = answer.status().as_u16();
                tracing::warn!(
                    webhook_id = message.webhook_id,
                    status,
                    "the merchant did not take a callback"
                );
                false
            }
            Err(error) => {
                let causes = platform::causes::causes(&error);
                tracing::warn!(
                    webhook_id = message.webhook_id,
                    causes,
                    "a callback did not reach the merchant"
                );
                false
            }
        }
    }

    /// Counts a failure; whether it will be tried again.
    async fn note_failure(&self, number: u64, message: &Message) -> bool {
        let settings = &self.settings;
        let mut failed = self.failed.lock().await;
        let attempts = failed.get(&number).map_or(0, |failed| failed.attempts).saturating_add(1);
        if message.signature != CallbackSignature::Good || attempts >= settings.most_attempts {
            return false;
        }
        let waits = Backoff::new(
            Duration::from_millis(settings.first_wait_ms),
            Duration::from_millis(settings.most_wait_ms),
        );
        let next = Monotonic::now() + waits.delay(attempts);
        failed.insert(number, Failed { attempts, next });
        true
    }
}
