//! The words that two services share: ids, money, stays, places, bounded text, bookings and events.
//!
//! Everything here is pure: no I/O, no clock, no randomness. A value that exists is valid; the only way to make
//! one from outside is a `parse` that returns [`Invalid`].

pub mod actor;
pub mod booking;
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
pub mod place;
pub mod price;
pub mod ratio;
mod spelled;
pub mod stay;
pub mod text;

pub use actor::{Actor, ActorKind};
pub use faults::Faults;
pub use ids::{
    AuditId, BookingId, CreditNoteId, EventId, HotelId, ImageId, InvoiceId, LocalityId, PaymentId, RefundId,
    RoomId, UserId, VoidId,
};
pub use instant::Instant;
pub use invalid::Invalid;
pub use money::{Currency, Money};
pub use place::{CountryCode, GeoPoint, TimeZone};
pub use stay::{NightCount, StayDates};
pub use text::{ClientReference, Email, Language, Phone, Text};
