//! The ways of selling rooms that are compared: small, honest, and each with the same rows and the same facts.

pub(crate) mod batches;
pub(crate) mod conditional;
pub(crate) mod naive;
pub(crate) mod one_by_one;
pub(crate) mod procedure;
pub(crate) mod quota;
mod quotas;
pub(crate) mod stream;

#[cfg(test)]
mod tests;
