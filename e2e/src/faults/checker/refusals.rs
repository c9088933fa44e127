//! Nobody is told "sold out" while there was room all the time.

use super::{
    Breach, breach,
    known::Known,
    spans::{Span, Spans},
};
use crate::faults::history::{End, Micros};

const FALSE: &str = "sold out is said only when it is";

/// For each refusal there is a moment between question and answer at which one of its nights may have been too full.
pub(super) fn true_ones(known: &Known<'_>, spans: &Spans) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for asked in &known.asked {
        for (invoke, complete, end) in &asked.times {
            if !matches!(end, End::Refused { code } if code == "sold_out") {
                continue;
            }
            let full = asked.units.iter().any(|units| {
                let quantity = known.rooms.get(&units.room_id).copied().unwrap_or(0);
                let held = spans.possible.get(&(units.room_id, units.night)).map_or(&[][..], Vec::as_slice);
                most_within(held, *invoke, *complete) + u64::from(units.quantity) > u64::from(quantity)
            });
            if !full {
                let what = format!("{} was told so between {invoke} and {complete}", asked.key);
                breaches.push(breach(FALSE, what));
            }
        }
    }
    breaches
}

/// The most that may have been held at one moment between the two.
fn most_within(held: &[Span], invoke: Micros, complete: Micros) -> u64 {
    let at = |moment: Micros| -> u64 {
        held.iter().filter(|span| span.from <= moment && moment <= span.to).map(|span| span.quantity).sum()
    };
    let begins = held.iter().map(|span| span.from).filter(|from| (invoke..=complete).contains(from));
    begins.chain([invoke]).map(at).max().unwrap_or(0)
}
