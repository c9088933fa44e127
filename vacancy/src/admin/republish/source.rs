//! What is told again, and how far.

use booking_service::queries::{
    republish as nights,
    retold::{self, Lately, Place, Step},
};
use chrono::{NaiveDate, TimeDelta};
use domain::{
    BookingId, HotelId, RoomId,
    event::{hotel_key, night_key, parse_night_key, room_key, topic},
};
use futures::FutureExt as _;
use hotel_service::republish::{Again, PassedBy, Republisher};
use records::{Archive as _, archive::cassandra::CassandraArchive};
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
    Bookings(Place, BookingId),
}

/// What the rows are told by.
pub(super) enum Source {
    Hotels(MySqlPool, Republisher, Option<HotelId>),
    Nights(MySqlPool, nights::Again),
    Bookings(MySqlPool, Box<CassandraArchive>, Lately),
}

/// A page that was told.
#[derive(Default)]
pub(super) struct Page {
    /// Rows that were gone over.
    pub(super) seen: u64,
    pub(super) told: u64,
    /// Rows that could not be told.
    pub(super) passed_by: Vec<PassedBy>,
    /// Where the next one begins; none behind the last.
    pub(super) next: Option<Mark>,
}

impl Mark {
    /// Where the command says; else the beginning.
    pub(super) fn of(args: &RepublishArgs) -> Result<Self, Failure> {
        let nil = Uuid::nil();
        let (begin, topic, read): (_, _, fn(&str) -> Option<Self>) = if args.hotels {
            (Self::Hotels(HotelId::from_uuid(nil)), topic::HOTEL, hotel_or_room)
        } else if args.bookings {
            (Self::Bookings(Place::Active, BookingId::from_uuid(nil)), topic::BOOKING, booking)
        } else {
            (Self::Nights(RoomId::from_uuid(nil), NaiveDate::default()), topic::AVAILABILITY, night)
        };
        let Some(key) = args.after.as_deref() else { return Ok(begin) };
        read(key).ok_or_else(|| {
            let says = format!("`{key}` is no key of {topic}");
            Failure::refused(says, "take the key that the run which stopped has printed")
        })
    }

    /// As [`Mark::of`] reads it.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Hotels(hotel) => hotel_key(*hotel),
            Self::Rooms(room) => room_key(*room),
            Self::Nights(room, date) => night_key(*room, *date),
            Self::Bookings(Place::Active, id) => format!("booking/{id}"),
            Self::Bookings(Place::Purged, id) => format!("purged/{id}"),
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

fn booking(key: &str) -> Option<Mark> {
    let (place, id) = match key.split_once('/')? {
        ("booking", id) => (Place::Active, id),
        ("purged", id) => (Place::Purged, id),
        _ => return None,
    };
    id.parse().ok().map(|id| Mark::Bookings(place, id))
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
        if let Some(since) = args.since {
            let archive = Box::new(CassandraArchive::new(stores.settings.cassandra.clone()));
            return Ok(Self::Bookings(stores.booking.clone(), archive, Lately { only, since, page }));
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
                (count, is_seen(pool, again.only).await?, again.only)
            }
            Self::Bookings(pool, _, lately) => {
                let count = retold::count(pool, *lately).await.map_err(failed("counting bookings"))?;
                (count, is_seen(pool, lately.only).await?, lately.only)
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
                Ok(Page { passed_by: told.passed_by, next: Some(next), ..Page::of(told.count) })
            }
            (Self::Hotels(_, republisher, _), Mark::Rooms(after)) => {
                let told = republisher.rooms(after).await.map_err(failed("telling rooms"))?;
                let next = told.next.map(Mark::Rooms);
                Ok(Page { passed_by: told.passed_by, next, ..Page::of(told.count) })
            }
            (Self::Nights(pool, again), Mark::Nights(room, date)) => {
                let told =
                    nights::nights(pool, *again, (room, date)).await.map_err(failed("telling nights"))?;
                let next = next(&told, again.page).map(|(room, date)| Mark::Nights(room, date));
                Ok(Page { next, ..Page::of(u64::try_from(told.len()).unwrap_or(u64::MAX)) })
            }
            (Self::Bookings(pool, archive, lately), Mark::Bookings(place, after)) => {
                let archived = |id| async move { Ok(archive.by_id(id).await?) }.boxed();
                let step = retold::step(pool, &archived, *lately, (place, after)).await;
                Ok(of_bookings(place, step.map_err(failed("telling bookings"))?))
            }
            (Self::Hotels(..), Mark::Nights(..) | Mark::Bookings(..))
            | (Self::Nights(..), Mark::Hotels(_) | Mark::Rooms(_) | Mark::Bookings(..))
            | (Self::Bookings(..), Mark::Hotels(_) | Mark::Rooms(_) | Mark::Nights(..)) => {
                Ok(Page::default())
            }
        }
    }

    pub(super) const fn pool(&self) -> &MySqlPool {
        match self {
            Self::Hotels(pool, ..) | Self::Nights(pool, _) | Self::Bookings(pool, ..) => pool,
        }
    }

    /// Whose outbox it is.
    pub(super) const fn service(&self) -> &'static str {
        match self {
            Self::Hotels(..) => "hotel-service",
            Self::Nights(..) | Self::Bookings(..) => "booking-service",
        }
    }

    pub(super) const fn what(&self) -> &'static str {
        match self {
            Self::Hotels(..) => "hotels",
            Self::Nights(..) => "nights",
            Self::Bookings(..) => "bookings",
        }
    }
}

impl Page {
    /// Of so many rows, each told by one event.
    fn of(told: u64) -> Self {
        Self { seen: told, told, ..Self::default() }
    }
}

/// Those in `bookings`, then those that were purged.
fn of_bookings(place: Place, step: Step) -> Page {
    let named = |(id, why)| PassedBy { row: format!("{} {id}", topic::BOOKING), why };
    let next = match (step.last, place) {
        (Some(last), place) => Some(Mark::Bookings(place, last)),
        (None, Place::Active) => Some(Mark::Bookings(Place::Purged, BookingId::from_uuid(Uuid::nil()))),
        (None, Place::Purged) => None,
    };
    Page {
        seen: step.seen,
        told: step.told,
        passed_by: step.passed_by.into_iter().map(named).collect(),
        next,
    }
}

async fn is_seen(pool: &MySqlPool, only: Option<HotelId>) -> Result<bool, Failure> {
    match only {
        Some(hotel) => nights::is_seen(pool, hotel).await.map_err(failed("looking for the hotel")),
        None => Ok(true),
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

    fn args(what: &str, after: &str) -> RepublishArgs {
        let [hotels, nights, bookings] = ["hotels", "nights", "bookings"].map(|one| one == what);
        let after = Some(after.to_owned());
        RepublishArgs { hotels, nights, bookings, since: None, hotel: None, after, raise_version: false }
    }

    #[test]
    fn a_run_goes_on_where_another_said_it_had_stopped() {
        let id = "0193a5bf-1111-7c3a-9b1f-2f6a1c9d8e70";
        for (what, key) in [
            ("hotels", format!("hotel/{id}")),
            ("hotels", format!("room/{id}")),
            ("nights", format!("{id}/2026-12-24")),
            ("bookings", format!("booking/{id}")),
            ("bookings", format!("purged/{id}")),
        ] {
            assert_eq!(Mark::of(&args(what, &key)).unwrap().key(), key);
        }
    }

    #[test]
    fn a_key_of_something_else_is_refused_with_what_to_give() {
        for (what, key) in [
            ("hotels", "x"),
            ("hotels", "hotel/7"),
            ("nights", "hotel/7"),
            ("nights", ""),
            ("bookings", "room/7"),
        ] {
            let refused = Mark::of(&args(what, key)).unwrap_err().to_string();
            assert!(refused.contains("take the key"), "{refused}");
        }
    }
}
