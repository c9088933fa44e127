//! How many people a stay may have: one bound for search, offers, quotes and bookings, so that what is found can be
//! quoted, and what is quoted can be booked.

use crate::invalid::Invalid;

/// The most units of one stay.
pub const MOST_UNITS: u8 = 9;

/// The most adults in one unit.
pub const MOST_ADULTS: u8 = 50;

/// The most children in one unit.
pub const MOST_CHILDREN: u8 = 20;

/// A child is younger than this, in years.
pub const ADULT_AGE: u8 = 18;

/// A party that looks for so many units together, not yet told who sleeps in which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholeParty {
    units: u8,
    people: u16,
}

/// What is wrong with a party, by the name that search and offers have for it.
pub type PartyFaults = Vec<(&'static str, Invalid)>;

impl WholeParty {
    /// 1 to 9 units, and for each of them at most 50 adults (at least one in all) and 20 children of 0 to 17 years.
    pub fn parse(units: i64, adults: i64, child_ages: &[i64]) -> Result<Self, PartyFaults> {
        let mut faults = PartyFaults::new();
        let known_units = within(units, 1, i64::from(MOST_UNITS));
        let units = known_units.unwrap_or(i64::from(MOST_UNITS));
        if known_units.is_none() {
            faults.push(("rooms", Invalid::out_of_range(format!("Between 1 and {MOST_UNITS}."))));
        }
        let most = i64::from(MOST_ADULTS).saturating_mul(units);
        if within(adults, 1, most).is_none() {
            let says = format!("Between 1 and {most}: at most {MOST_ADULTS} for each of `rooms`.");
            faults.push(("adults", Invalid::out_of_range(says)));
        }
        if let Err(invalid) = children(child_ages, units) {
            faults.push(("child_ages", invalid));
        }
        let people = u16::try_from(child_ages.len()).ok().zip(u16::try_from(adults).ok());
        match (u8::try_from(units), people) {
            (Ok(units), Some((children, adults))) if faults.is_empty() => {
                Ok(Self { units, people: adults.saturating_add(children) })
            }
            (Ok(_) | Err(_), _) => Err(faults),
        }
    }

    /// Units wanted, 1 to 9.
    pub const fn units(self) -> u8 {
        self.units
    }

    /// Everybody, adults and children.
    pub const fn people(self) -> u16 {
        self.people
    }
}

fn within(value: i64, least: i64, most: i64) -> Option<i64> {
    (least..=most).contains(&value).then_some(value)
}

fn children(ages: &[i64], units: i64) -> Result<(), Invalid> {
    let most = i64::from(MOST_CHILDREN).saturating_mul(units);
    if i64::try_from(ages.len()).is_ok_and(|count| count > most) {
        return Err(Invalid::out_of_range(format!("At most {MOST_CHILDREN} for each of `rooms`.")));
    }
    let are_children = ages.iter().all(|age| (0..i64::from(ADULT_AGE)).contains(age));
    if are_children { Ok(()) } else { Err(Invalid::out_of_range("A child is 0 to 17 years old.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(units: i64, adults: i64, ages: &[i64]) -> Vec<&'static str> {
        let faults = WholeParty::parse(units, adults, ages).err().unwrap_or_default();
        faults.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_party_is_bounded_by_its_units() {
        let party = WholeParty::parse(2, 60, &[4, 9]).unwrap();
        assert_eq!((party.units(), party.people()), (2, 62));
        assert_eq!(WholeParty::parse(9, 450, &[0; 180]).unwrap().people(), 630);
        assert_eq!(faults(1, 51, &[]), ["adults"]);
        assert_eq!(faults(9, 451, &[]), ["adults"]);
        assert_eq!(faults(1, 1, &[1; 21]), ["child_ages"]);
        assert_eq!(faults(1, 1, &[18]), ["child_ages"]);
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        for units in [0, 10, i64::MIN, i64::MAX] {
            assert_eq!(faults(units, 0, &[-1]), ["rooms", "adults", "child_ages"]);
        }
    }
}
