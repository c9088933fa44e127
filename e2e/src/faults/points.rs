//! Where services were told to die, how often, and how often they died there.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::schedule::CrashPoint;

/// Of one point of one service; its copies together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) service: String,
    pub(crate) point: String,
    /// A process was started so that it dies there.
    pub(crate) armed: u64,
    /// And it did; else it was killed where it was.
    pub(crate) died: u64,
}

/// Of all points of a run, also of those at which nobody was told to die.
#[derive(Debug)]
pub(crate) struct Points(Mutex<Vec<Tally>>);

impl Points {
    pub(crate) fn of(points: &[CrashPoint]) -> Self {
        let unarmed = |CrashPoint { service, name }: &CrashPoint| Tally {
            service: (*service).to_owned(),
            point: name.clone(),
            armed: 0,
            died: 0,
        };
        Self(Mutex::new(points.iter().map(unarmed).collect()))
    }

    /// A process of the service was told to die there, and it did or did not.
    pub(crate) fn count(&self, service: &str, point: &str, died: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = all.iter_mut().find(|one| one.service == service && one.point == point) {
            one.armed += 1;
            one.died += u64::from(died);
        }
    }

    pub(crate) fn all(&self) -> Vec<Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_says_how_often_it_was_armed_and_how_often_it_killed() {
        let point = |name: &str| CrashPoint { service: "booking-service", name: name.to_owned() };
        let points = Points::of(&[point("after-load"), point("after-write")]);
        points.count("booking-service", "after-load", true);
        points.count("booking-service", "after-load", false);
        let counted: Vec<(u64, u64)> = points.all().iter().map(|one| (one.armed, one.died)).collect();
        assert_eq!(counted, [(2, 1), (0, 0)], "also the one at which nobody was told to die");
    }
}
