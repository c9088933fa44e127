//! notification-service on real Kafka, MySQL and GreenMail.
#![cfg(test)]

mod claims;
mod mails;
mod server;
mod stage;
mod trouble;
