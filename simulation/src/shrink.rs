//! Makes a failing case smaller: less trouble, fewer happenings, the same promise broken.

use crate::{
    case::{Case, Trouble},
    hotels::Hotels,
    planted::Planted,
    run::run,
    trace::Trace,
};

/// So many smaller cases are tried.
const MOST_RUNS: usize = 600;

/// A case as small as could be found that breaks the same promise.
pub(crate) fn shrunk(hotels: &Hotels, case: Case, planted: Option<Planted>, promise: &str) -> Case {
    let mut shrinking = Shrinking { hotels, planted, promise, best: case, runs: 0 };
    shrinking.spare();
    let mut size = shrinking.best.numbers().len() / 2;
    while size > 0 {
        size = if shrinking.leave_out(size) { size.min(shrinking.best.numbers().len()) } else { size / 2 };
    }
    shrinking.spare();
    shrinking.best
}

struct Shrinking<'a> {
    hotels: &'a Hotels,
    planted: Option<Planted>,
    promise: &'a str,
    best: Case,
    runs: usize,
}

impl Shrinking<'_> {
    /// Whether the smaller case fails alike; then it is the best.
    fn takes(&mut self, smaller: Case) -> bool {
        if self.runs >= MOST_RUNS {
            return false;
        }
        self.runs += 1;
        let ran = run(self.hotels, &smaller, self.planted, Trace::default());
        let alike = ran.breach.is_some_and(|breach| breach.promise == self.promise);
        if alike {
            self.best = smaller;
        }
        alike
    }

    fn spare(&mut self) {
        for (trouble, _) in Trouble::ALL {
            let mut smaller = self.best.clone();
            if smaller.spared.insert(trouble) {
                self.takes(smaller);
            }
        }
    }

    /// Leaves out so many at once, wherever that can be done.
    fn leave_out(&mut self, size: usize) -> bool {
        let mut any = false;
        for some in self.best.numbers().chunks(size) {
            let mut smaller = self.best.clone();
            smaller.without.extend(some);
            any |= self.takes(smaller);
        }
        any
    }
}
