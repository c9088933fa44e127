//! `GET /checkout/{payment_id}`

use domain::PaymentId;
use platform::api::{Answer, Endpoint, Problem, Request};

use super::{bad_link, page, read_link};
use crate::{
    domain::{checkout, link::LinkQuery},
    parts::Shared,
};

pub(in crate::api) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("show_checkout", handle)
        .summary("The page on which a traveller pays")
        .description("The link is made and signed by the merchant; opening it makes the session known here.")
        .tag("checkout")
        .public()
        .path_param::<PaymentId>("payment_id", "The merchant's name for the payment.")
        .query::<LinkQuery>()
        .answers_html(200, "The form, or that it is paid.")
        .answers_html(403, "The link is not the merchant's.")
        .answers_html(410, "The session has ended or was voided.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let Ok((payment, session)) = read_link(&shared, &request) else { return bad_link(&shared) };
    shared.store.decide(|book, ids, now| checkout::open(book, ids, payment, &session, now)).await?;
    page(&shared, payment, &session, None).await
}
