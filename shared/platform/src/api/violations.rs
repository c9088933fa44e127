//! Collects everything that is wrong with a request, so that the caller hears of it at once.

use domain::Invalid;

use super::{Code, FieldError, Problem};

/// Everything found wrong so far.
#[derive(Debug, Default)]
pub struct Violations {
    errors: Vec<FieldError>,
}

impl Violations {
    /// Nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a parsed field of the body, or notes why it is refused at `pointer` (such as `#/name`).
    pub fn take<T>(&mut self, pointer: &str, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.note(pointer, &invalid)).ok()
    }

    /// Takes a parsed query parameter, or notes why it is refused.
    pub fn take_parameter<T>(&mut self, name: &str, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.note_parameter(name, &invalid)).ok()
    }

    /// Takes an optional field: absent is fine (`Some(None)`), present must parse.
    pub fn take_opt<T>(&mut self, pointer: &str, parsed: Option<Result<T, Invalid>>) -> Option<Option<T>> {
        match parsed {
            None => Some(None),
            Some(parsed) => self.take(pointer, parsed).map(Some),
        }
    }

    /// Notes a refusal at a place in the body.
    pub fn note(&mut self, pointer: &str, invalid: &Invalid) {
        self.push(FieldError::pointer(pointer, invalid.code(), invalid.says().to_owned()));
    }

    /// Notes a refusal of a query parameter.
    pub fn note_parameter(&mut self, name: &str, invalid: &Invalid) {
        self.push(FieldError::parameter(name, invalid.code(), invalid.says().to_owned()));
    }

    /// Notes an entry made by hand.
    pub fn push(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// 422 `invalid_field` with all entries, if there is one.
    pub fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.into_problem(Code::InvalidField)) }
    }

    /// The problem of this `code` with all entries.
    #[must_use]
    pub fn into_problem(self, code: Code) -> Problem {
        Problem::new(code).errors(self.errors)
    }
}

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        violations.into_problem(Code::InvalidField)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fields_are_named_at_once() {
        let mut found = Violations::new();
        assert_eq!(found.take("#/a", Ok::<_, Invalid>(1)), Some(1));
        assert_eq!(found.take::<u8>("#/b", Err(Invalid::malformed("No."))), None);
        assert_eq!(found.take_opt::<u8>("#/c", Some(Err(Invalid::out_of_range("1 to 9.")))), None);
        let problem = found.finish().unwrap_err();
        assert_eq!(problem.code(), Code::InvalidField);
        assert_eq!(
            problem.field_errors(),
            [
                FieldError::pointer("#/b", "malformed", "No."),
                FieldError::pointer("#/c", "out_of_range", "1 to 9.")
            ]
        );
    }
}
