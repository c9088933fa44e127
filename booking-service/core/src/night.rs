//! The arithmetic of a room-night (domain.md, Stock rules; invariant 1).

use chrono::NaiveDate;
use domain::RoomId;

use crate::stock::RoomStock;

/// A room and a date: the unit that is sold.
pub type RoomNight = (RoomId, NaiveDate);

/// A touched night: a row of `available_rooms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Night {
    /// Units there are to sell, the allowance included.
    pub initial: u32,
    /// Units still to be had, at most `initial`.
    pub available: u32,
    /// Units sold beyond the room's quantity on purpose.
    pub allowance: u32,
}

/// What a plan moves on one night: first `given_back`, then `taken`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NightDelta {
    /// Units that become free.
    pub given_back: u32,
    /// Units that are taken.
    pub taken: u32,
    /// The room's quantity as decided on: a give-back does not raise the night above it.
    pub room_quantity: u32,
}

impl NightDelta {
    /// Also moves what the other does. What is given back is given back first: that is the same, since nobody gives back
    /// what was taken in the same transaction.
    pub(crate) const fn add(&mut self, other: Self) {
        self.given_back = self.given_back.saturating_add(other.given_back);
        self.taken = self.taken.saturating_add(other.taken);
        self.room_quantity = other.room_quantity;
    }
}

/// A night that has fewer units than asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortNight {
    /// The room.
    pub room_id: RoomId,
    /// The night.
    pub date: NaiveDate,
    /// Units still to be had.
    pub available: u32,
    /// Units asked for.
    pub wanted: u32,
}

impl Night {
    /// A night nobody has touched: the room's quantity stands.
    pub const fn untouched(stock: &RoomStock) -> Self {
        let initial = stock.quantity.saturating_add(stock.allowance);
        Self { initial, available: initial, allowance: stock.allowance }
    }

    /// Units held and booked.
    pub const fn sold(self) -> u32 {
        self.initial.saturating_sub(self.available)
    }

    /// Units sold beyond what the room has: what the manager is shown.
    pub const fn shortfall(self, quantity: u32) -> u32 {
        self.sold().saturating_sub(quantity.saturating_add(self.allowance))
    }

    /// After the room's quantity has changed: `initial = max(quantity + allowance, held + booked)`. Never fails.
    #[must_use]
    pub fn with_quantity(self, quantity: u32) -> Self {
        let initial = quantity.saturating_add(self.allowance).max(self.sold());
        Self { initial, available: initial.saturating_sub(self.sold()), ..self }
    }

    /// After `units` were taken; none if fewer are to be had.
    pub fn take(self, units: u32) -> Option<Self> {
        let available = self.available.checked_sub(units)?;
        Some(Self { available, ..self })
    }

    /// After `units` came back: `initial` goes down first while it stands above quantity and allowance, only the
    /// rest becomes available. None if fewer are sold.
    pub fn give_back(self, units: u32, quantity: u32) -> Option<Self> {
        let above = self.initial.saturating_sub(quantity.saturating_add(self.allowance));
        let lowered = above.min(units);
        let freed = units.checked_sub(lowered)?;
        (self.sold() >= units).then(|| Self {
            initial: self.initial.saturating_sub(lowered),
            available: self.available.saturating_add(freed),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Night;

    fn night() -> impl Strategy<Value = (Night, u32)> {
        (0u32..20, 0u32..20, 0u32..4).prop_map(|(quantity, sold, allowance)| {
            let initial = (quantity + allowance).max(sold);
            (Night { initial, available: initial - sold, allowance }, quantity)
        })
    }

    proptest! {
        #[test]
        fn a_new_quantity_keeps_what_is_sold_and_sells_the_rest((night, _) in night(), quantity in 0u32..30) {
            let after = night.with_quantity(quantity);
            prop_assert_eq!(after.sold(), night.sold());
            prop_assert_eq!(after.initial, (quantity + night.allowance).max(night.sold()));
        }

        #[test]
        fn giving_back_undoes_taking_and_never_sells_what_the_room_does_not_have(
            (night, quantity) in night(),
            units in 0u32..25,
        ) {
            if let Some(taken) = night.take(units) {
                prop_assert_eq!(taken.sold(), night.sold() + units);
                prop_assert_eq!(taken.give_back(units, quantity).map(Night::sold), Some(night.sold()));
            } else {
                prop_assert!(units > night.available);
            }
            match night.give_back(units, quantity) {
                None => prop_assert!(units > night.sold()),
                Some(after) => {
                    prop_assert_eq!(after.sold(), night.sold() - units);
                    prop_assert_eq!(after.initial, (quantity + night.allowance).max(after.sold()));
                }
            }
        }

        #[test]
        fn a_shortfall_is_what_is_sold_beyond_the_room((night, _) in night(), quantity in 0u32..30) {
            let lacking = night.sold().saturating_sub(quantity + night.allowance);
            prop_assert_eq!(night.shortfall(quantity), lacking);
        }
    }
}
