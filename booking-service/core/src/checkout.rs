//! The checkout link: signed once, with the booking, and kept among its facts; checked by the payment provider, never
//! fetched by us.
//!
//! `<base>/checkout/{payment_id}?booking_id=…&amount=…&currency=…&expires=…[&return_url=…]&sig=…`, values percent-encoded.
//! `sig` is lower-case hex of HMAC-SHA256, keyed with the shared secret, over the lines
//! `v1`, `payment_id`, `booking_id`, `amount`, `currency`, `expires`, `return_url` (empty when there is none), as they are
//! before encoding, joined by `\n` without one at the end. `amount` is in minor units, `expires` in seconds since 1970.

use data_encoding::HEXLOWER;
use domain::{BookingId, Instant, Money, PaymentId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;

/// RFC 3986's unreserved characters stand for themselves.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Makes checkout links.
#[derive(Clone)]
pub struct CheckoutLinks {
    base: String,
    keyed: Hmac<Sha256>,
}

/// The base or the secret cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckoutSettingError {
    /// Not an absolute http or https URL.
    #[error("the checkout base is an absolute http or https URL without a query")]
    Base,
    /// Shorter than 16 bytes.
    #[error("the checkout secret has at least 16 bytes")]
    Secret,
}

impl CheckoutLinks {
    /// Links below `base` (`https://pay.example`), signed with the secret shared with the provider.
    pub fn new(base: &str, secret: &[u8]) -> Result<Self, CheckoutSettingError> {
        let absolute = base.starts_with("http://") || base.starts_with("https://");
        if !absolute || base.contains(['?', '#']) {
            return Err(CheckoutSettingError::Base);
        }
        if secret.len() < 16 {
            return Err(CheckoutSettingError::Secret);
        }
        let keyed = Hmac::new_from_slice(secret).map_err(|_| CheckoutSettingError::Secret)?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), keyed })
    }

    /// The link at which a session is paid.
    pub fn url(&self, session: &CheckoutSession<'_>) -> String {
        let (amount, currency) = (session.amount.amount(), session.amount.currency());
        let expires = session.expires.utc().timestamp();
        let mut url = format!(
            "{}/checkout/{}?booking_id={}&amount={amount}&currency={currency}&expires={expires}",
            self.base, session.payment_id, session.booking_id
        );
        if !session.return_url.is_empty() {
            url.push_str("&return_url=");
            url.extend(utf8_percent_encode(session.return_url, ENCODED));
        }
        url.push_str("&sig=");
        url.push_str(&self.signature(&session.canonical()));
        url
    }

    fn signature(&self, canonical: &str) -> String {
        let mut mac = self.keyed.clone();
        mac.update(canonical.as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }
}

impl std::fmt::Debug for CheckoutLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckoutLinks").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What a link says.
#[derive(Debug, Clone, Copy)]
pub struct CheckoutSession<'a> {
    /// Our name for the payment.
    pub payment_id: PaymentId,
    /// What is paid for.
    pub booking_id: BookingId,
    /// What is asked for.
    pub amount: Money,
    /// When the session ends.
    pub expires: Instant,
    /// Where the page sends the traveller afterwards; empty for nowhere.
    pub return_url: &'a str,
}

impl CheckoutSession<'_> {
    /// What is signed.
    fn canonical(&self) -> String {
        format!(
            "v1\n{}\n{}\n{}\n{}\n{}\n{}",
            self.payment_id,
            self.booking_id,
            self.amount.amount(),
            self.amount.currency(),
            self.expires.utc().timestamp(),
            self.return_url
        )
    }
}

#[cfg(test)]
mod tests {
    use domain::Currency;

    use super::*;

    fn session(return_url: &str) -> CheckoutSession<'_> {
        CheckoutSession {
            payment_id: "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70".parse().unwrap(),
            booking_id: "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71".parse().unwrap(),
            amount: Money::new(24_000, Currency::parse("EUR").unwrap()).unwrap(),
            expires: "2026-11-21T19:23:00.5Z".parse().unwrap(),
            return_url,
        }
    }

    fn links() -> CheckoutLinks {
        CheckoutLinks::new("http://127.0.0.1:21807/", b"a secret of tests").unwrap()
    }

    #[test]
    fn a_link_is_the_documented_one() {
        assert_eq!(
            links().url(&session("https://shop.example/?a=b c")),
            "http://127.0.0.1:21807/checkout/0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70?\
             booking_id=0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71&amount=24000&currency=EUR&expires=1795288980\
             &return_url=https%3A%2F%2Fshop.example%2F%3Fa%3Db%20c\
             &sig=7885c50ee8945ccb267bdece91b5dae6f30474556082882311f5fdee050250a4"
        );
    }

    #[test]
    fn every_part_is_signed() {
        let sign = |session: &CheckoutSession<'_>| links().signature(&session.canonical());
        let first = sign(&session(""));
        let eur = Currency::parse("EUR").unwrap();
        let cheaper = CheckoutSession { amount: Money::new(1, eur).unwrap(), ..session("") };
        let later = CheckoutSession { expires: "2027-11-21T19:23:00Z".parse().unwrap(), ..session("") };
        let elsewhere = session("https://evil.example/");
        for changed in [cheaper, later, elsewhere] {
            assert_ne!(sign(&changed), first);
        }
    }

    #[test]
    fn a_base_that_is_no_url_and_a_short_secret_are_refused() {
        assert_eq!(CheckoutLinks::new("pay.example", &[7; 32]).unwrap_err(), CheckoutSettingError::Base);
        assert_eq!(
            CheckoutLinks::new("https://pay.example", &[7; 8]).unwrap_err(),
            CheckoutSettingError::Secret
        );
    }
}
