//! `POST /dev/clock` moves a service's time forward, where its settings allow it (api.md, CLOCK). Not in OpenAPI.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{Faults, Instant, Invalid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Endpoint, Problem, Request};
use crate::auth::Role;

/// The furthest one step goes: 10 years, so that dates stay dates.
const FURTHEST: TimeDelta = TimeDelta::days(3_660);

/// A service's state, whose time can be moved.
#[async_trait]
pub trait MovableClock: Send + Sync + 'static {
    /// Whether the settings allow it; where they do not, the path is unknown.
    fn may_move(&self) -> bool;

    /// Moves time forward by that much and says what time it is then.
    async fn advance(&self, by: TimeDelta) -> Result<Instant, Problem>;
}

/// How far forward.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// An ISO 8601 duration of days, hours, minutes and seconds.
    #[schema(example = "PT24H")]
    advance: String,
}

/// The time now.
#[derive(Serialize, ToSchema)]
struct Now {
    now: Instant,
}

/// The operation, for operators.
pub fn endpoint<S: MovableClock>(operation_id: &'static str) -> Endpoint<Arc<S>> {
    Endpoint::post(operation_id, handle::<S>)
        .roles(&[Role::Operator])
        .body::<Advance>()
        .answers::<Now>(200, "The time now.")
        .undocumented()
}

async fn handle<S: MovableClock>(service: Arc<S>, request: Request) -> Result<Answer, Problem> {
    if !service.may_move() {
        return Err(Problem::not_found());
    }
    let body: Advance = request.json()?;
    let mut faults = Faults::new();
    let delta = faults.take("#/advance", parse_duration(&body.advance));
    let delta = faults.finish(delta)?;
    let now = service.advance(delta).await?;
    Ok(Answer::json(200, &Now { now }))
}

/// Reads `P1DT2H3M4S`, whole numbers only; time never goes back.
fn parse_duration(text: &str) -> Result<TimeDelta, Invalid> {
    let malformed = || Invalid::malformed("An ISO 8601 duration such as PT24H or P1DT30M.");
    let body = text.strip_prefix('P').ok_or_else(malformed)?;
    let (days, time) = body.split_once('T').unwrap_or((body, ""));
    let is_empty = days.is_empty() && time.is_empty();
    if is_empty || (body.contains('T') && time.is_empty()) {
        return Err(malformed());
    }
    let parts = units(days, &[('D', 86_400)]).zip(units(time, &[('H', 3_600), ('M', 60), ('S', 1)]));
    let seconds = parts.and_then(|(days, time)| days.checked_add(time)).ok_or_else(malformed)?;
    TimeDelta::try_seconds(seconds)
        .filter(|delta| *delta <= FURTHEST)
        .ok_or_else(|| Invalid::out_of_range("At most 10 years at once."))
}

/// Sums `<number><letter>` parts, whose letters come in the given order.
fn units(text: &str, letters: &[(char, i64)]) -> Option<i64> {
    let mut rest = text;
    let mut sum = 0i64;
    for (letter, seconds) in letters {
        if let Some((number, after)) = rest.split_once(*letter) {
            let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            let number: i64 = number.parse().ok().filter(|_| digits)?;
            sum = sum.checked_add(number.checked_mul(*seconds)?)?;
            rest = after;
        }
    }
    rest.is_empty().then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_time_never_goes_back() {
        for (text, seconds) in [("PT24H", 86_400), ("P1DT2H3M4S", 93_784), ("P2D", 172_800), ("PT0S", 0)] {
            assert_eq!(parse_duration(text).unwrap().num_seconds(), seconds, "{text}");
        }
        for bad in
            ["", "P", "PT", "P1DT", "PT-1H", "-PT1H", "PT1.5H", "24H", "PT1M1H", "P1M", "P99999999999999999D"]
        {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
