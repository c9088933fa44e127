//! A booking costs what its room costs between question and answer: no old price is sold once a new one has arrived.

use super::{
    Breach, breach,
    known::{Asked, Known},
};
use crate::faults::history::Micros;

const OF_ITS_TIME: &str = "a booking has the price of its time";

pub(super) fn of_their_time(known: &Known<'_>) -> Vec<Breach> {
    let of = |asked| flaw(known, asked).map(|what| breach(OF_ITS_TIME, what));
    known.asked.iter().filter_map(of).collect()
}

fn flaw(known: &Known<'_>, asked: &Asked<'_>) -> Option<String> {
    let (made, complete) = asked.made()?;
    let room = asked.units.first()?.room_id;
    let prices = known.prices.get(&room).filter(|_| asked.units.iter().all(|units| units.room_id == room))?;
    let units: i64 = asked.units.iter().map(|units| i64::from(units.quantity)).sum();
    let valid = valid(prices, asked.invoke(), complete);
    let right = valid.iter().any(|price| price.checked_mul(units) == Some(made.total));
    (!right).then(|| format!("{} costs {}, of {units} units at {valid:?}", made.booking_id, made.total))
}

/// The prices that there may have been between the two: those that may have come by then, but for those after which
/// another had come for certain before.
fn valid(prices: &[(Micros, Micros, i64)], invoke: Micros, complete: Micros) -> Vec<i64> {
    let mut prices = prices.to_vec();
    prices.sort_unstable();
    let last = prices.iter().rposition(|(_, certain, _)| *certain <= invoke).unwrap_or(0);
    let later = prices.iter().skip(last).filter(|(perhaps, ..)| *perhaps <= complete);
    later.map(|(.., price)| *price).collect()
}
