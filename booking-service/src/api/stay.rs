//! The stay in request bodies: raw as JSON has it, and parsed with everything that is wrong collected.

use booking_core::{Stay, StayLine, stay::MAX_UNITS};
use domain::{HotelId, Invalid, RoomId, StayDates, booking::Party, date};
use platform::api::{Code, FieldError, Problem, Violations};
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
    #[schema(minimum = 1, maximum = 9)]
    pub quantity: i64,
    /// Adults in each unit.
    #[schema(minimum = 1, maximum = 50)]
    pub adults: i64,
    /// Ages of the children in each unit, in years.
    #[serde(default)]
    #[schema(value_type = Vec<u8>, max_items = 20, example = json!([4]))]
    pub child_ages: Vec<i64>,
}

/// The four fields of a stay as a body has them.
#[derive(Debug)]
pub struct RawStay<'a> {
    /// `#/hotel_id`.
    pub hotel_id: &'a str,
    /// `#/start_date`.
    pub start_date: &'a str,
    /// `#/end_date`.
    pub end_date: &'a str,
    /// `#/lines`.
    pub lines: &'a [StayLineRequest],
}

/// What is wrong with a body so far, and whether all of it is about the dates not making a stay.
#[derive(Debug, Default)]
pub struct StayViolations {
    /// Everything found wrong.
    pub found: Violations,
    dates: Vec<FieldError>,
}

impl StayViolations {
    /// Notes that two well-formed dates do not make a stay.
    pub fn note_dates(&mut self, pointer: &str, invalid: &Invalid) {
        self.dates.push(FieldError::pointer(pointer, invalid.code(), invalid.says().to_owned()));
    }

    /// Notes the same about query parameters.
    pub fn note_date_parameters(&mut self, name: &str, invalid: &Invalid) {
        self.dates.push(FieldError::parameter(name, invalid.code(), invalid.says().to_owned()));
    }

    /// The problem that lists everything: `invalid_stay` if only the dates are wrong, else `invalid_field`.
    pub fn into_problem(self) -> Problem {
        let code = if self.found.is_empty() { Code::InvalidStay } else { Code::InvalidField };
        let mut all = self.found;
        for error in self.dates {
            all.push(error);
        }
        all.into_problem(code)
    }

    /// `value`, if nothing is wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.found.is_empty() && self.dates.is_empty() => Ok(value),
            Some(_) | None => Err(self.into_problem()),
        }
    }
}

/// Reads a stay; what is wrong goes into `wrong`.
pub fn parse(raw: &RawStay<'_>, wrong: &mut StayViolations) -> Option<Stay> {
    let hotel_id = wrong.found.take("#/hotel_id", raw.hotel_id.parse::<HotelId>());
    let start = wrong.found.take("#/start_date", date::parse(raw.start_date));
    let end = wrong.found.take("#/end_date", date::parse(raw.end_date));
    let dates = start.zip(end).and_then(|(start, end)| {
        StayDates::parse(start, end).map_err(|invalid| wrong.note_dates("#/end_date", &invalid)).ok()
    });
    let lines = parse_lines(raw.lines, &mut wrong.found);
    let (hotel_id, dates, lines) = (hotel_id?, dates?, lines?);
    wrong.found.take("#/lines", Stay::parse(hotel_id, dates, lines))
}

fn parse_lines(raw: &[StayLineRequest], found: &mut Violations) -> Option<Vec<StayLine>> {
    if raw.is_empty() || raw.len() > usize::from(MAX_UNITS) {
        found.note("#/lines", &Invalid::out_of_range("Between 1 and 9 lines."));
        return None;
    }
    let lines: Vec<_> = raw.iter().enumerate().map(|(at, line)| parse_line(at, line, found)).collect();
    lines.into_iter().collect()
}

fn parse_line(at: usize, raw: &StayLineRequest, found: &mut Violations) -> Option<StayLine> {
    let pointer = |field: &str| format!("#/lines/{at}/{field}");
    let room_id = found.take(&pointer("room_id"), raw.room_id.parse::<RoomId>());
    let quantity = found.take(&pointer("quantity"), parse_units(raw.quantity));
    let adults = found.take(&pointer("adults"), parse_adults(raw.adults));
    let children = found.take(&pointer("child_ages"), parse_ages(&raw.child_ages));
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
