//! The event half of the kit on a real MySQL, Kafka and Redis: the test instance of the stack.
#![cfg(test)]

mod batches;
mod consuming;
mod copies;
mod flow;
mod letters;
mod lost;
mod publishing;
mod reassigned;
mod script;
mod stack;
mod units;
