//! The rules of this service: which mails an event means. Pure.

pub mod mails;
