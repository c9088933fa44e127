//! `payments`: what an operator must decide about, through booking-service's operator endpoints.

use std::time::Duration;

use clap::Subcommand;
use domain::{PaymentId, RefundId};
use platform::{
    auth::{Claims, Role, mint},
    http_client::http_client,
    settings::Secret,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Failure, failure::IS_IT_UP, seed, settings::Settings, tell::say};

/// A token for the few calls of one command.
const TOKEN: Duration = Duration::from_mins(5);
/// Pages of a list at most; a longer list is cut and says so.
const PAGES: u32 = 50;

/// `payments ...`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum PaymentsCommand {
    /// Payments of another amount than asked, and callbacks that could not be carried out.
    List,
    /// Take the payment as the booking's: it is BOOKED.
    Book {
        /// As `list` shows it.
        payment: Uuid,
    },
    /// Send the whole payment back.
    Refund {
        /// As `list` shows it.
        payment: Uuid,
    },
    /// Refunds that the provider has not confirmed.
    #[command(subcommand)]
    Refunds(RefundsCommand),
    /// Take a callback from the list, once it is settled with the provider.
    Dismiss {
        /// As `list` shows it.
        webhook_id: String,
        /// As `list` shows it: another body under the same id is another callback.
        body_sha256: String,
    },
}

/// `payments refunds ...`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum RefundsCommand {
    /// Those that are owed, the longest owed first.
    List {
        /// Only those that the provider refuses: they wait for `retry`.
        #[arg(long)]
        refused: bool,
    },
    /// Owe a refused refund again, under another name at the provider. Ask the provider first why it refuses.
    #[command(after_help = "\
The provider keeps what it has refused under its name, so the refund is sent under another one; one that it has taken after
all keeps its name. A refund that is not refused stays as it is: to retry twice pays once.

Example:
    vacancy admin payments refunds list --refused
    vacancy admin payments refunds retry 01a200a0-5a40-7650-8868-edceed8865e4")]
    Retry {
        /// The refund, as `list` shows it.
        refund: Uuid,
    },
}

/// Does it and says what came of it.
pub(crate) async fn run(settings: &Settings, command: &PaymentsCommand) -> Result<(), Failure> {
    let service = BookingService::new(settings)?;
    match command {
        PaymentsCommand::List => list(&service).await,
        PaymentsCommand::Book { payment } => decide(&service, *payment, "book").await,
        PaymentsCommand::Refund { payment } => decide(&service, *payment, "refund").await,
        PaymentsCommand::Refunds(RefundsCommand::List { refused }) => refunds(&service, *refused).await,
        PaymentsCommand::Refunds(RefundsCommand::Retry { refund }) => retry(&service, *refund).await,
        PaymentsCommand::Dismiss { webhook_id, body_sha256 } => {
            dismiss(&service, webhook_id, body_sha256).await
        }
    }
}

struct BookingService {
    client: Client,
    base: String,
    token: String,
}

impl BookingService {
    fn new(settings: &Settings) -> Result<Self, Failure> {
        let next =
            "set kit.auth.development_key, or VACANCY_OPERATOR_TOKEN to an operator's token of the issuer";
        let given = std::env::var("VACANCY_OPERATOR_TOKEN").ok();
        let minted = || {
            let key = settings.kit.auth.development_key.as_ref().map(Secret::expose);
            let key = key.ok_or_else(|| Failure::refused("there is no operator's token", next))?;
            let subject = seed::fixed_id("person/operator").to_string();
            let claims = Claims::new(&settings.kit.auth, subject, &[Role::Operator], TOKEN);
            mint(key, &claims).map_err(Failure::doing("signing a token", next))
        };
        let client = http_client(Duration::from_millis(settings.services.timeout_ms));
        Ok(Self {
            client: client.map_err(Failure::doing("making an HTTP client", IS_IT_UP))?,
            base: settings.services.booking.trim_end_matches('/').to_owned(),
            token: given.map_or_else(minted, Ok)?,
        })
    }

    async fn ask(&self, method: Method, path: &str) -> Result<Value, Failure> {
        self.send(method, path, None).await
    }

    /// The answer's body; null where it has none.
    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.base);
        let call = self.client.request(method, &url).bearer_auth(&self.token);
        let call = if let Some(body) = &body { call.json(body) } else { call };
        let answer = call.send().await.map_err(Failure::doing(format!("calling {url}"), IS_IT_UP))?;
        let status = answer.status();
        let reading = format!("reading the answer of {url}");
        let bytes = answer.bytes().await.map_err(Failure::doing(reading.clone(), IS_IT_UP))?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(Failure::doing(reading, IS_IT_UP))?
        };
        if status.is_success() { Ok(body) } else { Err(refused(&body, status.as_u16())) }
    }
}

fn refused(problem: &Value, status: u16) -> Failure {
    let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default();
    let (title, detail) = (text("title"), text("detail"));
    let detail = if detail == title { "" } else { detail };
    let says = format!("booking-service answers {status} {}: {title} {detail}", text("code"));
    let next = if status == 404 {
        "`vacancy admin payments list` shows what waits, `payments refunds list` what goes back: what is not there is unknown, or \
         was decided already"
    } else {
        "see `vacancy admin payments list` for what waits, and whether the token is an operator's"
    };
    Failure::refused(says.trim(), next)
}

async fn list(service: &BookingService) -> Result<(), Failure> {
    say("In review: another amount was paid than asked. `payments book ID` or `payments refund ID`.");
    show(service, "/v1/payments/reviews?", &["payment_id", "booking_id", "amount", "captured", "since"])
        .await?;
    say("\nCallbacks that could not be carried out: ask the provider, then `payments dismiss ID BODY`.");
    let columns = ["webhook_id", "body_sha256", "kind", "reason", "payment_id", "amount", "received_at"];
    show(service, "/v1/payments/unmatched?", &columns).await
}

async fn refunds(service: &BookingService, refused: bool) -> Result<(), Failure> {
    say("Refunds that the provider has not confirmed; a refused one waits for `payments refunds retry ID`.");
    let columns =
        ["refund_id", "booking_id", "amount", "status", "since", "provider_refund_id", "last_error"];
    show(service, &format!("/v1/payments/refunds?refused={refused}&"), &columns).await
}

async fn retry(service: &BookingService, refund: Uuid) -> Result<(), Failure> {
    let path = format!("/v1/payments/refunds/{}/retry", RefundId::from_uuid(refund));
    let after = service.ask(Method::POST, &path).await?;
    let text = |key: &str| after.get(key).and_then(Value::as_str).unwrap_or("-");
    say(format!(
        "refund {refund} is {}, at the provider it is {}",
        text("status"),
        text("provider_refund_id")
    ));
    Ok(())
}

/// `path` ends in `?` or `&`.
async fn show(service: &BookingService, path: &str, columns: &[&str]) -> Result<(), Failure> {
    let mut token = String::new();
    let mut shown = 0usize;
    for _ in 0..PAGES {
        let page = service.ask(Method::GET, &format!("{path}page_size=100{token}")).await?;
        let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        shown = shown.saturating_add(items.len());
        for item in &items {
            say(row(item, columns));
        }
        let Some(next) = page.get("next_page_token").and_then(Value::as_str) else { break };
        token = format!("&page_token={next}");
    }
    say(format!("  {shown} in all"));
    Ok(())
}

fn row(item: &Value, columns: &[&str]) -> String {
    let cells = columns.iter().map(|column| cell(item.get(*column).unwrap_or(&Value::Null)));
    format!("  {}", cells.collect::<Vec<_>>().join("  "))
}

fn cell(value: &Value) -> String {
    if let Ok(money) = serde_json::from_value::<domain::Money>(value.clone()) {
        return money.to_string();
    }
    value.as_str().map_or_else(|| "-".to_owned(), str::to_owned)
}

async fn dismiss(service: &BookingService, webhook_id: &str, body_sha256: &str) -> Result<(), Failure> {
    let body = json!({"webhook_id": webhook_id, "body_sha256": body_sha256});
    service.send(Method::POST, "/v1/payments/unmatched/dismissals", Some(body)).await?;
    say(format!("callback {webhook_id} is not listed any more"));
    Ok(())
}

async fn decide(service: &BookingService, payment: Uuid, word: &str) -> Result<(), Failure> {
    let payment = PaymentId::from_uuid(payment);
    let booking = service.ask(Method::POST, &format!("/v1/payments/{payment}/{word}")).await?;
    let text = |pointer: &str| booking.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
    say(format!(
        "booking {} is {}, its payment {}",
        text("/booking_id"),
        text("/status"),
        text("/payment/status")
    ));
    Ok(())
}
