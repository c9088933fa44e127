//! The booking rules as pure functions: states, pricing, payments, holds, plans.
//!
//! No I/O, no clock, no randomness: `now` comes with the [`Snapshot`], ids come in as arguments. A decision is a
//! [`Plan`], plain data that the store executes in one transaction under guards (architecture.md, The booking core).
//!
//! * [`create()`] decides on a new booking, [`quote()`] on a quote, [`offers`] on what a hotel offers.
//! * [`apply()`] is the table of domain.md, States: total over status x command; [`decide()`] turns its [`Step`] into a
//!   [`Plan`].

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod apply;
pub mod booking;
pub mod cancel;
pub mod checkout;
pub mod command;
pub mod context;
pub mod create;
pub mod decide;
pub mod idempotency;
pub mod invoice;
pub mod money_moves;
pub mod night;
pub mod offer;
pub mod plan;
pub mod price;
pub mod quote;
pub mod refusal;
pub mod rules;
pub mod snapshot;
pub mod stay;
pub mod step;
pub mod stock;

pub use apply::apply;
pub use booking::{Booking, Home};
pub use cancel::{Cancellable, CancellationPreview, preview};
pub use checkout::{CheckoutLinks, CheckoutSession, CheckoutSettingError};
pub use command::{Cancel, CancelledBy, Capture, Command, ProviderSaid, Review, Reviewed};
pub use create::{Created, NewIds, PriceBasis, Request, create};
pub use decide::{Decided, decide};
pub use idempotency::{Digest, IdempotencyKey, KeptAnswer, KeyHolder, KeyUse};
pub use money_moves::{
    CreditNote, Invoice, Payment, PaymentEvent, Refund, RefundReason, RefundStatus, Void, VoidStatus,
};
pub use night::{Night, NightDelta, ShortNight};
pub use offer::{Offer, OfferQuery, OfferReason, OfferStatus, offers};
pub use plan::{NewBooking, Payer, Plan, PlannedEvent};
pub use quote::{Quote, quote};
pub use refusal::Refusal;
pub use rules::{HoldRules, LatePaymentRule, Rules};
pub use snapshot::{Purged, Snapshot, Wanted, WantedStay};
pub use stay::{Stay, StayLine};
pub use step::{AskProvider, Cancellation, Change, Quiet, RoomsMove, Step, TransitionIds};
pub use stock::{RoomStock, SeenHotel};

#[cfg(test)]
mod tests;
