//! Where new ids come from.

use uuid::Uuid;

/// A source of new ids.
pub trait Ids: Send + Sync {
    /// A fresh `UUIDv7`: roughly in the order of time, which keeps indexes narrow.
    fn uuid(&self) -> Uuid;
}

/// The operating system's randomness and clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place where ids are made")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}
