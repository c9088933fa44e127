//! The hosted checkout page.

pub(super) mod pay;
pub(super) mod show;

use domain::PaymentId;
use platform::api::{Answer, Problem, Request};

use crate::{
    domain::{
        book::{Payment, Status},
        link::{BadLink, LinkQuery, Session},
    },
    page::{Notice, View},
    parts::Parts,
};

/// A page may neither run scripts nor be framed, and its address, which pays, stays here.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// The payment and session of a link; whatever is wrong with it, a traveller gets the same page.
fn read_link(parts: &Parts, request: &Request) -> Result<(PaymentId, Session), BadLink> {
    let payment = request.path("payment_id").map_err(|_| BadLink)?;
    let query: LinkQuery = request.query().map_err(|_| BadLink)?;
    Ok((payment, parts.links.read(payment, &query)?))
}

/// The page for a link that is not the merchant's.
fn bad_link(parts: &Parts) -> Result<Answer, Problem> {
    let page = parts.pages.bad_link().map_err(Problem::internal)?;
    Ok(dressed(Answer::html(403, page)))
}

/// The page of a payment as it stands.
async fn page(
    parts: &Parts,
    payment: PaymentId,
    session: &Session,
    notice: Option<Notice>,
) -> Result<Answer, Problem> {
    let (status, is_arriving) = parts
        .store
        .look(|book, _| {
            let known = book.payment(payment);
            (known.map_or(Status::Unknown, Payment::status), known.is_some_and(|p| !p.arriving.is_empty()))
        })
        .await?;
    let view = View { session, status, is_arriving, notice };
    let page = parts.pages.checkout(&view).map_err(Problem::internal)?;
    Ok(dressed(Answer::html(http_status(status, notice), page)))
}

fn http_status(status: Status, notice: Option<Notice>) -> u16 {
    match (status, notice) {
        (_, Some(Notice::Declined)) => 402,
        (_, Some(Notice::Card(_))) => 422,
        (Status::Ended | Status::Voided, None) => 410,
        (Status::Open | Status::Captured | Status::Unknown, None) => 200,
    }
}

fn dressed(answer: Answer) -> Answer {
    answer.header("content-security-policy", POLICY).header("referrer-policy", "no-referrer")
}
