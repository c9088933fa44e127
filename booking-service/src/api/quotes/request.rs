//! The body of POST /v1/quotes.

use booking_core::Stay;
use platform::api::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::stay::{self, RawStay, StayFaults, StayLineRequest};

/// The stay to be priced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
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
}

impl QuoteRequest {
    /// Reads the stay; everything that is wrong is named at once.
    pub fn parse(&self) -> Result<Stay, Problem> {
        let mut faults = StayFaults::default();
        let raw = RawStay {
            hotel_id: &self.hotel_id,
            start_date: &self.start_date,
            end_date: &self.end_date,
            lines: &self.lines,
        };
        let stay = stay::parse(&raw, &mut faults);
        faults.finish(stay)
    }
}
