//! Leases of databases, topics, indexes; tokens; black-box HTTP. A dev-dependency only.
//!
//! Tests run side by side on real servers (`VACANCY_STACK_*`, by default the test instance's ports): each leases what
//! nobody else has meanwhile. What cannot be had fails the test at once and loudly.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a dev-dependency: a test that cannot set its stage must fail and say why"
)]

pub mod booking;
pub mod cassandra;
pub mod clock;
pub mod elasticsearch;
pub mod http;
pub mod kafka;
pub mod mail;
pub mod mysql;
pub mod redis;
pub mod stack;
mod teardown;
pub mod token;
mod unique;
pub mod wait;

pub use clock::FakeClock;
pub use token::{Token, token};
pub use unique::{unique_uuid, unique_word};
pub use wait::eventually;
