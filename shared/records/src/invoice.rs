//! The invoice: as JSON for mgmt, as HTML for mgmt and for the mail.

use chrono::NaiveDate;
use domain::{
    BookingId, CountryCode, Email, Instant, InvoiceId, Phone,
    booking::BookingRecord,
    event::{CreditNoteFacts, InvoiceFacts},
    ids::ConfirmationNumber,
    price::{Charge, Price},
};
use minijinja::{Environment, value::Serde};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    active::NumberedInvoice,
    wording::{InvoiceWords, Wording},
};

/// The page; its name ends in `.html`, which is what turns escaping on.
const TEMPLATE: (&str, &str) = ("invoice.html", include_str!("../templates/invoice.html"));

/// A numbered invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceView {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Gapless per hotel and year.
    #[schema(example = "PAR-2026-000042")]
    pub number: String,
    /// When the booking became BOOKED.
    pub issued_at: Instant,
    /// Whose stay it is.
    pub booking_id: BookingId,
    /// What a traveller reads over the phone.
    pub confirmation_number: ConfirmationNumber,
    /// The hotel.
    pub seller: InvoiceSeller,
    /// Who booked.
    pub buyer: InvoiceBuyer,
    /// The day of arrival.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    pub start_date: NaiveDate,
    /// The day of departure.
    #[schema(value_type = String, format = Date, example = "2026-12-26")]
    pub end_date: NaiveDate,
    /// The price, as booked.
    pub price: Price,
    /// What was taken back of it, oldest first.
    pub credit_notes: Vec<CreditNoteFacts>,
}

/// Who sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceSeller {
    /// The hotel's name as at booking.
    #[schema(example = "Hotel Paradiso")]
    pub name: String,
    /// Its country.
    pub country_code: CountryCode,
    /// For travellers to call.
    #[schema(required)]
    pub phone: Option<Phone>,
}

/// Who buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvoiceBuyer {
    /// Given and family name.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// Where mails go.
    pub email: Email,
}

impl InvoiceView {
    /// The invoice of a booking, as the database has its number.
    pub fn of(record: &BookingRecord, numbered: NumberedInvoice) -> Self {
        let facts = &record.facts;
        Self {
            invoice_id: numbered.invoice_id,
            number: numbered.number,
            issued_at: numbered.issued_at,
            booking_id: record.booking_id,
            confirmation_number: record.booking_id.confirmation_number(),
            seller: InvoiceSeller {
                name: facts.hotel.name.clone(),
                country_code: facts.hotel.country_code,
                phone: facts.hotel.phone.clone(),
            },
            buyer: InvoiceBuyer {
                name: format!("{} {}", facts.booker.given_name, facts.booker.family_name),
                email: facts.booker.email.clone(),
            },
            start_date: record.dates.start_date(),
            end_date: record.dates.end_date(),
            price: facts.price.clone(),
            credit_notes: numbered.credit_notes,
        }
    }

    /// The invoice of a booking, as its event `invoiced` carries the number.
    pub fn of_event(record: &BookingRecord, facts: &InvoiceFacts) -> Self {
        let numbered = NumberedInvoice {
            invoice_id: facts.invoice_id,
            number: facts.number.clone(),
            issued_at: facts.issued_at,
            credit_notes: facts.credit_note.iter().cloned().collect(),
        };
        Self::of(record, numbered)
    }
}

/// The template or its data are wrong: a mistake of ours.
#[derive(Debug, thiserror::Error)]
#[error("the invoice could not be rendered")]
pub struct InvoiceRenderError(#[from] minijinja::Error);

/// The invoice as a page that stands alone (no scripts, nothing loaded), in the booking's language where we have its words.
/// Everything from outside is escaped. It has neither the seller's address nor tax numbers nor taxes: nobody tells us them yet.
pub fn render_invoice(record: &BookingRecord, invoice: &InvoiceView) -> Result<String, InvoiceRenderError> {
    let mut templates = Environment::new();
    templates.add_template(TEMPLATE.0, TEMPLATE.1)?;
    Ok(templates.get_template(TEMPLATE.0)?.render(Serde(Page::of(record, invoice)))?)
}

/// What the template is given.
#[derive(Serialize)]
struct Page<'a> {
    language: &'a str,
    words: &'a InvoiceWords,
    number: &'a str,
    issued_on: String,
    confirmation_number: &'a ConfirmationNumber,
    seller: &'a InvoiceSeller,
    country: &'a str,
    buyer: &'a InvoiceBuyer,
    start_date: String,
    end_date: String,
    lines: Vec<LineRow<'a>>,
    charges: Vec<ChargeRow<'a>>,
    total: String,
    credit_notes: Vec<CreditRow<'a>>,
}

impl<'a> Page<'a> {
    fn of(record: &'a BookingRecord, invoice: &'a InvoiceView) -> Self {
        let wording = Wording::of(&record.facts.language);
        Self {
            language: wording.words().code,
            words: &wording.words().invoice,
            number: &invoice.number,
            issued_on: wording.date(record.facts.hotel.time_zone.date_of(invoice.issued_at)),
            confirmation_number: &invoice.confirmation_number,
            seller: &invoice.seller,
            country: invoice.seller.country_code.name(),
            buyer: &invoice.buyer,
            start_date: wording.date(invoice.start_date),
            end_date: wording.date(invoice.end_date),
            lines: lines(record, wording),
            charges: invoice.price.charges.iter().map(|charge| ChargeRow::of(charge, wording)).collect(),
            total: wording.money(invoice.price.total),
            credit_notes: invoice.credit_notes.iter().map(|note| CreditRow::of(note, wording)).collect(),
        }
    }
}

/// A line as the page shows it.
#[derive(Serialize)]
struct LineRow<'a> {
    room: &'a str,
    quantity: u8,
    nights: usize,
    amount: String,
}

/// Booked and priced lines stand in the same order.
fn lines(record: &BookingRecord, wording: Wording) -> Vec<LineRow<'_>> {
    let pairs = record.facts.lines.iter().zip(&record.facts.price.lines);
    pairs
        .map(|(booked, priced)| LineRow {
            room: &booked.room_name,
            quantity: booked.quantity,
            nights: priced.nights.len(),
            amount: wording.money(priced.amount),
        })
        .collect()
}

/// A charge as the page shows it.
#[derive(Serialize)]
struct ChargeRow<'a> {
    name: &'a str,
    amount: String,
    included: bool,
}

impl<'a> ChargeRow<'a> {
    fn of(charge: &'a Charge, wording: Wording) -> Self {
        Self { name: &charge.name, amount: wording.money(charge.amount), included: charge.included }
    }
}

/// A credit note as the page shows it.
#[derive(Serialize)]
struct CreditRow<'a> {
    number: &'a str,
    amount: String,
}

impl<'a> CreditRow<'a> {
    fn of(note: &'a CreditNoteFacts, wording: Wording) -> Self {
        Self { number: &note.number, amount: wording.money(note.amount) }
    }
}
