//! What a stay costs and what leaving it costs (api.md, PRICE).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    currency::Currency,
    ids::RoomId,
    instant::Instant,
    money::{Money, MoneyError},
};

/// The price of a stay: the sum of its lines and of the charges not included in them, in one currency.
/// `due_now + due_at_hotel = total`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "charges": [],
    "total": { "amount": 24690, "currency": "EUR" },
    "due_now": { "amount": 24690, "currency": "EUR" },
    "due_at_hotel": { "amount": 0, "currency": "EUR" },
}))]
pub struct Price {
    /// One per line of the stay, in its order.
    pub lines: Vec<PriceLine>,
    /// Taxes and fees.
    pub charges: Vec<Charge>,
    /// The sum of the lines and of the charges with `included` false.
    pub total: Money,
    /// What the traveller pays when booking.
    pub due_now: Money,
    /// What the traveller pays at the hotel.
    pub due_at_hotel: Money,
}

/// The price of one line: `quantity` units on each of its nights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "nights": [
        { "date": "2026-12-24", "amount": { "amount": 12345, "currency": "EUR" } },
        { "date": "2026-12-25", "amount": { "amount": 12345, "currency": "EUR" } },
    ],
    "amount": { "amount": 24690, "currency": "EUR" },
}))]
pub struct PriceLine {
    /// The line's number, from 1.
    #[schema(minimum = 1, maximum = 9)]
    pub line: u8,
    /// The room.
    pub room_id: RoomId,
    /// How many units.
    #[schema(minimum = 1, maximum = 9)]
    pub quantity: u8,
    /// Each night of the stay, for one unit.
    pub nights: Vec<NightPrice>,
    /// `quantity` times the sum of the nights.
    pub amount: Money,
}

/// One night of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NightPrice {
    /// The night.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    pub date: NaiveDate,
    /// Its price, taxes included.
    pub amount: Money,
}

/// A tax or fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Charge {
    /// A stable code. One of: `city_tax`; more may come.
    #[schema(example = "city_tax", extensions(("x-extensible-enum" = json!(["city_tax"]))))]
    pub code: String,
    /// For people.
    #[schema(example = "City tax")]
    pub name: String,
    /// How much.
    pub amount: Money,
    /// Whether the lines contain it already.
    pub included: bool,
    /// When it is paid.
    pub due: Due,
}

/// When a charge is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// With the booking.
    Now,
    /// At the hotel.
    AtHotel,
}

impl Price {
    /// Adds lines and charges up.
    pub fn of(currency: Currency, lines: Vec<PriceLine>, charges: Vec<Charge>) -> Result<Self, MoneyError> {
        let of_lines = Money::sum(currency, lines.iter().map(|line| line.amount))?;
        let added = |due| {
            Money::sum(currency, charges.iter().filter(|c| !c.included && c.due == due).map(|c| c.amount))
        };
        let due_at_hotel = added(Due::AtHotel)?;
        let due_now = of_lines.plus(added(Due::Now)?)?;
        let total = due_now.plus(due_at_hotel)?;
        Ok(Self { lines, charges, total, due_now, due_at_hotel })
    }

    /// Whether every sum is what it says (domain.md, invariant 8).
    pub fn adds_up(&self) -> bool {
        let line_adds_up = |line: &PriceLine| {
            Money::sum(line.amount.currency(), line.nights.iter().map(|night| night.amount))
                .and_then(|nights| nights.times(u32::from(line.quantity)))
                .is_ok_and(|sum| sum == line.amount)
        };
        self.lines.iter().all(line_adds_up)
            && Self::of(self.total.currency(), self.lines.clone(), self.charges.clone())
                .is_ok_and(|sum| sum == *self)
    }
}

/// What cancelling costs and when: resolved to instants, ascending, copied into the booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({ "free_until": "2026-12-23T23:00:00.000000Z" }))]
pub struct CancellationPolicy {
    /// Until then cancelling is free; null if it never is.
    #[schema(required)]
    pub free_until: Option<Instant>,
    /// From each instant on, cancelling costs that much.
    pub steps: Vec<PolicyStep>,
}

/// One step of a cancellation policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "from": "2026-12-23T23:00:00.000000Z",
    "penalty": { "amount": 24690, "currency": "EUR" },
}))]
pub struct PolicyStep {
    /// From this instant on.
    pub from: Instant,
    /// What cancelling costs.
    pub penalty: Money,
}

impl CancellationPolicy {
    /// What cancelling at `now` costs: the penalty of the last step begun.
    pub fn penalty_at(&self, now: Instant, currency: Currency) -> Money {
        let begun = self.steps.iter().rev().find(|step| step.from <= now);
        begun.map_or(Money::zero(currency), |step| step.penalty)
    }

    /// Until when the penalty at `now` stands; none if it no longer changes.
    pub fn changes_after(&self, now: Instant) -> Option<Instant> {
        self.steps.iter().map(|step| step.from).find(|from| *from > now)
    }
}
