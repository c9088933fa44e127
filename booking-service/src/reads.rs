//! Reads of hotels that anybody may ask for: as many at once of each hotel as others can bear.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use domain::HotelId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::bookings::BookingError;

/// From how many hotels on those that nobody reads any more are forgotten.
const MANY: usize = 1_024;

/// Places for reads: without them one hotel that everybody looks at would take every connection, and some hotels together those
/// by which a callback or a cancellation finds its booking.
pub struct HotelReads {
    places: Mutex<HashMap<HotelId, Weak<Semaphore>>>,
    all: Arc<Semaphore>,
    per_hotel: usize,
    longest_wait: Duration,
}

/// A place for one read of a hotel, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    _of_hotel: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl HotelReads {
    /// So many of each hotel at once, and so many of all hotels; who waits longer than that is refused.
    pub fn new(per_hotel: usize, of_all: usize, longest_wait: Duration) -> Self {
        Self { places: Mutex::default(), all: Arc::new(Semaphore::new(of_all)), per_hotel, longest_wait }
    }

    /// A place for one read of the hotel.
    pub async fn place(&self, hotel: HotelId) -> Result<Place, BookingError> {
        let place = timeout(self.longest_wait, self.both(hotel)).await;
        place.ok().flatten().ok_or(BookingError::Overloaded)
    }

    /// Its own first: who waits for a hotel that everybody reads takes nothing from the others.
    async fn both(&self, hotel: HotelId) -> Option<Place> {
        let of_hotel = self.places(hotel).acquire_owned().await.ok()?;
        let of_all = self.all.clone().acquire_owned().await.ok()?;
        Some(Place { _of_hotel: of_hotel, _of_all: of_all })
    }

    fn places(&self, hotel: HotelId) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = places.get(&hotel).and_then(Weak::upgrade) {
            return known;
        }
        if places.len() >= MANY {
            places.retain(|_, known| known.strong_count() > 0);
        }
        let new = Arc::new(Semaphore::new(self.per_hotel));
        places.insert(hotel, Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hotel_that_everybody_reads_keeps_no_other_waiting() {
        let reads = HotelReads::new(2, 3, Duration::from_millis(20));
        let [hot, other] = [(); 2].map(|()| HotelId::from_uuid(testkit::unique_uuid()));
        let taken = (reads.place(hot).await.unwrap(), reads.place(hot).await.unwrap());
        assert!(matches!(reads.place(hot).await, Err(BookingError::Overloaded)));
        drop(reads.place(other).await.unwrap());
        drop(taken);
        drop(reads.place(hot).await.unwrap());
    }

    #[tokio::test]
    async fn all_hotels_together_take_no_more_than_theirs() {
        let reads = HotelReads::new(2, 3, Duration::from_millis(20));
        let mut taken = Vec::new();
        let refused = loop {
            match reads.place(HotelId::from_uuid(testkit::unique_uuid())).await {
                Ok(place) => taken.push(place),
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, BookingError::Overloaded) && taken.len() == 3);
    }
}
