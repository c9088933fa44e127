//! Bodies about rooms: `RoomWrite`, and its merge patch.

use ::domain::{Currency, Faults, Invalid, Money, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{
    catalogue::{AppliesTo, Catalogue},
    hotel::Description,
    room::{MOST_PEOPLE, MOST_UNITS, RoomFacts},
};

/// All that a manager says about a room.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomWrite {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, example = "Deluxe double")]
    pub display_name: String,
    /// For travellers; may have several lines.
    #[schema(max_length = 5000, example = "With a view.")]
    pub description: String,
    /// How many identical units.
    #[schema(value_type = u32, minimum = 0, maximum = 100_000, example = 12)]
    pub quantity: i64,
    /// People per unit.
    #[schema(value_type = u8, minimum = 1, maximum = 50, example = 3)]
    pub occupancy: i64,
    /// The lowest price of a unit and night, taxes included, in the hotel's currency; at least 1.
    #[schema(value_type = Money)]
    pub price_min: MoneyWrite,
    /// The highest; not below the lowest.
    #[schema(value_type = Money)]
    pub price_max: MoneyWrite,
    /// Codes of `GET /v1/facilities` that apply to rooms.
    #[schema(max_items = 100, example = json!(["sea_view"]))]
    pub facilities: Vec<String>,
    /// Whether it is on sale.
    pub is_active: bool,
}

/// An amount of at least 1 in minor units of the hotel's currency.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneyWrite {
    /// Minor units (cents).
    pub amount: i64,
    /// The hotel's currency.
    pub currency: String,
}

/// A JSON Merge Patch of `RoomWrite`: fields left out stay.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "a patch is read into this only to refuse unknown fields and wrong types at their place"
)]
pub struct RoomPatch {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, nullable = false, example = "Deluxe double")]
    display_name: Option<String>,
    /// For travellers; may have several lines.
    #[schema(max_length = 5000, nullable = false, example = "With a view.")]
    description: Option<String>,
    /// How many identical units.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 100_000, nullable = false, example = 12)]
    quantity: Option<i64>,
    /// People per unit.
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 50, nullable = false, example = 3)]
    occupancy: Option<i64>,
    /// The lowest price of a unit and night, taxes included, in the hotel's currency; at least 1.
    #[schema(value_type = Money, required = false)]
    price_min: Option<MoneyPatch>,
    /// The highest; not below the lowest.
    #[schema(value_type = Money, required = false)]
    price_max: Option<MoneyPatch>,
    /// Codes of `GET /v1/facilities` that apply to rooms.
    #[schema(max_items = 100, nullable = false, example = json!(["sea_view"]))]
    facilities: Option<Vec<String>>,
    /// Whether it is on sale.
    #[schema(nullable = false)]
    is_active: Option<bool>,
}

/// A merge patch of a price.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "a patch is read into this only to refuse unknown fields and wrong types at their place"
)]
pub struct MoneyPatch {
    amount: Option<i64>,
    currency: Option<String>,
}

impl RoomWrite {
    /// Checks every field and names all that are wrong; prices must be in the hotel's currency.
    pub fn parse(&self, catalogue: &Catalogue, currency: Currency) -> Result<RoomFacts, Faults> {
        let mut faults = Faults::new();
        match self.read(catalogue, currency, &mut faults) {
            Some(facts) if faults.is_empty() => Ok(facts),
            Some(_) | None => Err(faults),
        }
    }

    fn read(&self, catalogue: &Catalogue, currency: Currency, faults: &mut Faults) -> Option<RoomFacts> {
        let display_name = faults.take("#/display_name", Text::parse(&self.display_name));
        let description = faults.take("#/description", Description::parse_lines(&self.description));
        let quantity = faults.take("#/quantity", units(self.quantity));
        let occupancy = faults.take("#/occupancy", people(self.occupancy));
        let price_min = self.price_min.read("#/price_min", currency, faults);
        let price_max = self.price_max.read("#/price_max", currency, faults);
        if let (Some(low), Some(high)) = (price_min, price_max)
            && low.amount() > high.amount()
        {
            faults.note("#/price_max", Invalid::out_of_range("Not below price_min."));
        }
        let facilities = catalogue.read(&self.facilities, AppliesTo::Room, faults);
        Some(RoomFacts {
            display_name: display_name?,
            description: description?,
            quantity: quantity?,
            occupancy: occupancy?,
            price_min: price_min?,
            price_max: price_max?,
            facilities: facilities?,
            is_active: self.is_active,
        })
    }
}

impl MoneyWrite {
    fn read(&self, pointer: &str, hotels: Currency, faults: &mut Faults) -> Option<Money> {
        let currency = faults.take(&format!("{pointer}/currency"), self.currency_of(hotels));
        let amount = faults.take(&format!("{pointer}/amount"), price(self.amount, hotels));
        currency.and(amount)
    }

    fn currency_of(&self, hotels: Currency) -> Result<Currency, Invalid> {
        let currency = Currency::parse(&self.currency)?;
        if currency == hotels {
            Ok(currency)
        } else {
            Err(Invalid::new("other_currency", format!("The hotel's currency, {hotels}.")))
        }
    }
}

fn price(amount: i64, currency: Currency) -> Result<Money, Invalid> {
    Money::new(amount, currency)
        .ok()
        .filter(|price| price.amount() >= 1)
        .ok_or_else(|| Invalid::out_of_range("Between 1 and 9007199254740991 minor units."))
}

fn units(raw: i64) -> Result<u32, Invalid> {
    u32::try_from(raw)
        .ok()
        .filter(|units| *units <= MOST_UNITS)
        .ok_or_else(|| Invalid::out_of_range(format!("Between 0 and {MOST_UNITS}.")))
}

fn people(raw: i64) -> Result<u8, Invalid> {
    u8::try_from(raw)
        .ok()
        .filter(|people| (1..=MOST_PEOPLE).contains(people))
        .ok_or_else(|| Invalid::out_of_range(format!("Between 1 and {MOST_PEOPLE}.")))
}

#[cfg(test)]
mod tests;
