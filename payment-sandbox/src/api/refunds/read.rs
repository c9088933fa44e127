//! `GET /v1/refunds/{refund_id}`

use domain::RefundId;
use platform::api::{Answer, Endpoint, Problem, Request};

use super::SandboxRefund;
use crate::{api::key, parts::Shared};

pub(in crate::api) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("get_sandbox_refund", handle)
        .summary("Where a refund stands")
        .description("As it was carried out: a refund never changes.")
        .tag("refunds")
        .keyed()
        .path_param::<RefundId>("refund_id", "The merchant's name for the refund.")
        .answers::<SandboxRefund>(200, "The refund.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    key::demand(&shared, &request)?;
    let id: RefundId = request.path("refund_id")?;
    let found = shared.store.look(|book, _| book.refund(id).cloned()).await?;
    let refund = found.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(200, &SandboxRefund::from(refund)))
}
