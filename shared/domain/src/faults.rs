//! Everything that is wrong with a request, each at its place, so that the caller hears of it at once.

use std::fmt;

use crate::invalid::Invalid;

/// Where something wrong stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// A JSON pointer into the body as a URI fragment: `#/address/line1`.
    Pointer(String),
    /// The name of a query parameter.
    Parameter(String),
}

/// One field that is refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub field: Field,
    /// Why.
    pub invalid: Invalid,
}

/// What was found wrong so far, in the order found.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{} fields are refused, the first: {}", .0.len(), .0.first().map_or("", |fault| fault.field.as_str()))]
pub struct Faults(Vec<Fault>);

impl Field {
    /// The pointer, or the parameter's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pointer(text) | Self::Parameter(text) => text,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Faults {
    /// Nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a parsed field of the body, or notes why it is refused at `pointer`.
    pub fn take<T>(&mut self, pointer: &str, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.note(pointer, invalid)).ok()
    }

    /// Takes a field that may be absent: absent is `Some(None)`, present must parse.
    pub fn take_opt<T>(&mut self, pointer: &str, parsed: Option<Result<T, Invalid>>) -> Option<Option<T>> {
        parsed.map_or(Some(None), |parsed| self.take(pointer, parsed).map(Some))
    }

    /// Takes a parsed query parameter, or notes why it is refused.
    pub fn take_parameter<T>(&mut self, name: &str, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.note_parameter(name, invalid)).ok()
    }

    /// Notes a refusal at a place in the body.
    pub fn note(&mut self, pointer: &str, invalid: Invalid) {
        self.0.push(Fault { field: Field::Pointer(pointer.to_owned()), invalid });
    }

    /// Notes a refusal of a query parameter.
    pub fn note_parameter(&mut self, name: &str, invalid: Invalid) {
        self.0.push(Fault { field: Field::Parameter(name.to_owned()), invalid });
    }

    /// Adds what was found elsewhere.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each fault, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// `value`, if nothing is wrong: a value that could not be made has left a fault behind.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Self> {
        value.filter(|_| self.is_empty()).ok_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fields_are_named_at_once() {
        let mut faults = Faults::new();
        assert_eq!(faults.take("#/a", Ok(1)), Some(1));
        assert_eq!(faults.take::<u8>("#/b", Err(Invalid::malformed("No."))), None);
        assert_eq!(faults.take_opt::<u8>("#/c", None), Some(None));
        assert_eq!(faults.take_parameter::<u8>("d", Err(Invalid::out_of_range("1 to 9."))), None);
        let faults = faults.finish(Some(1)).unwrap_err();
        let named: Vec<_> = faults.iter().map(|fault| (fault.field.as_str(), fault.invalid.code())).collect();
        assert_eq!(named, [("#/b", "malformed"), ("d", "out_of_range")]);
    }

    #[test]
    fn a_value_without_faults_is_taken() {
        assert_eq!(Faults::new().finish(Some(1)), Ok(1));
    }
}
