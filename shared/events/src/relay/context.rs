//! What the tasks of one relay have in common.

use std::{collections::BTreeMap, sync::Arc};

use platform::pace::Wake;
use sqlx::MySqlPool;

use super::{settings::RelaySettings, source::Source};
use crate::event_log::EventLog;

/// Where the rows stand, where they go, and who we are.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) pool: MySqlPool,
    pub(super) log: Arc<dyn EventLog>,
    pub(super) settings: RelaySettings,
    /// What knows what entries name; none where every entry is a record.
    pub(super) source: Option<Arc<dyn Source>>,
    /// Rows were committed by this process.
    pub(super) wake: Wake,
    /// Rows were committed in this lane.
    pub(super) lanes: BTreeMap<u8, Wake>,
}
