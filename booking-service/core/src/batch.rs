//! Many works decided one after the other, as one plan: each on what the ones before it left.

mod shares;
mod turn;

use std::collections::BTreeSet;

use domain::BookingId;

use self::{shares::shares, turn::Turn};
use crate::{
    night::RoomNight,
    plan::Plan,
    planted::{self, Mistake},
    snapshot::Snapshot,
    work::{Claim, Deciding, Need, Outcome, Work},
};

/// Decides the works in their order and leaves the snapshot as it is once the plan was written. One outcome per work.
///
/// Any cut of a list of works into batches makes the same world as one by one, if those that are [`Outcome::Again`] are
/// decided before later ones. For that
/// * a booking is changed once: the plan's guards name one version of it. The second change waits;
/// * what says no because of a remembered hotel or room, or moves rooms that were not read, waits for them to be read. What is
///   left of a night behind a work of the same batch is not known before that is written: somebody else may give back in
///   between, and a no must have been true at some moment;
/// * who shares anything with a work that waits, waits behind it. Of rooms it is nights that works share: two stays that do not
///   meet are nothing to each other.
pub fn batch<'a>(
    snapshot: &mut Snapshot,
    works: impl IntoIterator<Item = &'a Work>,
    by: &Deciding<'_>,
) -> (Vec<Outcome>, Plan) {
    let mut batch = Batch::default();
    let outcomes = works.into_iter().map(|work| batch.take(snapshot, work, by)).collect();
    (outcomes, batch.plan)
}

#[derive(Default)]
struct Batch {
    plan: Plan,
    changed: BTreeSet<BookingId>,
    waited_for: BTreeSet<Claim>,
    /// Of which a work of this batch has taken: others may have given back since they were read, so what is left of them is
    /// only known once this is written.
    taken: BTreeSet<RoomNight>,
}

impl Batch {
    fn take(&mut self, snapshot: &mut Snapshot, work: &Work, by: &Deciding<'_>) -> Outcome {
        let turn = if self.waits(snapshot, work) {
            Err(Need::Turn)
        } else {
            turn::of(snapshot, work, by, &self.taken)
        };
        match turn.and_then(|(outcome, plan)| self.first_change(outcome, plan)) {
            Ok((outcome, plan)) => {
                snapshot.advance(&plan);
                self.taken.extend(plan.nights.iter().filter(|(_, delta)| delta.taken > 0).map(|(at, _)| *at));
                self.changed.extend(plan.moves.iter().map(|step| step.booking_id));
                self.changed.extend(plan.bookings.iter().map(|new| new.record.booking_id));
                self.plan.absorb(plan);
                outcome
            }
            Err(need) => {
                let shares = shares(work, snapshot);
                let need = if need == Need::Fresh && self.took_of(&shares) { Need::Written } else { need };
                self.waited_for.extend(shares);
                Outcome::Again(need)
            }
        }
    }

    /// Whether somebody waits with whom it shares something.
    fn waits(&self, snapshot: &Snapshot, work: &Work) -> bool {
        let nobody = self.waited_for.is_empty() || planted::makes(Mistake::Overtaking);
        !nobody && !self.waited_for.is_disjoint(&shares(work, snapshot))
    }

    fn took_of(&self, shares: &BTreeSet<Claim>) -> bool {
        shares.iter().any(|claim| matches!(claim, Claim::Night(at) if self.taken.contains(at)))
    }

    fn first_change(&self, outcome: Outcome, plan: Plan) -> Turn {
        let again = plan.moves.iter().any(|step| self.changed.contains(&step.booking_id));
        if again { Err(Need::Turn) } else { Ok((outcome, plan)) }
    }
}
