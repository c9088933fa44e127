//! The kit's HTTP promises, seen from outside: a real server on port 0.
#![cfg(test)]

mod documents;
mod edges;
mod greetings;
mod identity;
mod lifecycle;
mod limits;
mod outgoing;
mod problems;
mod tokens;
