//! The operator's binary: `vacancy admin audit | token | seed | dlq | reindex | republish | reconcile | payments`.
//!
//! It looks into every store, and runs the services' own code where it changes something.

#![expect(missing_docs, reason = "no library: docs stand where they say more than the name")]

pub mod admin;
