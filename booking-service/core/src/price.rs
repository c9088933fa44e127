//! What a stay costs and what leaving it costs (api.md, PRICE).

use domain::{
    Instant, Money, StayDates, TimeZone,
    money::MoneyError,
    price::{CancellationPolicy, NightPrice, PolicyStep, Price, PriceLine},
};

use crate::{
    refusal::Refusal,
    snapshot::Snapshot,
    stay::{Stay, StayLine},
    stock::{RoomStock, SeenHotel},
};

/// Today's price of a stay at a hotel whose rooms are all in the snapshot.
pub fn price(snapshot: &Snapshot, hotel: &SeenHotel, stay: &Stay) -> Result<Price, Refusal> {
    let priced = |(number, line): (u8, &StayLine)| {
        let index = usize::from(number.saturating_sub(1));
        let room = snapshot.rooms.get(&line.room_id).ok_or(Refusal::UnknownRoom { line: index })?;
        price_line(room, number, line.quantity, stay.dates()).map_err(Refusal::Unpriceable)
    };
    let lines = stay.numbered().map(priced).collect::<Result<Vec<_>, _>>()?;
    Price::of(hotel.facts.currency, lines, Vec::new()).map_err(Refusal::Unpriceable)
}

/// The price of `quantity` units of a room on each night: the line's amount is the exact sum of its nights.
pub(crate) fn price_line(
    room: &RoomStock,
    line: u8,
    quantity: u8,
    dates: StayDates,
) -> Result<PriceLine, MoneyError> {
    let amount = room.night_price()?;
    let nights = dates.nights().map(|date| NightPrice { date, amount }).collect();
    priced_line(line, room.room_id, quantity, nights)
}

/// A line from its nights.
pub(crate) fn priced_line(
    line: u8,
    room_id: domain::RoomId,
    quantity: u8,
    nights: Vec<NightPrice>,
) -> Result<PriceLine, MoneyError> {
    let first = nights.first().ok_or(MoneyError::TooLarge)?;
    let of_unit = Money::sum(first.amount.currency(), nights.iter().map(|night| night.amount))?;
    let amount = of_unit.times(u32::from(quantity))?;
    Ok(PriceLine { line, room_id, quantity, nights, amount })
}

/// Until hotels have policies of their own: free until the first instant of `start_date` in the hotel's zone, then
/// everything. Who books later than that never leaves for free.
pub fn policy(zone: TimeZone, dates: StayDates, total: Money, now: Instant) -> CancellationPolicy {
    let from = zone.first_instant_of(dates.start_date());
    let free_until = (from > now).then_some(from);
    CancellationPolicy { free_until, steps: vec![PolicyStep { from, penalty: total }] }
}

/// Whether today's total is above what the caller accepts: `expected x (1 + percent/100)`, in whole numbers.
pub fn is_above(current: Money, expected: Money, max_increase_percent: u8) -> bool {
    let hundredths = i128::from(current.amount()).saturating_mul(100);
    let factor = 100i128.saturating_add(i128::from(max_increase_percent));
    hundredths > i128::from(expected.amount()).saturating_mul(factor)
}

#[cfg(test)]
mod tests {
    use domain::Currency;
    use proptest::prelude::*;

    use super::*;

    fn euros(amount: i64) -> Money {
        Money::new(amount, Currency::parse("EUR").unwrap()).unwrap()
    }

    #[test]
    fn an_increase_is_accepted_up_to_the_cent() {
        assert!(!is_above(euros(10_000), euros(10_000), 0));
        assert!(is_above(euros(10_001), euros(10_000), 0));
        assert!(!is_above(euros(11_000), euros(10_000), 10));
        assert!(is_above(euros(11_001), euros(10_000), 10));
        assert!(is_above(euros(4), euros(3), 20));
    }

    proptest! {
        #[test]
        fn the_accepted_increase_is_the_exact_fraction(expected in 1i64..1 << 52, percent in 0u8..=20) {
            let most = i128::from(expected) * (100 + i128::from(percent)) / 100;
            let most = i64::try_from(most).unwrap();
            prop_assume!(most < Money::LIMIT - 1);
            prop_assert!(!is_above(euros(most), euros(expected), percent));
            prop_assert!(is_above(euros(most + 1), euros(expected), percent));
        }
    }

    #[test]
    fn leaving_is_free_until_the_day_of_arrival_begins_there() {
        let zone = TimeZone::parse("Europe/Rome").unwrap();
        let dates = StayDates::parse("2026-12-24".parse().unwrap(), "2026-12-26".parse().unwrap()).unwrap();
        let midnight: Instant = "2026-12-23T23:00:00Z".parse().unwrap();
        let before = policy(zone, dates, euros(100), midnight.plus(chrono::TimeDelta::microseconds(-1)));
        assert_eq!(before.free_until, Some(midnight));
        assert_eq!(before.penalty_at(midnight, euros(0).currency()), euros(100));
        assert_eq!(policy(zone, dates, euros(100), midnight).free_until, None);
    }
}
