//! The stay in request bodies: raw as JSON has it, and parsed with everything that is wrong collected.

use booking_core::{Stay, StayLine, stay::MAX_UNITS};
use domain::{Faults, HotelId, Invalid, RoomId, StayDates, booking::Party, date};
use platform::api::{Code, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

/// One line of a stay: so many units of a room with the same party in each.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StayLineRequest {
    /// The room.
    #[schema(value_type = RoomId)]
    pub room_id: String,
    /// How many units; over all lines at most 9.
    #[schema(value_type = u8, minimum = 1, maximum = 9)]
    pub quantity: i64,
    /// Adults in each unit.
    #[schema(value_type = u8, minimum = 1, maximum = 50, example = 2)]
    pub adults: i64,
    /// Ages of the children in each unit, in years.
    #[serde(default)]
    #[schema(value_type = Vec<u8>, max_items = 20, example = json!([4]))]
    pub child_ages: Vec<i64>,
}

/// The four fields of a stay as a body has them.
#[derive(Debug)]
pub struct RawStay<'a> {
    pub hotel_id: &'a str,
    pub start_date: &'a str,
    pub end_date: &'a str,
    pub lines: &'a [StayLineRequest],
}

/// What is wrong with a request for a stay.
#[derive(Debug, Default)]
pub struct StayFaults {
    /// Fields and parameters that cannot be read.
    pub fields: Faults,
    /// Dates that can be read and make no stay.
    pub dates: Faults,
}

impl StayFaults {
    /// `value`, or the problem that lists everything: `invalid_stay` if only the dates are wrong, else `invalid_field`.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        let code = if self.fields.is_empty() { Code::InvalidStay } else { Code::InvalidField };
        self.fields.extend(self.dates);
        self.fields.finish(value).map_err(|faults| Problem::new(code).faults(&faults))
    }
}

/// Reads a stay; what is wrong goes into `faults`.
pub fn parse(raw: &RawStay<'_>, faults: &mut StayFaults) -> Option<Stay> {
    let hotel_id = faults.fields.take("#/hotel_id", raw.hotel_id.parse::<HotelId>());
    let start = faults.fields.take("#/start_date", date::parse(raw.start_date));
    let end = faults.fields.take("#/end_date", date::parse(raw.end_date));
    let dates = start.zip(end).and_then(|(start, end)| {
        StayDates::parse(start, end).map_err(|invalid| faults.dates.note("#/end_date", invalid)).ok()
    });
    let lines = parse_lines(raw.lines, &mut faults.fields);
    let (hotel_id, dates, lines) = (hotel_id?, dates?, lines?);
    faults.fields.take("#/lines", Stay::parse(hotel_id, dates, lines))
}

fn parse_lines(raw: &[StayLineRequest], faults: &mut Faults) -> Option<Vec<StayLine>> {
    if raw.is_empty() || raw.len() > usize::from(MAX_UNITS) {
        faults.note("#/lines", Invalid::out_of_range("Between 1 and 9 lines."));
        return None;
    }
    let lines: Vec<_> = raw.iter().enumerate().map(|(at, line)| parse_line(at, line, faults)).collect();
    lines.into_iter().collect()
}

fn parse_line(at: usize, raw: &StayLineRequest, faults: &mut Faults) -> Option<StayLine> {
    let pointer = |field: &str| format!("#/lines/{at}/{field}");
    let room_id = faults.take(&pointer("room_id"), raw.room_id.parse::<RoomId>());
    let quantity = faults.take(&pointer("quantity"), parse_units(raw.quantity));
    let adults = faults.take(&pointer("adults"), parse_adults(raw.adults));
    let children = faults.take(&pointer("child_ages"), parse_ages(&raw.child_ages));
    Some(StayLine { room_id: room_id?, quantity: quantity?, party: Party::parse(adults?, children?).ok()? })
}

/// How many units: 1 to 9.
fn parse_units(count: i64) -> Result<u8, Invalid> {
    u8::try_from(count)
        .ok()
        .filter(|count| (1..=MAX_UNITS).contains(count))
        .ok_or_else(|| Invalid::out_of_range("Between 1 and 9."))
}

/// How many adults: 1 to 50.
fn parse_adults(count: i64) -> Result<u8, Invalid> {
    let count = u8::try_from(count).map_err(|_| Invalid::out_of_range("Between 1 and 50 adults."))?;
    Party::parse(count, Vec::new()).map(|party| party.adults())
}

/// The children's ages.
fn parse_ages(ages: &[i64]) -> Result<Vec<u8>, Invalid> {
    let read = ages.iter().map(|age| u8::try_from(*age)).collect::<Result<Vec<u8>, _>>();
    let ages = read.map_err(|_| Invalid::out_of_range("At most 20 children of 0 to 17 years."))?;
    Party::parse(1, ages).map(|party| party.child_ages().to_vec())
}

#[cfg(test)]
mod tests;
