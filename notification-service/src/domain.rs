//! The rules of this service: which mails an event means, and what becomes of one that was not sent. Pure.

pub mod looking;
pub mod mails;
pub mod places;
pub mod trying;
