//! `POST /checkout/{payment_id}`

use domain::PaymentId;
use platform::api::{Answer, Endpoint, Problem, Request};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{bad_link, dressed, page, read_link};
use crate::{
    domain::{
        card::Card,
        checkout::{self, Paid},
        link::{LinkQuery, Session},
        play::Stage,
    },
    page::Notice,
    parts::Shared,
};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CardForm {
    /// 4242424242424242 pays, 4000000000000002 is declined. Never kept.
    #[schema(example = "4242424242424242")]
    card_number: String,
}

pub(in crate::api) fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("pay_checkout", handle)
        .summary("Pays on the page")
        .description(
            "Afterwards the traveller goes to `return_url` with `booking_id` and `outcome`, if there is one.",
        )
        .tag("checkout")
        .public()
        .path_param::<PaymentId>("payment_id", "The merchant's name for the payment.")
        .query::<LinkQuery>()
        .form::<CardForm>()
        .answers_html(200, "Paid; there is no `return_url`.")
        .answers_html(303, "On to `return_url`, with `outcome=paid|declined|expired`.")
        .answers_html(402, "The card was declined; another one may be tried.")
        .answers_html(403, "The link is not the merchant's.")
        .answers_html(410, "The session has ended or was voided.")
        .answers_html(422, "Not a test card.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let Ok((payment, session)) = read_link(&shared, &request) else { return bad_link(&shared) };
    let form: CardForm = request.form()?;
    let card = match Card::parse(&form.card_number) {
        Ok(card) => card,
        Err(refused) => return page(&shared, payment, &session, Some(Notice::Card(refused))).await,
    };
    let (store, session) = (&shared.store, &session);
    let paid = store
        .decide(|book, ids, now| checkout::pay(Stage { ids, payment_id: payment, session, now }, book, card))
        .await?;
    match (paid, on_to(session, paid)) {
        (Paid::Declined, _) => page(&shared, payment, session, Some(Notice::Declined)).await,
        (_, Some(address)) => Ok(dressed(Answer::empty(303).location(address))),
        (_, None) => page(&shared, payment, session, None).await,
    }
}

/// Where the traveller goes: the outcome there is a hint, the callback is the truth.
fn on_to(session: &Session, paid: Paid) -> Option<String> {
    let outcome = match paid {
        Paid::Paid | Paid::Processing => "paid",
        Paid::Declined => "declined",
        Paid::Ended | Paid::Voided => "expired",
    };
    let mut url = reqwest::Url::parse(session.return_url.as_deref()?).ok()?;
    let booking = session.booking_id.to_string();
    url.query_pairs_mut().append_pair("booking_id", &booking).append_pair("outcome", outcome);
    Some(url.into())
}
