//! The body of POST …/cancellation.

use domain::{Faults, Money, Text};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::bookings::request::MoneyRequest;

/// A cancellation. An empty object cancels at whatever it costs now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "accepted_penalty": { "amount": 0, "currency": "EUR" } }))]
pub struct CancellationRequest {
    /// The penalty that the traveller was shown; if it is higher now, nothing is done (409 `penalty_changed`).
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    accepted_penalty: Option<MoneyRequest>,
    /// A word to the other side.
    #[serde(default)]
    #[schema(max_length = 200, example = "We cannot come.")]
    note: Option<String>,
}

/// A cancellation, well formed.
#[derive(Debug, Clone)]
pub struct CancellationOrder {
    /// The most it may cost.
    pub accepted_penalty: Option<Money>,
    /// A word to the other side.
    pub note: Option<Text<0, 200>>,
}

impl CancellationRequest {
    /// Reads the request; everything that is wrong is named at once.
    pub fn parse(&self) -> Result<CancellationOrder, Faults> {
        let mut faults = Faults::new();
        let accepted = self.accepted_penalty.as_ref().map(MoneyRequest::parse);
        let accepted_penalty = faults.take_opt("#/accepted_penalty", accepted);
        let note = faults.take_opt("#/note", self.note.as_deref().map(Text::parse_lines));
        let order = accepted_penalty.zip(note);
        faults.finish(order.map(|(accepted_penalty, note)| CancellationOrder { accepted_penalty, note }))
    }
}
