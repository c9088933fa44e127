//! booking-service: offers, quotes, bookings, holds, payments, cancellation. Never the same room twice.
//!
//! A booking command comes in by HTTP, by a callback or by a job, and always goes through [`bookings`]: load, decide
//! (`booking-core`), commit under guards ([`store`]).

pub mod adapters;
pub mod api;
mod app;
pub mod bookings;
pub mod consumers;
pub mod domain;
mod in_flight;
pub mod jobs;
pub mod migrate;
pub mod parts;
pub mod payments;
mod prefixed_log;
pub mod provider;
pub mod queries;
pub mod settings;
pub mod store;
pub mod view;

pub use app::BookingApp;
