//! Random interleavings of the machines against a small model of the world.
#![cfg(test)]
#![expect(clippy::as_conversions, reason = "small numbers of a model")]

mod lanes;
mod partitions;
