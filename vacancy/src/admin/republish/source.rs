//! What is told again, and how far.

use booking_service::queries::republish as nights;
use chrono::{NaiveDate, TimeDelta};
use domain::{
    HotelId, RoomId,
    event::{hotel_key, night_key, parse_night_key, room_key, topic},
};
use hotel_service::republish::{Again, PassedBy, Republisher};
use sqlx::MySqlPool;
use uuid::Uuid;

use super::args::RepublishArgs;
use crate::admin::{Failure, Stores, failure::IS_IT_UP};

/// Behind which key it goes on; that of a nil id is the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Hotels(HotelId),
    Rooms(RoomId),
    Nights(RoomId, NaiveDate),
}

/// What the rows are told by.
pub(super) enum Source {
    Hotels(MySqlPool, Republisher, Option<HotelId>),
    Nights(MySqlPool, nights::Again),
}

/// A page that was told.
#[derive(Default)]
pub(super) struct Page {
    pub(super) told: u64,
    /// Rows that could not be told.
    pub(super) passed_by: Vec<PassedBy>,
    /// Where the next one begins; none behind the last.
    pub(super) next: Option<Mark>,
}

impl Mark {
    /// Where the command says; else the beginning.
    pub(super) fn of(args: &RepublishArgs) -> Result<Self, Failure> {
        let begin = if args.hotels {
            Self::Hotels(HotelId::from_uuid(Uuid::nil()))
        } else {
            Self::Nights(RoomId::from_uuid(Uuid::nil()), NaiveDate::default())
        };
        let Some(key) = args.after.as_deref() else { return Ok(begin) };
        let read = if args.hotels { hotel_or_room(key) } else { night(key) };
        read.ok_or_else(|| {
            let says = format!(
                "`{key}` is no key of {}",
                if args.hotels { topic::HOTEL } else { topic::AVAILABILITY }
            );
            Failure::refused(says, "take the key that the run which stopped has printed")
        })
    }

    /// As [`Mark::of`] reads it.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Hotels(hotel) => hotel_key(*hotel),
            Self::Rooms(room) => room_key(*room),
            Self::Nights(room, date) => night_key(*room, *date),
        }
    }
}

fn hotel_or_room(key: &str) -> Option<Mark> {
    match key.split_once('/')? {
        ("hotel", id) => id.parse().ok().map(Mark::Hotels),
        ("room", id) => id.parse().ok().map(Mark::Rooms),
        _ => None,
    }
}

fn night(key: &str) -> Option<Mark> {
    parse_night_key(key).map(|(room, date)| Mark::Nights(room, date))
}

impl Source {
    pub(super) async fn of(stores: &Stores, args: &RepublishArgs) -> Result<Self, Failure> {
        let settings = &stores.settings.republish;
        let (only, page) = (args.hotel.map(HotelId::from_uuid), settings.page);
        let raise_by = if args.raise_version { settings.raise_by } else { 0 };
        if args.hotels {
            let again = Again { only, page, raise_by };
            let most = stores.settings.most_hotel_event_bytes()?;
            let republisher = Republisher::new(stores.hotel.clone(), most, again);
            let topic = stores.settings.named(topic::HOTEL);
            return Ok(Self::Hotels(stores.hotel.clone(), republisher.topic(topic), only));
        }
        let now = stores.now().await.map_err(failed("asking for the time"))?;
        // The last zone on earth in which a night may still be to come.
        let first = now.plus(TimeDelta::hours(-12)).utc().date_naive();
        Ok(Self::Nights(stores.booking.clone(), nights::Again { only, first, page, raise_by }))
    }

    /// How much there is to tell; a hotel that is not there is refused.
    pub(super) async fn count(&self) -> Result<u64, Failure> {
        let (found, is_known, only) = match self {
            Self::Hotels(_, republisher, only) => {
                let (hotels, rooms) =
                    republisher.count().await.map_err(failed("counting hotels and rooms"))?;
                (hotels.saturating_add(rooms), hotels > 0, *only)
            }
            Self::Nights(pool, again) => {
                let count = nights::count(pool, *again).await.map_err(failed("counting nights"))?;
                let is_known = match again.only {
                    Some(hotel) => {
                        nights::is_seen(pool, hotel).await.map_err(failed("looking for the hotel"))?
                    }
                    None => true,
                };
                (count, is_known, again.only)
            }
        };
        match only {
            Some(hotel) if !is_known => {
                let says = format!("{} knows no hotel {hotel}", self.service());
                Err(Failure::refused(says, "take the hotel_id of `GET /v1/hotels`"))
            }
            Some(_) | None => Ok(found),
        }
    }

    /// Puts the page behind the mark into the outbox.
    pub(super) async fn tell(&self, mark: &Mark) -> Result<Page, Failure> {
        match (self, *mark) {
            (Self::Hotels(_, republisher, _), Mark::Hotels(after)) => {
                let told = republisher.hotels(after).await.map_err(failed("telling hotels"))?;
                let next = told.next.map_or(Mark::Rooms(RoomId::from_uuid(Uuid::nil())), Mark::Hotels);
                Ok(Page { told: told.count, passed_by: told.passed_by, next: Some(next) })
            }
            (Self::Hotels(_, republisher, _), Mark::Rooms(after)) => {
                let told = republisher.rooms(after).await.map_err(failed("telling rooms"))?;
                Ok(Page { told: told.count, passed_by: told.passed_by, next: told.next.map(Mark::Rooms) })
            }
            (Self::Nights(pool, again), Mark::Nights(room, date)) => {
                let told =
                    nights::nights(pool, *again, (room, date)).await.map_err(failed("telling nights"))?;
                let next = next(&told, again.page).map(|(room, date)| Mark::Nights(room, date));
                let told = u64::try_from(told.len()).unwrap_or(u64::MAX);
                Ok(Page { told, next, ..Page::default() })
            }
            (Self::Hotels(..), Mark::Nights(..)) | (Self::Nights(..), Mark::Hotels(_) | Mark::Rooms(_)) => {
                Ok(Page::default())
            }
        }
    }

    pub(super) const fn pool(&self) -> &MySqlPool {
        match self {
            Self::Hotels(pool, ..) | Self::Nights(pool, _) => pool,
        }
    }

    /// Whose outbox it is.
    pub(super) const fn service(&self) -> &'static str {
        match self {
            Self::Hotels(..) => "hotel-service",
            Self::Nights(..) => "booking-service",
        }
    }

    pub(super) const fn what(&self) -> &'static str {
        match self {
            Self::Hotels(..) => "hotels",
            Self::Nights(..) => "nights",
        }
    }
}

/// The last of a full page: more may follow.
fn next<T: Copy>(told: &[T], page: u32) -> Option<T> {
    let is_full = u32::try_from(told.len()).is_ok_and(|told| told >= page);
    told.last().copied().filter(|_| is_full)
}

fn failed<E: Into<platform::causes::BoxError>>(doing: &'static str) -> impl FnOnce(E) -> Failure {
    Failure::doing(doing, IS_IT_UP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(hotels: bool, after: &str) -> RepublishArgs {
        let after = Some(after.to_owned());
        RepublishArgs { hotels, nights: !hotels, hotel: None, after, raise_version: false }
    }

    #[test]
    fn a_run_goes_on_where_another_said_it_had_stopped() {
        let id = "0193a5bf-1111-7c3a-9b1f-2f6a1c9d8e70";
        for (hotels, key) in
            [(true, format!("hotel/{id}")), (true, format!("room/{id}")), (false, format!("{id}/2026-12-24"))]
        {
            assert_eq!(Mark::of(&args(hotels, &key)).unwrap().key(), key);
        }
    }

    #[test]
    fn a_key_of_something_else_is_refused_with_what_to_give() {
        for (hotels, key) in [(true, "x"), (true, "hotel/7"), (false, "hotel/7"), (false, "")] {
            let refused = Mark::of(&args(hotels, key)).unwrap_err().to_string();
            assert!(refused.contains("take the key"), "{refused}");
        }
    }
}
