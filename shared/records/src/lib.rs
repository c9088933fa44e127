//! The booking as others see it: its view, reads of active bookings, the archive, bodies in Redis, the invoice.
//!
//! booking-service answers a POST with the same [`BookingView`] that mgmt gives for a GET. Active bookings
//! are MySQL rows ([`ActiveBookings`]), ended ones lie in the [`Archive`] too until they are purged; [`merge()`] makes one
//! list of both.

pub mod active;
pub mod archive;
pub mod bodies;
pub mod invoice;
pub mod list;
pub mod merge;
pub mod newest;
pub mod payment;
pub mod purge;
pub mod read_error;
pub mod view;
pub mod wording;

pub use active::{
    ActiveBookings, ActorRow, BookingRow, Ended, EndedPosition, Head, LogEntry, LoggedActor, NumberedInvoice,
};
pub use archive::{Archive, ArchiveError};
pub use bodies::BodyCache;
pub use invoice::{InvoiceView, render_invoice};
pub use list::{HotelList, Order, Position, UserList, View};
pub use merge::{Merged, merge};
pub use newest::newest;
pub use payment::PaymentFacts;
pub use purge::{Purge, confirm_all, purge, purge_all, unsettled};
pub use read_error::{EachRow, ReadError, left_out, readable};
pub use view::{BookingMoney, BookingSummary, BookingView, Viewer};
pub use wording::Wording;
