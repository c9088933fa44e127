//! What the tasks of one relay have in common.

use std::{collections::HashMap, sync::Arc};

use platform::pace::Wake;
use sqlx::MySqlPool;

use super::{current::CurrentState, settings::RelaySettings};
use crate::event_log::EventLog;

/// Where the rows stand, where they go, and who we are.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) pool: MySqlPool,
    pub(super) log: Arc<dyn EventLog>,
    pub(super) settings: RelaySettings,
    /// By topic: what reads the current state for its events without a payload.
    pub(super) sources: HashMap<String, Arc<dyn CurrentState>>,
    /// Rows were committed by this process.
    pub(super) wake: Wake,
}
