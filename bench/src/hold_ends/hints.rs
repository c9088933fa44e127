//! In which way Redis tells of holds that end soon.

use std::fmt;

use e2e::{failed::Failed, world::World};

/// In which way Redis tells of holds that end soon: `holds.hints`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hints {
    Keyspace,
    Queue,
}

impl fmt::Display for Hints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyspace => "keyspace",
            Self::Queue => "queue",
        })
    }
}

/// booking-service anew, told of holds in this way.
pub(super) async fn start(world: &World, hints: Hints) -> Result<(), Failed> {
    world.xtask(&["service", "stop", "booking-service"]).await?;
    let variable = format!("VACANCY_BOOKING__HOLDS__HINTS={hints}");
    world.xtask(&["service", "start", "booking-service", "--release", "--env", &variable]).await
}

/// booking-service as `up` starts it.
pub(super) async fn usual(world: &World) -> Result<(), Failed> {
    world.xtask(&["service", "stop", "booking-service"]).await?;
    world.xtask(&["service", "start", "booking-service", "--release"]).await
}
