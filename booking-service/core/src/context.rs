//! What a decision about one booking depends on beside the booking.

use std::collections::BTreeMap;

use domain::Instant;

use crate::{invoice::Series, rules::Rules, step::TransitionIds};

/// What a decision about one booking depends on beside the booking.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The database's clock, plus the test clock's offset.
    pub now: Instant,
    /// The settings.
    pub rules: &'a Rules,
    /// Ids for what is made.
    pub ids: TransitionIds,
    /// Whether the booking's rooms could all be sold again.
    pub rooms_free: bool,
    /// The last number given in each series that its papers need.
    pub series: &'a BTreeMap<Series, u32>,
}
