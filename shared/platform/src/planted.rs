//! Crashes and mistakes on purpose, for the harness that kills services and wants to see that it finds what is wrong. They need
//! the feature `planted_faults`, which no build has that did not ask for it (`cargo xtask check`): without it every point is
//! passed and no mistake is made, and the compiler knows that.

#[cfg(feature = "planted_faults")]
mod armed;
mod names;

#[cfg(feature = "planted_faults")]
pub use self::armed::{NotArmed, arm, crash_at, faults_of, makes, plant, points_of};
pub use self::names::{Fault, Point};

/// Passes the point.
#[cfg(not(feature = "planted_faults"))]
pub const fn crash_at(_: Point) {}

/// Whether this process makes the mistake: it makes none.
#[cfg(not(feature = "planted_faults"))]
pub const fn makes(_: Fault) -> bool {
    false
}
