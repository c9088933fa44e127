//! Rooms of sample hotels.

use domain::RoomId;
use hotel_service::seed::{MoneyWrite, RoomWrite, SeedRoom};

use super::{
    dice::Dice,
    ids::fixed_id,
    prices,
    traits::Traits,
    words::{ROOMS, RoomKind},
};

/// Two to four kinds of room, from the plainest to the finest.
pub(super) fn make(dice: &mut Dice, traits: &Traits) -> Vec<SeedRoom> {
    let wanted = usize::try_from(dice.between(2, 4)).unwrap_or(2);
    let mut kinds: Vec<usize> = (0..ROOMS.len()).collect();
    while kinds.len() > wanted {
        let out = usize::try_from(dice.below(u64::try_from(kinds.len()).unwrap_or(1))).unwrap_or(0);
        kinds.remove(out);
    }
    let usual = usual_cents(dice, traits.stars);
    kinds.into_iter().filter_map(|kind| Some(room(dice, traits, (kind, ROOMS.get(kind)?), usual))).collect()
}

/// What a double costs a night there, in US cents.
fn usual_cents(dice: &mut Dice, stars: Option<u8>) -> u64 {
    let (low, high) = match stars {
        Some(1) => (2_500, 5_000),
        Some(3) => (6_500, 12_000),
        Some(4) => (11_000, 21_000),
        Some(5) => (20_000, 52_000),
        Some(_) | None => (4_000, 8_000),
    };
    u64::from(dice.between(low, high))
}

fn room(dice: &mut Dice, traits: &Traits, (place, kind): (usize, &RoomKind), usual: u64) -> SeedRoom {
    let low = usual.saturating_mul(u64::from(kind.price)) / 100;
    let high = low.saturating_mul(u64::from(dice.between(115, 170))) / 100;
    let money = |cents| MoneyWrite {
        amount: prices::amount(cents, traits.currency),
        currency: traits.currency.to_owned(),
    };
    let body = RoomWrite {
        display_name: kind.name.to_owned(),
        description: kind.description.to_owned(),
        quantity: i64::from(dice.between(1, kind.most_units)),
        occupancy: i64::from(kind.occupancy),
        price_min: money(low),
        price_max: money(high),
        facilities: kind.facilities.iter().map(|code| (*code).to_owned()).collect(),
        is_active: true,
    };
    let id = fixed_id(&format!("hotel/{}/room/{place}", traits.number));
    SeedRoom { room_id: RoomId::from_uuid(id), body }
}
