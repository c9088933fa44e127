//! Which hotels, rooms and nights are read.

use std::collections::BTreeSet;

use booking_core::{RoomNight, WantedStay};
use domain::{HotelId, RoomId, StayDates, booking::BookingRecord};

/// Hotels, rooms and nights to be read.
#[derive(Clone, Default)]
pub(super) struct Places {
    pub(super) hotels: BTreeSet<HotelId>,
    pub(super) rooms: BTreeSet<RoomId>,
    pub(super) nights: BTreeSet<RoomNight>,
    /// All rooms of a hotel over some nights.
    pub(super) whole: Vec<(HotelId, StayDates)>,
}

impl Places {
    pub(super) fn of_stays(stays: &[WantedStay]) -> Self {
        let mut places = Self::default();
        for stay in stays {
            places.hotels.insert(stay.hotel_id);
            if stay.rooms.is_empty() {
                places.whole.push((stay.hotel_id, stay.dates));
            }
            places.add(stay.rooms.iter().copied(), stay.dates);
        }
        places
    }

    /// Also what these bookings hold.
    pub(super) fn add_bookings<'a>(&mut self, records: impl Iterator<Item = &'a BookingRecord>) {
        for record in records {
            self.hotels.insert(record.hotel_id);
            self.add(record.facts.lines.iter().map(|line| line.room_id), record.dates);
        }
    }

    fn add(&mut self, rooms: impl Iterator<Item = RoomId>, dates: StayDates) {
        for room in rooms {
            self.rooms.insert(room);
            self.nights.extend(dates.nights().map(|date| (room, date)));
        }
    }
}
