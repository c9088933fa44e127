//! Talking to a running Vacancy from outside: people with tokens, calls through the gateway, the checkout page, mails.
//! Imports nothing of the product.

pub mod admin;
pub mod failed;
pub mod http;
pub mod mail;
pub mod people;
pub mod sandbox;
pub mod stores;
mod tell;
pub mod wait;
pub mod world;
