//! Everything that is wrong with a body, each at its place, so that the caller hears of it at once.

use ::domain::Invalid;

/// One field that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer into the body as a URI fragment: `#/address/line1`.
    pub pointer: String,
    /// Why.
    pub invalid: Invalid,
}

/// What was found wrong so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{} fields are refused, the first: {}", .0.len(), .0.first().map_or("", |fault| fault.pointer.as_str()))]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Takes a parsed field, or notes why it is refused.
    pub fn take<T>(&mut self, pointer: &str, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.note(pointer, invalid)).ok()
    }

    /// Takes a field that may be null: null is `Some(None)`.
    pub fn take_opt<T>(&mut self, pointer: &str, parsed: Option<Result<T, Invalid>>) -> Option<Option<T>> {
        parsed.map_or(Some(None), |parsed| self.take(pointer, parsed).map(Some))
    }

    /// Notes a refusal.
    pub fn note(&mut self, pointer: &str, invalid: Invalid) {
        self.0.push(Fault { pointer: pointer.to_owned(), invalid });
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each fault, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}
