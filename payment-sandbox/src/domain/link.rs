//! The checkout link: made and signed by the merchant, checked here by our own reading of the same description.
//!
//! `sig` is lower-case hex of HMAC-SHA256 over the lines `v1`, `payment_id`, `booking_id`, `amount`, `currency`, `expires`,
//! `return_url` (empty when there is none), joined by `\n`. `amount` is in minor units, `expires` in seconds since 1970.

use data_encoding::HEXLOWER;
use domain::{BookingId, Currency, Instant, Money, PaymentId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::IntoParams;

/// The longest address that we send a traveller back to, in bytes.
const LONGEST_RETURN_URL: usize = 2_000;

/// What a link's query says, as text.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// The merchant's booking.
    pub booking_id: String,
    /// Minor units.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// When the session ends, in seconds since 1970.
    pub expires: String,
    /// Where the traveller goes afterwards.
    pub return_url: Option<String>,
    /// The merchant's signature.
    pub sig: String,
}

/// What is to be paid, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The merchant's booking.
    pub booking_id: BookingId,
    /// How much.
    pub amount: Money,
    /// When the session ends.
    pub expires_at: Instant,
    /// Where the traveller goes afterwards.
    pub return_url: Option<String>,
}

/// The link was not made by the merchant, or is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the link is not the merchant's")]
pub struct BadLink;

/// Checks links.
pub struct Links(Hmac<Sha256>);

impl Links {
    /// Links signed with this secret; none if it cannot key an HMAC.
    pub fn new(secret: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// The session that the link describes, if its signature holds.
    pub fn read(&self, payment: PaymentId, query: &LinkQuery) -> Result<Session, BadLink> {
        let signature = HEXLOWER.decode(query.sig.as_bytes()).map_err(|_| BadLink)?;
        let return_url = query.return_url.as_deref().unwrap_or_default();
        let signed = format!(
            "v1\n{payment}\n{}\n{}\n{}\n{}\n{return_url}",
            query.booking_id, query.amount, query.currency, query.expires
        );
        let mut mac = self.0.clone();
        mac.update(signed.as_bytes());
        mac.verify_slice(&signature).map_err(|_| BadLink)?;
        session(query).ok_or(BadLink)
    }
}

fn session(query: &LinkQuery) -> Option<Session> {
    let currency = Currency::parse(&query.currency).ok()?;
    let amount = Money::new(query.amount.parse().ok()?, currency).ok().filter(|money| money.amount() > 0)?;
    let seconds: i64 = query.expires.parse().ok()?;
    let expires_at = Instant::from_epoch_micros(seconds.checked_mul(1_000_000)?)?;
    let return_url = query.return_url.clone().filter(|url| !url.is_empty());
    if return_url.as_deref().is_some_and(|url| !may_return_to(url)) {
        return None;
    }
    Some(Session { booking_id: query.booking_id.parse().ok()?, amount, expires_at, return_url })
}

/// Web addresses only: whatever was signed, nobody is sent to `javascript:` or `data:`.
fn may_return_to(url: &str) -> bool {
    url.len() <= LONGEST_RETURN_URL
        && reqwest::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYMENT: &str = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70";

    fn query(return_url: Option<&str>) -> LinkQuery {
        let mut query = LinkQuery {
            booking_id: "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71".to_owned(),
            amount: "24000".to_owned(),
            currency: "EUR".to_owned(),
            expires: "1795288980".to_owned(),
            return_url: return_url.map(str::to_owned),
            sig: String::new(),
        };
        let text = format!(
            "v1\n{PAYMENT}\n{}\n24000\nEUR\n1795288980\n{}",
            query.booking_id,
            return_url.unwrap_or_default()
        );
        let mut mac = links().0;
        mac.update(text.as_bytes());
        query.sig = HEXLOWER.encode(&mac.finalize().into_bytes());
        query
    }

    fn links() -> Links {
        Links::new(b"a secret of tests").unwrap()
    }

    fn read(query: &LinkQuery) -> Result<Session, BadLink> {
        links().read(PAYMENT.parse().unwrap(), query)
    }

    #[test]
    fn a_signed_link_is_read() {
        let session = read(&query(Some("https://shop.example/?a=b c"))).unwrap();
        assert_eq!(session.amount.to_string(), "240.00 EUR");
        assert_eq!(session.expires_at.utc().timestamp(), 1_795_288_980);
    }

    #[test]
    fn every_part_is_signed() {
        let changes: [fn(&mut LinkQuery); 6] = [
            |q| q.amount = "1".to_owned(),
            |q| q.currency = "USD".to_owned(),
            |q| q.expires = "1995288980".to_owned(),
            |q| q.return_url = Some("https://evil.example/".to_owned()),
            |q| q.booking_id = PAYMENT.to_owned(),
            |q| q.sig = q.sig.to_uppercase(),
        ];
        for change in changes {
            let mut link = query(None);
            change(&mut link);
            assert_eq!(read(&link), Err(BadLink));
        }
    }

    #[test]
    fn nobody_is_sent_to_a_script() {
        assert_eq!(read(&query(Some("javascript:alert(1)"))), Err(BadLink));
    }
}
