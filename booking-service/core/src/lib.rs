//! The booking rules as pure functions: states, pricing, payments, holds, plans.
//!
//! No I/O, no clock, no randomness: `now` comes with the [`Snapshot`], ids come in as arguments. A decision is a
//! [`Plan`], plain data that the store executes in one transaction under guards (architecture.md, The booking core).
//!
//! * [`create()`] decides on a new booking, [`quote()`] on a quote, [`offers`] on what a hotel offers.
//! * [`apply()`] is the table of domain.md, States: total over status x command; [`decide()`] turns its [`Step`] into a
//!   [`Plan`].

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod advance;
pub mod apply;
pub mod batch;
pub mod booking;
#[cfg(any(test, feature = "books"))]
pub mod books;
pub mod cancel;
pub mod checkout;
pub mod command;
pub mod context;
pub mod create;
pub mod decide;
#[cfg(any(test, feature = "books"))]
pub mod dice;
pub mod hold_ends;
pub mod idempotency;
pub mod invoice;
pub mod money_moves;
pub mod night;
pub mod offer;
pub mod plan;
pub mod planted;
pub mod price;
pub mod quote;
pub mod refusal;
pub mod retold;
pub mod rules;
pub mod shard;
pub mod snapshot;
pub mod stay;
pub mod step;
pub mod stock;
pub mod work;

pub use apply::apply;
pub use batch::batch;
pub use booking::{Booking, Home, is_as_made};
pub use cancel::{Cancellable, CancellationPreview, preview};
pub use checkout::{CheckoutLinks, CheckoutSession, CheckoutSettingError};
pub use command::{Cancel, CancelledBy, Capture, Command, ProviderSaid, Review, Reviewed};
pub use create::{Created, PriceBasis, Request, create};
pub use decide::{Decided, decide};
pub use hold_ends::HoldEnds;
pub use idempotency::{Digest, IdempotencyKey, KeptAnswer, KeyHolder, KeyUse};
pub use money_moves::{
    CreditNote, Invoice, Payment, PaymentEvent, Refund, RefundReason, RefundStatus, Void, VoidStatus,
};
pub use night::{Night, NightDelta, RoomNight, ShortNight};
pub use offer::{Offer, OfferQuery, OfferReason, OfferStatus, offers};
pub use plan::{NewBooking, Payer, Plan, PlannedEvent};
pub use quote::{Quote, quote};
pub use refusal::Refusal;
pub use retold::{Logged, Untold, retold};
pub use rules::{HoldRules, LatePaymentRule, Rules};
pub use shard::Shard;
pub use snapshot::{Purged, Remembered, Snapshot, Unreadable, Wanted, WantedStay};
pub use stay::{Stay, StayLine};
pub use step::{AskProvider, Cancellation, Change, Quiet, RoomsMove, Step, TransitionIds};
pub use stock::{RoomStock, SeenHotel};
pub use work::{Claim, Deciding, KeepAnswer, Need, Order, Outcome, Task, Work};

#[cfg(test)]
mod tests;
