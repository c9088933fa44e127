//! The provider over HTTP, as the payment sandbox speaks it (details.md, Payments; `openapi/payment-sandbox.json`).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{Money, PaymentId, RefundId};
use platform::http_client::traced;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Captured, NoAnswer, PaymentProvider, PaymentState, RefundOrder, RefundState};
use crate::settings::ProviderSettings;

/// A provider at a base URL.
pub struct HttpProvider {
    client: Client,
    base_url: String,
    api_key: String,
    timeout: Duration,
    calls: Arc<Semaphore>,
}

#[derive(Deserialize)]
struct PaymentBody {
    status: PaymentWord,
    #[serde(default)]
    amount: Option<Money>,
    #[serde(default)]
    provider_reference: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum PaymentWord {
    Open,
    Captured,
    Ended,
    Voided,
    Unknown,
}

#[derive(Deserialize)]
struct RefundBody {
    status: RefundWord,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefundWord {
    Pending,
    Succeeded,
    Failed,
    Unknown,
}

impl HttpProvider {
    /// The provider of the settings, called by `client`.
    pub fn new(client: Client, settings: &ProviderSettings) -> Self {
        Self {
            client,
            base_url: settings.url.trim_end_matches('/').to_owned(),
            api_key: settings.api_key.expose().to_owned(),
            timeout: Duration::from_millis(settings.timeout_ms),
            calls: Arc::new(Semaphore::new(settings.max_calls)),
        }
    }

    /// No free slot counts as no answer (details.md, Holds): nobody queues for the provider.
    fn slot(&self) -> Result<SemaphorePermit<'_>, NoAnswer> {
        self.calls.try_acquire().map_err(|_| NoAnswer::Busy)
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base_url);
        traced(self.client.request(method, url)).bearer_auth(&self.api_key).timeout(self.timeout)
    }

    async fn payment_call(&self, request: RequestBuilder) -> Result<PaymentState, NoAnswer> {
        let _slot = self.slot()?;
        let answer = request.send().await.map_err(NoAnswer::Unreachable)?;
        // A void that came too late may be told as a conflict, with the payment as it stands.
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(PaymentState::Unknown),
            status if status.is_success() || status == StatusCode::CONFLICT => {
                let body: PaymentBody = read(answer).await?;
                body.state(status)
            }
            status => Err(unreadable(status)),
        }
    }

    async fn refund_call(&self, request: RequestBuilder) -> Result<RefundState, NoAnswer> {
        let _slot = self.slot()?;
        let answer = request.send().await.map_err(NoAnswer::Unreachable)?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(RefundState::Unknown),
            // Refused for good: more than was captured, or a payment that never was.
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => Ok(RefundState::Failed),
            status if status.is_success() => read::<RefundBody>(answer).await.map(|body| body.status.state()),
            status => Err(unreadable(status)),
        }
    }
}

impl PaymentBody {
    fn state(self, status: StatusCode) -> Result<PaymentState, NoAnswer> {
        match self.status {
            PaymentWord::Open => Ok(PaymentState::Open),
            PaymentWord::Ended => Ok(PaymentState::Ended),
            PaymentWord::Voided => Ok(PaymentState::Voided),
            PaymentWord::Unknown => Ok(PaymentState::Unknown),
            PaymentWord::Captured => {
                // Who has captured nothing has captured no payment.
                let amount = self.amount.filter(|amount| amount.amount() > 0);
                let amount = amount.ok_or_else(|| unreadable(status))?;
                Ok(PaymentState::Captured(Captured { amount, provider_reference: self.provider_reference }))
            }
        }
    }
}

impl RefundWord {
    fn state(&self) -> RefundState {
        match self {
            Self::Pending => RefundState::Pending,
            Self::Succeeded => RefundState::Succeeded,
            Self::Failed => RefundState::Failed,
            Self::Unknown => RefundState::Unknown,
        }
    }
}

fn unreadable(status: StatusCode) -> NoAnswer {
    NoAnswer::Unreadable { status: status.as_u16(), source: None }
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, NoAnswer> {
    let status = answer.status().as_u16();
    answer.json().await.map_err(|source| NoAnswer::Unreadable { status, source: Some(source) })
}

#[async_trait]
impl PaymentProvider for HttpProvider {
    async fn payment(&self, payment: PaymentId) -> Result<PaymentState, NoAnswer> {
        self.payment_call(self.call(Method::GET, &format!("/v1/payments/{payment}"))).await
    }

    async fn void(&self, payment: PaymentId) -> Result<PaymentState, NoAnswer> {
        self.payment_call(self.call(Method::POST, &format!("/v1/payments/{payment}/void"))).await
    }

    async fn refund(&self, refund: &RefundOrder) -> Result<RefundState, NoAnswer> {
        let key = refund.refund_id.to_string();
        let request = self.call(Method::POST, "/v1/refunds").header("idempotency-key", key);
        self.refund_call(request.json(refund)).await
    }

    async fn refund_state(&self, refund: RefundId) -> Result<RefundState, NoAnswer> {
        self.refund_call(self.call(Method::GET, &format!("/v1/refunds/{refund}"))).await
    }
}
