//! Relay lanes and partitions as state machines, without I/O.
//!
//! Everything here is a plain value that is told what happened and what time it is, and answers what to do next. The loops
//! that do the work (`events::relay`, `events::consumer`) are short, and a simulation may drive the same machines.
//! Times are durations since any fixed start of a monotonic clock, chosen by the caller.

mod backoff;
mod brake;
mod hash;
mod lane;
mod partition;
mod share;

pub use backoff::Backoff;
pub use brake::RejectBrake;
pub use hash::{LANES, lane_of, murmur2, partition_of};
pub use lane::{Lane, LaneAction, LaneInput, LaneLimits};
pub use partition::{Flow, Outcome, Partition, PartitionLimits};
pub use share::{Living, is_ours};
