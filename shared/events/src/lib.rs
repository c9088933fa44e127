//! What is published and read: the outbox and its relay, the inbox, consumers, dead letters, the event log and Kafka.

pub mod consumer;
pub mod dlq;
pub mod event_log;
pub mod inbox;
pub mod kafka;
pub mod outbox;
pub mod relay;
pub mod topics;
pub mod traceparent;
