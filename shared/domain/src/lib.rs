//! The words that two services share: ids, money, stays, places, bounded text, bookings and events.
//!
//! Everything here is pure: no I/O, no clock, no randomness. A value that exists is valid; the only way to make
//! one from outside is a `parse` that returns [`Invalid`].

pub mod actor;
pub mod booking;
pub mod country;
pub mod currency;
pub mod date;
pub mod event;
pub mod facility;
pub mod faults;
pub mod fold;
pub mod hotel;
pub mod ids;
pub mod instant;
pub mod invalid;
mod language;
pub mod money;
pub mod party;
pub mod person_name;
pub mod place;
pub mod price;
pub mod ratio;
mod spelled;
pub mod stay;
pub mod text;
mod visible;
pub mod zone;

pub use actor::{Actor, ActorKind};
pub use country::CountryCode;
pub use currency::Currency;
pub use faults::Faults;
pub use ids::{
    AuditId, BookingId, CreditNoteId, EventId, HotelId, ImageId, InvoiceId, LocalityId, PaymentId, RefundId,
    RoomId, UserId, VoidId,
};
pub use instant::Instant;
pub use invalid::Invalid;
pub use money::Money;
pub use person_name::PersonName;
pub use place::GeoPoint;
pub use stay::{NightCount, StayDates};
pub use text::{ClientReference, Email, Language, Phone, Text};
pub use zone::TimeZone;
