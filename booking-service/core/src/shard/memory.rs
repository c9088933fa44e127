//! What a shard remembers: rooms as virtual actors, with their nights, and hotels. Everything else is read for each batch.

use std::collections::{BTreeMap, BTreeSet};

use domain::{HotelId, Instant, RoomId};

use super::{bounds::Bounds, flight::Changed, mailbox::Item};
use crate::{
    create::Request,
    night::RoomNight,
    snapshot::{Remembered, Snapshot, Unreadable, Wanted, WantedStay},
    work::Task,
};

/// What a shard remembers.
#[derive(Debug)]
pub(super) struct Memory {
    /// Rooms, nights and hotels; while a batch is decided also what was read for it alone.
    pub(super) snapshot: Snapshot,
    /// When a room was last asked for.
    used: BTreeMap<RoomId, u64>,
    /// When a hotel was read.
    read: BTreeMap<HotelId, u64>,
    /// The rooms of a hotel: it is told of often when a hotel changes much, and is not to be searched for.
    of_hotel: BTreeMap<HotelId, BTreeSet<RoomId>>,
    /// Rooms that a planted mistake has kept after a miss, and takes for read.
    #[cfg(feature = "planted_faults")]
    kept: BTreeSet<RoomId>,
}

impl Default for Memory {
    fn default() -> Self {
        let never = Instant::from_naive_utc(chrono::NaiveDateTime::default());
        Self {
            snapshot: Snapshot::empty(never),
            used: BTreeMap::new(),
            read: BTreeMap::new(),
            of_hotel: BTreeMap::new(),
            #[cfg(feature = "planted_faults")]
            kept: BTreeSet::new(),
        }
    }
}

impl Memory {
    /// What is to be read for these works: keys, references, holds and bookings always, hotels, rooms and nights where
    /// they are not known. A room that a work wants as it is, or whose nights are scarce, is forgotten first while nothing
    /// moves it.
    pub(super) fn lacks(
        &mut self,
        items: &[Item],
        moving: &BTreeSet<RoomId>,
        now_ms: u64,
        bounds: &Bounds,
    ) -> Wanted {
        for item in items {
            if let Task::Book(request, _) = &item.work.task {
                self.doubt(request, item.fresh, moving, bounds);
                let old = |at: &u64| now_ms.saturating_sub(*at) >= bounds.hotel_ms;
                if item.fresh || self.read.get(&request.stay.hotel_id()).is_none_or(old) {
                    self.forget_hotel(request.stay.hotel_id());
                }
            } else if item.fresh {
                item.rooms().filter(|room| !moving.contains(room)).for_each(|room| self.forget(room));
            }
        }
        let mut wanted = Wanted::default();
        for item in items {
            let mut of_work = item.work.wanted();
            if let Task::Book(request, _) = &item.work.task {
                of_work.stays = self.lacks_of(request).into_iter().collect();
            }
            wanted.merge(of_work);
        }
        wanted.stays = merged(wanted.stays);
        wanted
    }

    fn doubt(&mut self, request: &Request, fresh: bool, moving: &BTreeSet<RoomId>, bounds: &Bounds) {
        for room in request.stay.units().into_keys().filter(|room| !moving.contains(room)) {
            let scarce = request.stay.dates().nights().any(|date| {
                let night = self.snapshot.nights.get(&(room, date)).copied().flatten();
                night.is_some_and(|night| night.available < bounds.scarce)
            });
            if (fresh || scarce) && !Self::keeps(self, room) {
                self.forget(room);
            }
        }
    }

    fn lacks_of(&self, request: &Request) -> Option<WantedStay> {
        let (stay, known) = (&request.stay, &self.snapshot);
        let (hotel_id, dates) = (stay.hotel_id(), stay.dates());
        let complete = |room: &RoomId| {
            known.rooms.contains_key(room)
                && dates.nights().all(|date| known.nights.contains_key(&(*room, date)))
        };
        let units = stay.units();
        let mut rooms: BTreeSet<RoomId> = units.keys().filter(|room| !complete(room)).copied().collect();
        if rooms.is_empty() && known.hotels.contains_key(&hotel_id) {
            return None;
        }
        if rooms.is_empty() {
            // Only the hotel is wanted, and no room at all would be all of its rooms.
            rooms.extend(units.keys().next());
        }
        Some(WantedStay { hotel_id, rooms, dates })
    }

    /// Puts what was read to what is remembered. A night that a batch under way moves stays as that one leaves it.
    pub(super) fn take_in(
        &mut self,
        read: Snapshot,
        items: &[Item],
        now_ms: u64,
        touched: impl Fn(&RoomNight) -> bool,
    ) {
        for row in &read.unreadable {
            match row {
                Unreadable::Room(room) => self.forget(*room),
                Unreadable::Hotel(hotel) => self.forget_hotel(*hotel),
                Unreadable::Booking(_) => {}
            }
        }
        self.snapshot.remembered = self.remembered(&read, items);
        let Snapshot { now, hotels, rooms, nights, remembered: _, .. } = &read;
        self.snapshot.now = *now;
        self.read.extend(hotels.keys().map(|hotel| (*hotel, now_ms)));
        self.snapshot.hotels.extend(hotels.clone());
        for (room, stock) in rooms {
            let known = self.snapshot.rooms.get(room);
            if known.is_some_and(|known| known.stock_version != stock.stock_version) {
                self.snapshot.forget(*room);
            }
            self.of_hotel.entry(stock.hotel_id).or_default().insert(*room);
            self.snapshot.rooms.insert(*room, stock.clone());
            self.used.insert(*room, now_ms);
        }
        // A room that is not known is not dropped either: its nights would stay.
        let known = |room: &RoomId| self.snapshot.rooms.contains_key(room);
        let free = nights.iter().filter(|(at, _)| known(&at.0) && !touched(at));
        let free: Vec<_> = free.map(|(at, night)| (*at, *night)).collect();
        self.snapshot.nights.extend(free);
        self.for_this_batch(read);
        let asked = items.iter().flat_map(Item::rooms).filter(|room| self.snapshot.rooms.contains_key(room));
        self.used.extend(asked.map(|room| (room, now_ms)));
    }

    fn for_this_batch(&mut self, read: Snapshot) {
        let known = &mut self.snapshot;
        (known.keys, known.references, known.open_holds) = (read.keys, read.references, read.open_holds);
        (known.bookings, known.purged, known.purged_money) = (read.bookings, read.purged, read.purged_money);
        (known.series, known.unreadable) = (read.series, read.unreadable);
    }

    /// The rooms and hotels of these works that were known before. Where only some nights of a room were read, it counts as
    /// remembered.
    fn remembered(&self, read: &Snapshot, items: &[Item]) -> Remembered {
        let of_bookings = read.bookings.values().flat_map(|booking| booking.units().into_keys());
        let rooms = items.iter().flat_map(Item::rooms).chain(of_bookings);
        let hotels = items.iter().map(|item| item.work.hotel_id);
        let hotels = hotels.filter(|hotel| !read.hotels.contains_key(hotel));
        Remembered {
            rooms: rooms
                .filter(|room| self.snapshot.rooms.contains_key(room) && !Self::keeps(self, *room))
                .collect(),
            hotels: hotels.filter(|hotel| self.snapshot.hotels.contains_key(hotel)).collect(),
        }
    }

    /// The batch is decided: what was read for it alone goes.
    pub(super) fn put_away(&mut self) {
        let nothing = Snapshot::empty(self.snapshot.now);
        self.for_this_batch(nothing);
        self.snapshot.remembered = Remembered::default();
    }

    /// What a planted mistake keeps, as if a batch that was never written had read it.
    #[cfg(feature = "planted_faults")]
    pub(super) fn keep(&mut self, rooms: &BTreeSet<RoomId>) {
        self.kept.extend(rooms);
    }

    #[cfg(feature = "planted_faults")]
    fn keeps(memory: &Self, room: RoomId) -> bool {
        memory.kept.contains(&room)
    }

    #[cfg(not(feature = "planted_faults"))]
    const fn keeps(_: &Self, _: RoomId) -> bool {
        false
    }

    pub(super) fn forget(&mut self, room: RoomId) {
        #[cfg(feature = "planted_faults")]
        self.kept.remove(&room);
        let hotel = self.snapshot.rooms.get(&room).map(|stock| stock.hotel_id);
        if let Some(hotel) = hotel
            && let Some(rooms) = self.of_hotel.get_mut(&hotel)
        {
            rooms.remove(&room);
            if rooms.is_empty() {
                self.of_hotel.remove(&hotel);
            }
        }
        self.snapshot.forget(room);
        self.used.remove(&room);
    }

    pub(super) fn forget_hotel_and_rooms(&mut self, hotel: HotelId) {
        self.forget_hotel(hotel);
        self.of_hotel.remove(&hotel).into_iter().flatten().for_each(|room| self.forget(room));
    }

    /// What was read of these may be older than their change.
    pub(super) fn forget_changed(&mut self, changed: &Changed) {
        changed.rooms.iter().for_each(|room| self.forget(*room));
        changed.hotels.iter().for_each(|hotel| self.forget_hotel_and_rooms(*hotel));
    }

    fn forget_hotel(&mut self, hotel: HotelId) {
        self.snapshot.hotels.remove(&hotel);
        self.read.remove(&hotel);
    }

    pub(super) fn forget_all(&mut self) {
        *self = Self::default();
    }

    /// Drops rooms and hotels that are cold, and, while there are too many rooms, those that were asked for longest ago; none
    /// that is in use.
    pub(super) fn shed(
        &mut self,
        now_ms: u64,
        (hotels, rooms): (&BTreeSet<HotelId>, &BTreeSet<RoomId>),
        bounds: &Bounds,
    ) {
        let too_many = |memory: &Self| {
            memory.snapshot.rooms.len() > bounds.rooms_remembered
                || memory.snapshot.nights.len() > bounds.nights_remembered
        };
        let oldest = now_ms.saturating_sub(bounds.cold_ms);
        let cold = |at: u64| at < oldest;
        // Each was read anew for its last booking (`hotel_ms`). One that a batch is under way for stays however long that takes, or
        // its guests would hear that there is no such hotel.
        self.read.retain(|hotel, at| !cold(*at) || hotels.contains(hotel));
        let read = &self.read;
        self.snapshot.hotels.retain(|hotel, _| read.contains_key(hotel));
        if !too_many(self) && !self.used.values().any(|at| cold(*at)) {
            return;
        }
        let mut by_age: Vec<(u64, RoomId)> = self.used.iter().map(|(room, at)| (*at, *room)).collect();
        by_age.sort_unstable();
        for (at, room) in by_age.into_iter().filter(|(_, room)| !rooms.contains(room)) {
            if !cold(at) && !too_many(self) {
                break;
            }
            self.forget(room);
        }
    }
}

/// One wish for each hotel and dates.
fn merged(stays: Vec<WantedStay>) -> Vec<WantedStay> {
    let mut by_place = BTreeMap::new();
    for WantedStay { hotel_id, rooms, dates } in stays {
        let place = (hotel_id, dates.start_date(), dates.end_date());
        let wish = || WantedStay { hotel_id, rooms: BTreeSet::new(), dates };
        by_place.entry(place).or_insert_with(wish).rooms.extend(rooms);
    }
    by_place.into_values().collect()
}
