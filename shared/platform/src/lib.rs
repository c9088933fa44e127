//! The kit every service stands on: settings, telemetry, HTTP, auth, clock, MySQL, Redis. What is published and read
//! stands on it, in the crate `events`.

// Memory of every program that stands on this. In the kit's own tests it comes with the testkit, which does, too.
#[cfg(not(test))]
mod allocator;

// The ground: what everything else may use.
pub mod causes;
mod serde_says;
pub mod settings;
pub mod shutdown;
pub mod start;
pub mod trace;

// What runs beside requests, and what it stands on.
pub mod clock;
pub mod http_client;
pub mod ids;
pub mod job;
pub mod mysql;
pub mod pace;
pub mod planted;
pub mod readiness;
pub mod redis;
pub mod telemetry;
pub mod time_zones;

// HTTP and the frame of a service.
pub mod api;
pub mod app;
pub mod auth;
pub mod idempotency;
pub mod openapi;
mod server;
