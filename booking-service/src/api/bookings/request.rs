//! The body of POST /v1/bookings: never a user, a status or a price.

use booking_core::Stay;
use domain::{
    ClientReference, Currency, Email, Faults, Invalid, Language, Money, PersonName, Phone, Text,
    booking::Booker,
};
use platform::api::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::stay::{self, RawStay, StayFaults, StayLineRequest},
    domain::quote_token,
};

/// The longest `return_url` in bytes.
const LONGEST_URL: usize = 1_024;

/// A booking to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "expected_total": { "amount": 24690, "currency": "EUR" } }))]
#[serde(deny_unknown_fields)]
pub struct BookingRequest {
    /// The hotel.
    #[schema(value_type = domain::HotelId)]
    hotel_id: String,
    /// The day of arrival: today or later, in the hotel's zone, at most 540 days ahead.
    #[schema(format = Date, example = "2026-12-24")]
    start_date: String,
    /// The day of departure: 1 to 30 nights.
    #[schema(format = Date, example = "2026-12-26")]
    end_date: String,
    /// What is wanted; a room may stand on several lines, for different parties.
    #[schema(min_items = 1, max_items = 9)]
    lines: Vec<StayLineRequest>,
    /// Who books.
    booker: BookerRequest,
    /// A quote of POST /v1/quotes for the same stay: fixes the price.
    #[serde(default)]
    #[schema(max_length = 2048, example = json!(null))]
    quote_token: Option<String>,
    /// Without a quote: the total the traveller was shown. Above it (plus `max_increase_percent`) is 409 `price_changed`.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    expected_total: Option<MoneyRequest>,
    /// How much more than `expected_total` is accepted.
    #[serde(default)]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 20, default = 0)]
    max_increase_percent: Option<i64>,
    /// The caller's own name for the booking, unique per caller.
    #[serde(default)]
    #[schema(value_type = Option<ClientReference>)]
    client_reference: Option<String>,
    /// Where the checkout page sends the traveller afterwards; its host is on our list.
    #[serde(default)]
    #[schema(format = "uri", max_length = 1024, example = "https://shop.example/thanks")]
    return_url: Option<String>,
    /// The language of mails and pages.
    #[serde(default)]
    #[schema(value_type = Option<Language>)]
    language: Option<String>,
    /// Wishes to the hotel.
    #[serde(default)]
    #[schema(max_length = 500, example = "A quiet room, please.")]
    special_requests: Option<String>,
}

/// Who books.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookerRequest {
    /// Given name.
    #[schema(min_length = 1, max_length = 60, example = "Ada")]
    given_name: String,
    /// Family name.
    #[schema(min_length = 1, max_length = 60, example = "Lovelace")]
    family_name: String,
    /// Where mails go.
    #[schema(value_type = Email)]
    email: String,
    /// Where the hotel calls.
    #[serde(default)]
    #[schema(value_type = Option<Phone>)]
    phone: Option<String>,
}

/// An amount in minor units.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneyRequest {
    amount: i64,
    currency: String,
}

/// A booking to be made, well formed.
#[derive(Debug, Clone)]
pub struct BookingOrder {
    /// What is to be had.
    pub stay: Stay,
    /// For whom and on which terms.
    pub details: BookingDetails,
}

/// A booking to be made, besides the stay.
#[derive(Debug, Clone)]
pub struct BookingDetails {
    /// Who books.
    pub booker: Booker,
    /// A quote to open.
    pub quote_token: Option<String>,
    /// What the traveller expects to pay, and how many percent more are accepted.
    pub expected: Option<(Money, u8)>,
    /// The caller's own name for it.
    pub client_reference: Option<ClientReference>,
    /// Where to go after the checkout.
    pub return_url: Option<String>,
    /// The language of mails and pages; English if none is named.
    pub language: Language,
    /// Wishes to the hotel.
    pub special_requests: Option<Text<0, 500>>,
}

impl BookingRequest {
    /// Reads the request; everything that is wrong is named at once.
    pub fn parse(self, return_hosts: &[String]) -> Result<BookingOrder, Problem> {
        let mut faults = StayFaults::default();
        let raw = RawStay {
            hotel_id: &self.hotel_id,
            start_date: &self.start_date,
            end_date: &self.end_date,
            lines: &self.lines,
        };
        let stay = stay::parse(&raw, &mut faults);
        let details = self.details(return_hosts, &mut faults.fields);
        faults.finish(stay.zip(details).map(|(stay, details)| BookingOrder { stay, details }))
    }

    fn details(self, return_hosts: &[String], faults: &mut Faults) -> Option<BookingDetails> {
        let booker = self.booker.parse(faults);
        let quote_token = faults.take_opt("#/quote_token", self.quote_token.map(parse_token));
        let expected = faults.take_opt("#/expected_total", self.expected_total.map(|money| money.parse()));
        let percent =
            faults.take("#/max_increase_percent", parse_percent(self.max_increase_percent.unwrap_or(0)));
        let reference = self.client_reference.as_deref().map(ClientReference::parse);
        let client_reference = faults.take_opt("#/client_reference", reference);
        let return_url = self.return_url.as_deref().map(|url| parse_return_url(url, return_hosts));
        let return_url = faults.take_opt("#/return_url", return_url);
        let language = faults.take_opt("#/language", self.language.as_deref().map(Language::parse));
        let requests = self.special_requests.as_deref().map(Text::parse_lines);
        let special_requests = faults.take_opt("#/special_requests", requests);
        let percent = percent?;
        Some(BookingDetails {
            booker: booker?,
            quote_token: quote_token?,
            expected: expected?.map(|total| (total, percent)),
            client_reference: client_reference?,
            return_url: return_url?,
            language: language?.unwrap_or_else(Language::english),
            special_requests: special_requests?,
        })
    }
}

impl BookerRequest {
    fn parse(&self, faults: &mut Faults) -> Option<Booker> {
        let given_name = faults.take("#/booker/given_name", PersonName::parse(&self.given_name));
        let family_name = faults.take("#/booker/family_name", PersonName::parse(&self.family_name));
        let email = faults.take("#/booker/email", Email::parse(&self.email));
        let phone = faults.take_opt("#/booker/phone", self.phone.as_deref().map(Phone::parse));
        Some(Booker { given_name: given_name?, family_name: family_name?, email: email?, phone: phone? })
    }
}

impl MoneyRequest {
    /// An amount of nothing or more.
    pub fn parse(&self) -> Result<Money, Invalid> {
        if self.amount < 0 {
            return Err(Invalid::out_of_range("Minor units, not below 0."));
        }
        let currency = Currency::parse(&self.currency)?;
        Money::new(self.amount, currency).map_err(|_| Invalid::out_of_range("Minor units, below 2^53."))
    }
}

fn parse_token(token: String) -> Result<String, Invalid> {
    let fits = (1..=quote_token::LONGEST_BYTES).contains(&token.len());
    if fits { Ok(token) } else { Err(Invalid::out_of_range("Between 1 and 2048 characters.")) }
}

fn parse_percent(percent: i64) -> Result<u8, Invalid> {
    u8::try_from(percent)
        .ok()
        .filter(|percent| *percent <= 20)
        .ok_or_else(|| Invalid::out_of_range("Between 0 and 20."))
}

/// An https address whose host is one of ours to send travellers to; nobody else's page may be opened by our checkout.
fn parse_return_url(text: &str, hosts: &[String]) -> Result<String, Invalid> {
    if text.len() > LONGEST_URL {
        return Err(Invalid::out_of_range("At most 1024 characters."));
    }
    let malformed = || Invalid::malformed("An https URL without user, password or fragment.");
    let url = reqwest::Url::parse(text).map_err(|_| malformed())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if url.scheme() != "https" || !plain {
        return Err(malformed());
    }
    let known = url.host_str().is_some_and(|host| hosts.iter().any(|allowed| allowed == host));
    if known {
        Ok(url.into())
    } else {
        Err(Invalid::unknown("Its host is not one that we return travellers to."))
    }
}

#[cfg(test)]
mod tests;
