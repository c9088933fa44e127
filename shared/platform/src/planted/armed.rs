//! What is planted in this process: what its environment says at the start, and what a test says.

use std::{
    env,
    io::{Write as _, stderr},
    sync::{
        OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::process::{Signal, getpid, kill_process};

use super::names::{Fault, Point};

/// `NAME:N`: the process kills itself when it passes that point for the n-th time.
const CRASH_POINT: &str = "VACANCY_CRASH_POINT";
/// `NAME`: the process makes that mistake from its start on.
const PLANTED_FAULT: &str = "VACANCY_PLANTED_FAULT";

/// The point, and how often it is passed until the crash.
static CRASH: OnceLock<(Point, AtomicU64)> = OnceLock::new();
static FAULT: RwLock<Option<Fault>> = RwLock::new(None);

/// The environment asks for something that cannot be planted.
#[derive(Debug, thiserror::Error)]
#[error("{variable} is `{value}`, and must be {wanted}")]
pub struct NotArmed {
    variable: &'static str,
    value: String,
    wanted: String,
}

/// Plants what the environment asks for.
pub fn arm() -> Result<(), NotArmed> {
    if let Some(value) = variable(CRASH_POINT) {
        let Some(crash) = crash(&value) else {
            let names = names(Point::ALL.iter().map(|point| point.name()));
            return Err(NotArmed {
                variable: CRASH_POINT,
                value,
                wanted: format!("NAME:N, N from 1 on, NAME {names}"),
            });
        };
        // Only the first crash comes to pass anyway.
        let _armed_before = CRASH.set(crash);
    }
    if let Some(value) = variable(PLANTED_FAULT) {
        let Some(fault) = Fault::named(&value) else {
            let wanted = names(Fault::ALL.iter().map(|fault| fault.name()));
            return Err(NotArmed { variable: PLANTED_FAULT, value, wanted });
        };
        plant(Some(fault));
    }
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn crash(value: &str) -> Option<(Point, AtomicU64)> {
    let (name, times) = value.split_once(':')?;
    let times = times.parse().ok().filter(|times| *times > 0)?;
    Some((Point::named(name)?, AtomicU64::new(times)))
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("one of {}", names.collect::<Vec<_>>().join(", "))
}

/// From now on this process makes the mistake, or none.
pub fn plant(fault: Option<Fault>) {
    *FAULT.write().unwrap_or_else(PoisonError::into_inner) = fault;
}

/// Whether this process makes the mistake.
pub fn makes(fault: Fault) -> bool {
    *FAULT.read().unwrap_or_else(PoisonError::into_inner) == Some(fault)
}

/// Passes the point, or ends the process as `kill -9` does: nothing is unwound, flushed or closed.
pub fn crash_at(point: Point) {
    let Some((armed, left)) = CRASH.get() else { return };
    if *armed == point && left.fetch_sub(1, Ordering::AcqRel) == 1 {
        let _closed = writeln!(stderr(), "crash point {} reached", point.name());
        let _sent = kill_process(getpid(), Signal::KILL);
    }
}

/// The points that the service passes, a line of name and meaning for each.
pub fn points_of(service: &str) -> String {
    let points = Point::ALL.iter().filter(|point| point.services().contains(&service));
    points.map(|point| line(point.name(), point.meaning())).collect()
}

/// The mistakes that the service can make, likewise.
pub fn faults_of(service: &str) -> String {
    let faults = Fault::ALL.iter().filter(|fault| fault.services().contains(&service));
    faults.map(|fault| line(fault.name(), fault.meaning())).collect()
}

fn line(name: &str, meaning: &str) -> String {
    format!("{name:<28} {meaning}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_crash_is_a_known_point_and_a_count() {
        let read = |value| crash(value).map(|(point, times)| (point, times.into_inner()));
        assert_eq!(read("after-nights:12"), Some((Point::AfterNights, 12)));
        for wrong in ["after-nights", "after-nights:0", "after-nights:-1", "after-nights:", "nowhere:1", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_service_of_the_harness_lists_what_is_its_own_and_two_of_them_everything() {
        let names = |list: String| -> BTreeSet<String> {
            list.lines().map(|line| line.split_once(' ').unwrap().0.to_owned()).collect()
        };
        let (booking, archival) = (names(points_of("booking-service")), names(points_of("archival-service")));
        assert!(booking.contains("after-load") && !archival.contains("after-load"));
        assert_eq!(booking.union(&archival).count(), Point::ALL.len());
        for reading in ["search-service", "booking-mgmt-service", "notification-service"] {
            assert!(names(points_of(reading)).iter().eq(["consumer-after-handle", "consumer-before-handle"]));
        }
        let relays = ["relay-after-mark", "relay-after-publish", "relay-after-read"];
        assert!(names(points_of("hotel-service")).iter().eq(relays));
        let (booking, archival) = (names(faults_of("booking-service")), names(faults_of("archival-service")));
        assert!(booking.contains("check-then-act") && archival.contains("purge-by-status-only"));
        assert_eq!(booking.union(&archival).count(), Fault::ALL.len());
    }
}
