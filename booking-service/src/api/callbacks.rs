//! The provider's callbacks.

pub mod receive;
