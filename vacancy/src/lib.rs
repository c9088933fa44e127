//! The operator's binary: `vacancy admin audit | token | seed | dlq | reindex | republish | reconcile | payments`.
//!
//! It looks into every store, and runs the services' own code where it changes something.

pub mod admin;
