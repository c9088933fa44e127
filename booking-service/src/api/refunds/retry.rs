//! `POST /v1/payments/refunds/{refund_id}/retry`

use domain::RefundId;
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request},
    auth::Role,
};

use super::OperatorsRefund;
use crate::{
    bookings::BookingError,
    parts::Shared,
    provider::RefundState,
    queries::refunds::{self, Standing},
};

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("retry_refund", handle)
        .summary("Owes a refund that the provider refuses again, under another name")
        .description(
            "The provider is asked first: one that it has taken after all keeps its name. It is sent and confirmed like any \
             other. A refund that is not refused stays as it is, so a repeat does nothing.",
        )
        .tag("payments")
        .roles(&[Role::Operator])
        .path_param::<RefundId>("refund_id", "The refund.")
        .answers::<OperatorsRefund>(200, "The refund after it.")
        .refuses(&[Code::NotFound])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let id: RefundId = request.path("refund_id")?;
    let refund = find(&shared, id).await?;
    if refund.is_refused() {
        let name = name(&shared, &refund).await?;
        let operator = request.caller().subject.as_str();
        let renewed =
            refunds::renew(&shared.reads, &refund, name, operator).await.map_err(Problem::unavailable)?;
        tracing::info!(refund_id = %id, provider_refund_id = %name, renewed, operator, "an operator retries a refund");
        shared.owed.wake();
    }
    Ok(Answer::json(200, &OperatorsRefund::from(find(&shared, id).await?)))
}

async fn find(shared: &Shared, id: RefundId) -> Result<Standing, Problem> {
    let found = refunds::find(&shared.reads, id).await.map_err(BookingError::from)?;
    found.ok_or_else(Problem::not_found)
}

/// The name under which it is owed from now on. What the provider has taken after all is not sent a second time.
async fn name(shared: &Shared, refund: &Standing) -> Result<RefundId, Problem> {
    match shared.provider.refund_state(refund.provider_refund_id).await.map_err(Problem::unavailable)? {
        RefundState::Succeeded | RefundState::Pending => Ok(refund.provider_refund_id),
        RefundState::Failed | RefundState::Unknown => Ok(shared.bookings.transition_ids().refund_id),
    }
}
