//! The kit every service stands on: settings, telemetry, HTTP, auth, clock, outbox, inbox, Kafka, Redis.

// The event half: outbox, relay, consumers, stores.
pub mod consumer;
pub mod dlq;
pub mod event_log;
pub mod inbox;
pub mod job;
pub mod kafka;
pub mod mysql;
pub mod outbox;
pub mod pace;
pub mod redis;
pub mod relay;
pub mod topics;
pub mod traceparent;

// The HTTP half: the frame of a service, its API, who calls, what time it is.
pub mod api;
pub mod app;
pub mod auth;
pub mod clock;
pub mod http_client;
pub mod ids;
pub mod openapi;
pub mod page;
mod rate;
pub mod readiness;
mod server;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod trace;
